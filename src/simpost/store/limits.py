"""How much is kept of what comes in, whatever the store."""

from __future__ import annotations

MOST_OF_AN_ESIM = 1_000
MOST_OF_NO_ESIM = 10_000
"""Kept for an account, or for nobody, where no eSIM is known."""
MOST_ASSEMBLIES = 100_000
