"""Limits of both stores: how much they keep, and for how long."""

from __future__ import annotations

from typing import Final

DAY_MS: Final = 86_400_000
REQUESTS_KEPT_MS: Final = DAY_MS
PARKED_KEPT_MS: Final = 2 * DAY_MS
MOST_OF_AN_ESIM: Final = 1_000
MOST_OF_NO_ESIM: Final = 10_000
"""Inbound messages of an account, or of no account, where no eSIM is known."""
MOST_ASSEMBLIES: Final = 100_000
MOST_PARKED: Final = 100_000
"""Parked receipts; the oldest of more are deleted."""
MOST_WAITING: Final = 10_000
"""Jobs that wait for a commit; a further one is refused at once instead of kept waiting."""
