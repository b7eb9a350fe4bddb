"""The event log: what happened to an account's messages, in the order it became visible."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

import msgspec


class Event(msgspec.Struct, frozen=True, gc=False):
    """A fact that never changes.

    Attributes:
        sequence: its place among the account's events; a higher one means later and nothing else.
        type: what happened to what, such as `message.delivered`.
        subject: the id of the object that changed, as the API writes it.
        data: details; never a text, a phone number or a secret. Of a message that is not deleted
            it has the category and the eSIM.
    """

    sequence: int
    type: str
    subject: str
    at_ms: int
    data: Mapping[str, Any]


class EventPage(msgspec.Struct, frozen=True):
    """Events in order.

    Attributes:
        deleted_to: the highest sequence number that is no longer kept, 0 when all are.
        last_sequence: the highest sequence number that was ever given, 0 before the first.
    """

    events: tuple[Event, ...] = ()
    deleted_to: int = 0
    last_sequence: int = 0


class EventLog(Protocol):
    """Reads and deletes events.

    No verb adds one. Where a message's state is written, its event is written in the same
    transaction, if its account keeps events (`Account.events`).
    """

    async def events_after(self, account_id: int, after: int | None, *, limit: int) -> EventPage:
        """The events behind a sequence number; from the oldest that is kept if it is `None`.

        Once a sequence number was visible no lower one appears. Behind a number below `deleted_to`
        events are missing: the caller has to check.
        """
        ...

    async def assign_sequence(self, *, limit: int) -> int:
        """Make events visible that were committed without a sequence number; returns how many.

        Fewer than `limit` means that none are left; a batch that was committed together is not
        split, so it may be more. `events_after` does it too. An embedded store numbers them in
        their own transaction.
        """
        ...

    async def delete_events_before(self, time_ms: int, *, limit: int) -> int:
        """Delete the oldest events of one account that occurred before that time.

        Returns the number of deleted events; 0 when no account has such events.
        """
        ...
