"""The doors: what the world asks of simpost over HTTP."""

from __future__ import annotations

from simpost.api.router import build
from simpost.api.shared.services import Services

__all__ = ["Services", "build"]
