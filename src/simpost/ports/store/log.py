"""The log of messages."""

from __future__ import annotations

from typing import Protocol

import msgspec

from simpost.domain.messages import Message
from simpost.domain.states import State


class MessageFilter(msgspec.Struct, frozen=True):
    """Which messages of an account to list, newest first; none of a field means any.

    `before` is the id that the last page ended with. Times are those of acceptance; a store may
    look for them in the ids, which must carry the same time to within ten seconds.
    """

    esim_tran_no: str | None = None
    iccid: str | None = None
    state: State | None = None
    from_ms: int | None = None
    to_ms: int | None = None
    before: bytes | None = None
    limit: int = 50


class MessageLog(Protocol):
    """Reads messages that were accepted."""

    async def find_message(self, account_id: int, message_id: bytes) -> Message | None:
        """The message with its parts, attempts and unapplied receipts."""
        ...

    async def find_owner(self, message_id: bytes) -> int | None:
        """The account of a message."""
        ...

    async def list_messages(self, account_id: int, which: MessageFilter) -> list[Message]:
        """Without parts and attempts."""
        ...
