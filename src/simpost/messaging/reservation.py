"""Places of a message in a lane, from its decision until its commit is known."""

from __future__ import annotations

from types import TracebackType
from typing import Protocol, Self

from simpost.ports.carrier import OutboundPart
from simpost.ports.store import NewMessage


class ReservingLane(Protocol):
    """The methods of a lane that a reservation calls."""

    def take(self, message: NewMessage, reference: int) -> None:
        """Dispatch the parts of a committed message that has places here."""
        ...

    def wake(self, priority: int) -> None:
        """Parts are queued in the store, the most urgent of them with this priority."""
        ...

    def release(self, message_id: bytes, count: int, *, is_uncertain: bool) -> None:
        """Free the places. With `is_uncertain` the message may have been committed."""
        ...


class Reservation:
    """Succeeds by `confirm` inside its `with` block; leaving the block without it fails.

    After an exception the message may have been committed: the lane then compares its leases with
    those in the store. `lease_ms` is the end of the lease of the parts; `None` when the lane had no
    place, so that the parts are queued in the store.
    """

    __slots__ = ("_count", "_is_open", "_lane", "_message_id", "lease_ms")

    def __init__(
        self, lane: ReservingLane, message_id: bytes, count: int, lease_ms: int | None
    ) -> None:
        self.lease_ms = lease_ms
        self._lane = lane
        self._message_id = message_id
        self._count = count
        self._is_open = True

    def confirm(self, message: NewMessage, reference: int) -> None:
        """The message is committed, with this concatenation reference: dispatch it."""
        self._is_open = False
        if self.lease_ms is None:
            self._lane.wake(message.priority)
        else:
            self._lane.take(message, reference)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        error_type: type[BaseException] | None,
        _error: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        if self._is_open and self.lease_ms is not None:
            self._is_open = False
            is_uncertain = error_type is not None
            self._lane.release(self._message_id, self._count, is_uncertain=is_uncertain)


def first_attempts(message: NewMessage, reference: int) -> list[OutboundPart]:
    """The first attempt of each part of a committed message."""
    attempts, total = [], len(message.parts)
    for number, text in enumerate(message.parts, start=1):
        part = OutboundPart(
            message.account_id,
            message.id,
            number,
            total,
            text,
            message.encoding,
            reference,
            message.destination,
            message.sender,
            message.category,
            message.priority,
            message.created_ms,
            message.expires_ms,
            attempt=1,
            repeat=False,
            options=message.options,
        )
        attempts.append(part)
    return attempts
