"""Our unanswered requests, oldest first, and their sequence numbers.

Pure: times are arguments, in seconds of one monotonic clock.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from simpost.smpp.command import RESPONSE_BIT, CommandId
from simpost.smpp.errors import RequestError
from simpost.smpp.state import BOUND_BY

if TYPE_CHECKING:
    from simpost.smpp.pdu import Pdu

ResultCallback = Callable[["Pdu | RequestError"], None]
"""Called once per request with its response, or with the error that replaces it."""

MAX_SEQUENCE: Final = 0x7FFFFFFF  # SMPP 3.4 3.2
_BIND_RESPONSES: Final = frozenset(command | RESPONSE_BIT for command in BOUND_BY)


@dataclass(slots=True)
class UnansweredRequest:
    """A request without a response yet.

    Attributes:
        on_result: called once with the response or the error.
        sent_at: when it entered the window.
        flush_count: the writer's count of flushes when the request was buffered; it has been
            written if the writer's count is higher now.
    """

    request: Pdu
    on_result: ResultCallback
    sent_at: float
    flush_count: int


class Window:
    """The requests that await a response, and those that timed out recently.

    Attributes:
        unanswered: the requests by sequence number, oldest first.
    """

    def __init__(self, max_late: int, first_sequence: int = 1) -> None:
        self.unanswered: dict[int, UnansweredRequest] = {}
        self._late: dict[int, Pdu] = {}
        self._max_late = max_late
        self._next = first_sequence

    def next_sequence(self) -> int:
        """Return a free sequence number: 1 to 0x7FFFFFFF, then 1 again."""
        sequence = self._next
        while sequence in self.unanswered or sequence in self._late:
            sequence = sequence + 1 if sequence < MAX_SEQUENCE else 1
        self._next = sequence + 1 if sequence < MAX_SEQUENCE else 1
        return sequence

    def match(self, sequence: int, command_id: int) -> UnansweredRequest | None:
        """Remove and return the request that a response answers; `None` if there is none.

        The command must match. generic_nack answers every request, and any bind response answers
        any bind: OsmoMSC answers bind_receiver with bind_transmitter_resp.
        """
        unanswered = self.unanswered.get(sequence)
        if unanswered is None or not _answers(command_id, unanswered.request):
            return None
        del self.unanswered[sequence]
        return unanswered

    def match_late(self, sequence: int, command_id: int) -> Pdu | None:
        """Remove and return the expired request that a late response answers."""
        request = self._late.get(sequence)
        if request is None or not _answers(command_id, request):
            return None
        del self._late[sequence]
        return request

    def oldest_sent_at(self) -> float | None:
        """When the oldest unanswered request was sent; `None` if there is none."""
        for unanswered in self.unanswered.values():
            return unanswered.sent_at
        return None

    def expire(self, sent_until: float) -> list[UnansweredRequest]:
        """Remove the requests sent at `sent_until` or before; `match_late` still finds them."""
        expired: list[UnansweredRequest] = []
        while self.unanswered:
            sequence, oldest = next(iter(self.unanswered.items()))
            if oldest.sent_at > sent_until:
                break
            del self.unanswered[sequence]
            expired.append(oldest)
            self._late[sequence] = oldest.request
            if len(self._late) > self._max_late:
                del self._late[next(iter(self._late))]
        return expired

    def drain(self) -> list[UnansweredRequest]:
        """Remove and return every request, oldest first; forget the late ones."""
        everything = list(self.unanswered.values())
        self.unanswered.clear()
        self._late.clear()
        return everything


def _answers(command_id: int, request: Pdu) -> bool:
    if command_id in _BIND_RESPONSES:
        return request.command_id in BOUND_BY
    return command_id == request.command_id | RESPONSE_BIT or command_id == CommandId.GENERIC_NACK


def resolve(future: asyncio.Future[Pdu], result: Pdu | RequestError) -> None:
    """Give a request's result to its future, unless the caller has cancelled it."""
    if future.done():
        return
    if isinstance(result, RequestError):
        future.set_exception(result)
    else:
        future.set_result(result)


def ignore_result(_: Pdu | RequestError) -> None:
    """For enquire_link and unbind: the session handles their responses before the callback."""
