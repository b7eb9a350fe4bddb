"""Stops of the administrator."""

from __future__ import annotations

from typing import Protocol

from simpost.domain.policy.stops import Stop, StopScope


class StopStore(Protocol):
    """Keeps one stop per scope. On PostgreSQL all nodes are notified of a change."""

    async def save_stop(self, stop: Stop) -> None:
        """Save a stop; it replaces one with the same scope."""

    async def delete_stop(self, scope: StopScope) -> bool:
        """Delete the stop of exactly this scope; `False` if there is none."""
        ...

    async def list_stops(self) -> list[Stop]:
        """All stops, oldest first."""
        ...
