"""Letters on their way to the ESME: kept until a receiver is bound, repeated until taken."""

from __future__ import annotations

from collections import OrderedDict, deque
from functools import partial
from typing import Final

from simpost.smpp import Pdu, RequestError, SessionClosed, Status
from simpost.smsc.letters import Letter, PostCounts
from simpost.smsc.line import Line
from simpost.smsc.timetable import Timetable

MAX_PENDING: Final = 100_000
MAX_TRIES: Final = 8
_MAX_LATE: Final = 1000

_TEMPORARY: Final = frozenset(
    {
        Status.ESME_RSYSERR,
        Status.ESME_RMSGQFUL,
        Status.ESME_RTHROTTLED,
        Status.ESME_RX_T_APPN,
    }
)


class Postbox:
    """One queue for all sessions of a system_id that can receive.

    Attributes:
        pending: letters not acknowledged yet: waiting, in a window, or waiting to be repeated.
    """

    def __init__(
        self,
        counts: PostCounts,
        timetable: Timetable,
        *,
        retry_s: float,
        max_pending: int = MAX_PENDING,
    ) -> None:
        self.pending = 0
        self._counts = counts
        self._timetable = timetable
        self._retry_s = retry_s
        self._max_pending = max_pending
        self._queue: deque[Letter] = deque()
        self._receivers: list[Line] = []
        self._unanswered: OrderedDict[int, tuple[Pdu, Letter]] = OrderedDict()
        self._to_repeat: set[int] = set()

    def post(self, letter: Letter, delay_s: float = 0.0) -> None:
        """A letter is due, now or later."""
        if self.pending >= self._max_pending and not self._give_up_oldest():
            self._counts.given_up += 1
            letter.answered(None)
            return
        self.pending += 1
        if delay_s <= 0:
            self._queue.append(letter)
            self.pump()
        elif not self._timetable.after(delay_s, partial(self._enqueue, letter)):
            self._give_up(letter)

    @property
    def has_receiver(self) -> bool:
        return bool(self._receivers)

    def open(self, receiver: Line) -> None:
        self._receivers.append(receiver)
        self.pump()

    def close(self, receiver: Line) -> None:
        if receiver in self._receivers:
            self._receivers.remove(receiver)

    def answered_late(self, request: Pdu, status: int) -> None:
        """An answer came after its time: what was taken after all is not brought again."""
        _, letter = self._unanswered.pop(id(request), (None, None))
        if letter is None or id(letter) not in self._to_repeat or status in _TEMPORARY:
            return
        self._to_repeat.discard(id(letter))
        self._settle(letter, status)

    def abandon(self) -> None:
        """Nothing that waits will be sent."""
        while self._give_up_oldest():
            pass

    def pump(self) -> None:
        """Fill the windows of the receivers, each its share."""
        queue = self._queue
        if not queue:
            return
        if len(self._receivers) > 1:
            self._receivers.append(self._receivers.pop(0))
        for receiver in self._receivers:
            for _ in range(receiver.room):
                if not queue:
                    return
                self._send(receiver, queue.popleft())

    def _send(self, receiver: Line, letter: Letter) -> None:
        letter.tries += 1
        pdu = letter.pdu()
        try:
            receiver.ask(pdu, partial(self._on_answer, letter, pdu))
        except RequestError:  # it closed between two events; the next receiver gets it
            self._repeat(letter)
            return
        tamper = letter.tamper()
        if tamper is not None:
            receiver.wire.tamper(pdu.command_id, pdu.sequence_number, tamper)
        self._counts.sent += 1

    def _on_answer(self, letter: Letter, pdu: Pdu, answer: Pdu | RequestError) -> None:
        if not isinstance(answer, RequestError):
            letter.answered(answer.command_status)
            self._settle(letter, answer.command_status)
        elif isinstance(answer, SessionClosed) and letter.tries < MAX_TRIES:
            self._counts.repeated += 1
            self._queue.appendleft(letter)  # for the next receiver, without a pause
            self.pump()
        else:
            letter.answered(None)
            self._remember(pdu, letter)
            self._repeat(letter)

    def _settle(self, letter: Letter, status: int) -> None:
        if status == Status.ESME_ROK:
            self.pending -= 1
            self._counts.acknowledged += 1
        elif status in _TEMPORARY:
            self._repeat(letter)
        else:
            self.pending -= 1
            self._counts.refused += 1

    def _repeat(self, letter: Letter) -> None:
        if letter.tries >= MAX_TRIES:
            self._give_up(letter)
        elif self._timetable.after(self._retry_s, partial(self._enqueue_again, letter)):
            self._to_repeat.add(id(letter))
        else:
            self._give_up(letter)

    def _enqueue(self, letter: Letter) -> None:
        self._queue.append(letter)
        self.pump()

    def _enqueue_again(self, letter: Letter) -> None:
        if id(letter) in self._to_repeat:  # else it was answered late
            self._to_repeat.discard(id(letter))
            self._counts.repeated += 1
            self._enqueue(letter)

    def _remember(self, pdu: Pdu, letter: Letter) -> None:
        self._unanswered[id(pdu)] = (pdu, letter)  # the PDU is kept, so its id stays its own
        if len(self._unanswered) > _MAX_LATE:
            self._unanswered.popitem(last=False)

    def _give_up_oldest(self) -> bool:
        if not self._queue:
            return False
        self._give_up(self._queue.popleft())
        return True

    def _give_up(self, letter: Letter) -> None:
        self.pending -= 1
        self._counts.given_up += 1
        letter.answered(None)
