"""How long things are stored. Each verb does a bounded step; call it again for the rest."""

from __future__ import annotations

from typing import Protocol


class Retention(Protocol):
    """Deletes what is past its time. Every verb returns how many it deleted."""

    async def purge(self, *, now_ms: int, limit: int) -> int:
        """Delete request ids and parked receipts that are past their time."""
        ...

    async def delete_messages(self, *, before_ms: int, limit: int) -> int:
        """Delete messages accepted before that time, with their parts, attempts and receipts.

        A message with a queued part stays. PostgreSQL stores messages by the week: it drops whole
        weeks, and counts those.
        """
        ...

    async def delete_inbound(self, *, before_ms: int, limit: int) -> int:
        """Delete inbound messages of before that time, and ambiguous receipts of then.

        A message that still waits for parts stays, as does one that is carried on by a message with
        a queued part.
        """
        ...

    async def delete_refusals(self, *, before_ms: int, limit: int) -> int:
        """Delete refusals of before that time."""
        ...
