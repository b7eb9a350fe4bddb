"""Queued messages that another carrier may take over."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import msgspec

from simpost.domain.options import Options


class QueuedMessage(msgspec.Struct, frozen=True, gc=False):
    """A message whose parts wait for a carrier, with what another carrier must know of it.

    Attributes:
        sender: what it was to be sent with, by the carrier it waits for.
        parts: all slices of the text, as they were cut.
        may_move: nothing of it has left or is in doubt, and no lane holds a part of it.
        priority, due_ms: of its first part; with the ids its place in the queue.
    """

    account_id: int
    message_id: bytes
    esim_tran_no: str
    destination: str
    sender: str
    category: str
    text: str
    encoding: str
    options: Options
    parts: tuple[str, ...]
    may_move: bool
    priority: int
    due_ms: int
    expires_ms: int


class Reroute(msgspec.Struct, frozen=True, gc=False):
    """A message is to go by another carrier, and with the sender that is allowed there.

    Attributes:
        options: those it gets there; none when they stay.
    """

    account_id: int
    message_id: bytes
    carrier: str
    sender: str
    options: Options | None = None


class RoutingStore(Protocol):
    """Counts and lists what is queued for a carrier, and moves it to another."""

    async def count_queued(self, carrier: str) -> int:
        """The number of queued parts of the carrier."""
        ...

    async def carriers_with_backlog(self) -> list[str]:
        """Names of carriers with queued parts, whether or not they are configured."""
        ...

    async def queued_messages(
        self, carrier: str, *, after: QueuedMessage | None, limit: int
    ) -> list[QueuedMessage]:
        """Messages whose first part is queued for the carrier, in the order of their claims."""
        ...

    async def reroute(self, moves: Sequence[Reroute], *, now_ms: int) -> int:
        """Move messages to another carrier, all parts or none. Returns the number of messages.

        A message with a part that was sent, is in doubt, is leased or has ended is not moved.
        """
        ...
