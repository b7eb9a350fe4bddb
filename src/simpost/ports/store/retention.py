"""Deletion after the retention time, in bounded steps: repeat a call while it deletes rows."""

from __future__ import annotations

from typing import Protocol


class Retention(Protocol):
    """Deletes old rows. Every function returns the number of deleted rows."""

    async def purge(self, *, now_ms: int, limit: int) -> int:
        """Delete expired request ids and parked receipts."""
        ...

    async def delete_messages(self, *, before_ms: int, limit: int) -> int:
        """Delete messages accepted before that time, with their parts, attempts and receipts.

        A message with a queued part stays. PostgreSQL stores messages by the week: it drops whole
        weeks, and counts those.
        """
        ...

    async def delete_inbound(self, *, before_ms: int, limit: int) -> int:
        """Delete inbound messages and ambiguous receipts received before that time.

        An inbound message with missing parts stays until its assembly ends. One that was forwarded
        stays as long as the forwarded message has a queued part.
        """
        ...

    async def delete_refusals(self, *, before_ms: int, limit: int) -> int:
        """Delete refusals before that time."""
        ...

    async def redact_messages(
        self, account_id: int, category: str, *, before_ms: int, now_ms: int, limit: int
    ) -> int:
        """Erase the texts of messages of a category accepted before that time; the records stay.

        Returns how many messages were looked at: fewer than `limit` when none is left. The text of
        a message that is still to be sent is erased after that.
        """
        ...

    async def redact_inbound(
        self, account_id: int, *, before_ms: int, now_ms: int, limit: int
    ) -> int:
        """The same for the texts and octets of inbound messages."""
        ...

    async def redact_words(
        self, account_id: int, *, before_ms: int, now_ms: int, limit: int
    ) -> int:
        """The same for words of preference changes and flags, and for notes of conversations."""
        ...
