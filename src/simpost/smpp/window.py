"""Our requests that wait for a response, oldest first, and the sequence numbers they hold.

Pure: time is handed in, as seconds of one monotonic clock.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from simpost.smpp.command import RESPONSE_BIT, CommandId
from simpost.smpp.state import BOUND_BY

if TYPE_CHECKING:
    from simpost.smpp.errors import RequestError
    from simpost.smpp.pdu import Pdu

RequestCallback = Callable[["Pdu | RequestError"], None]
"""Told once what became of a request: its response, or why there is none."""

MAX_SEQUENCE: Final = 0x7FFFFFFF  # SMPP 3.4 3.2
_BIND_RESPONSES: Final = frozenset(command | RESPONSE_BIT for command in BOUND_BY)


@dataclass(slots=True)
class UnansweredRequest:
    """One request on its way.

    Attributes:
        since: when it was registered.
        turn: the write turn that carries it; a later current turn means it was written.
    """

    request: Pdu
    callback: RequestCallback
    sent_at: float
    turn: int


class Window:
    """Attributes: `open` has the requests that wait, by their sequence number, oldest first."""

    def __init__(self, max_late: int, first_sequence: int = 1) -> None:
        self.unanswered: dict[int, UnansweredRequest] = {}
        self._late: dict[int, Pdu] = {}
        self._max_late = max_late
        self._next = first_sequence

    def next_sequence(self) -> int:
        """1 to 0x7FFFFFFF, then 1 again; never a number still in use."""
        sequence = self._next
        while sequence in self.unanswered or sequence in self._late:
            sequence = sequence + 1 if sequence < MAX_SEQUENCE else 1
        self._next = sequence + 1 if sequence < MAX_SEQUENCE else 1
        return sequence

    def match(self, sequence: int, command_id: int) -> UnansweredRequest | None:
        """The request this response answers, taken out; None when it answers none.

        A response of another kind answers nothing; generic_nack answers every kind, and any
        response to a bind answers a bind: OsmoMSC answers bind_receiver as bind_transmitter.
        """
        waiting = self.unanswered.get(sequence)
        if waiting is None or not _answers(command_id, waiting.request):
            return None
        del self.unanswered[sequence]
        return waiting

    def match_late(self, sequence: int, command_id: int) -> Pdu | None:
        """The request given up earlier that this response answers after all."""
        request = self._late.get(sequence)
        if request is None or not _answers(command_id, request):
            return None
        del self._late[sequence]
        return request

    def oldest_sent_at(self) -> float | None:
        """When the oldest unanswered request was registered; `None` if there is none."""
        for waiting in self.unanswered.values():
            return waiting.sent_at
        return None

    def expire(self, since: float) -> list[UnansweredRequest]:
        """Take out what was registered at `since` or before, and remember it as late."""
        given_up: list[UnansweredRequest] = []
        while self.unanswered:
            sequence, waiting = next(iter(self.unanswered.items()))
            if waiting.sent_at > since:
                break
            del self.unanswered[sequence]
            given_up.append(waiting)
            self._late[sequence] = waiting.request
            if len(self._late) > self._max_late:
                del self._late[next(iter(self._late))]
        return given_up

    def drain(self) -> list[UnansweredRequest]:
        """Take out everything, oldest first."""
        everything = list(self.unanswered.values())
        self.unanswered.clear()
        self._late.clear()
        return everything


def _answers(command_id: int, request: Pdu) -> bool:
    if command_id in _BIND_RESPONSES:
        return request.command_id in BOUND_BY
    return command_id == request.command_id | RESPONSE_BIT or command_id == CommandId.GENERIC_NACK
