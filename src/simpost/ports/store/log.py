"""The log of messages."""

from __future__ import annotations

from typing import Protocol

import msgspec

from simpost.domain.messages import Category, Message
from simpost.domain.reasons import Reason
from simpost.domain.states import State
from simpost.ports.carrier import OutboundPart


class MessageFilter(msgspec.Struct, frozen=True):
    """Which messages of an account to list, newest first; none of a field means any.

    `before` is the id that the last page ended with. Times are those of acceptance; a store may
    look for them in the ids, which must carry the same time to within ten seconds. `template` is a
    name, `broadcast` an id, `reference` the caller's own string, and `carrier_message_id` exactly
    what a carrier gave to a part.
    """

    esim_tran_no: str | None = None
    iccid: str | None = None
    state: State | None = None
    reason: Reason | None = None
    category: Category | None = None
    template: str | None = None
    broadcast: bytes | None = None
    reference: str | None = None
    reference_prefix: str | None = None
    carrier_message_id: str | None = None
    from_ms: int | None = None
    to_ms: int | None = None
    before: bytes | None = None
    limit: int = 50


class FoundMessages(msgspec.Struct, frozen=True):
    """Messages of a search, without parts and attempts.

    `examined_to` is set if the search stopped before it found as many as the limit: continue with
    `before` set to it. `None` if there are no more, or as many as the limit were found.
    """

    messages: list[Message]
    examined_to: bytes | None = None


class MessageLog(Protocol):
    """Reads messages that were accepted."""

    async def find_message(self, account_id: int, message_id: bytes) -> Message | None:
        """The message with its parts, attempts and unapplied receipts."""
        ...

    async def find_sent_parts(self, account_id: int, message_id: bytes) -> list[OutboundPart]:
        """The parts of a message as they are sent, to be shown; empty before it has parts.

        Without the text of a one-time code, and of a text that cannot be opened.
        """
        ...

    async def find_owner(self, message_id: bytes) -> int | None:
        """The account of a message."""
        ...

    async def list_messages(self, account_id: int, which: MessageFilter) -> list[Message]:
        """The messages of `search_messages`, for filters that read no more than they find."""
        ...

    async def search_messages(self, account_id: int, which: MessageFilter) -> FoundMessages:
        """The newest messages that match all filters.

        Filters by eSIM, ICCID, state, reference and time read little more than they find. By a
        carrier's id alone a search walks through 200,000 parts at most, and with the others it
        examines 5,000 messages at most; then it returns what it found.
        """
        ...
