"""Letters on their way to the ESME: kept until a receiver is bound, repeated until taken."""

from __future__ import annotations

from collections import OrderedDict, deque
from functools import partial
from typing import Final

from simpost.smpp import Pdu, RequestError, SessionClosed, Status
from simpost.smsc.faulty_session import FaultySession
from simpost.smsc.pending_deliver import DeliverCounts, PendingDeliver
from simpost.smsc.scheduler import Scheduler

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


class DeliverQueue:
    """One queue for all sessions of a system_id that can receive.

    Attributes:
        pending: delivers not acknowledged yet: waiting, in a window, or waiting to be repeated.
    """

    def __init__(
        self,
        counts: DeliverCounts,
        scheduler: Scheduler,
        *,
        retry_s: float,
        max_pending: int = MAX_PENDING,
    ) -> None:
        self.pending = 0
        self._counts = counts
        self._scheduler = scheduler
        self._retry_s = retry_s
        self._max_pending = max_pending
        self._queue: deque[PendingDeliver] = deque()
        self._receivers: list[FaultySession] = []
        self._unanswered: OrderedDict[int, tuple[Pdu, PendingDeliver]] = OrderedDict()
        self._to_repeat: set[int] = set()

    def post(self, deliver: PendingDeliver, delay_s: float = 0.0) -> None:
        """A deliver is due, now or later."""
        if self.pending >= self._max_pending and not self._abandon_oldest():
            self._counts.abandoned += 1
            deliver.answered(None)
            return
        self.pending += 1
        if delay_s <= 0:
            self._queue.append(deliver)
            self.pump()
        elif not self._scheduler.after(delay_s, partial(self._enqueue, deliver)):
            self._abandon(deliver)

    @property
    def has_receiver(self) -> bool:
        return bool(self._receivers)

    def open(self, receiver: FaultySession) -> None:
        self._receivers.append(receiver)
        self.pump()

    def close(self, receiver: FaultySession) -> None:
        if receiver in self._receivers:
            self._receivers.remove(receiver)

    def answered_late(self, request: Pdu, status: int) -> None:
        """An answer came after its time: what was taken after all is not brought again."""
        _, deliver = self._unanswered.pop(id(request), (None, None))
        if deliver is None or id(deliver) not in self._to_repeat or status in _TEMPORARY:
            return
        self._to_repeat.discard(id(deliver))
        self._settle(deliver, status)

    def abandon_all(self) -> None:
        """Nothing that waits will be sent."""
        while self._abandon_oldest():
            pass

    def pump(self) -> None:
        """Fill the windows of the receivers, each its share."""
        queue = self._queue
        if not queue:
            return
        if len(self._receivers) > 1:
            self._receivers.append(self._receivers.pop(0))
        for receiver in self._receivers:
            for _ in range(receiver.free_window):
                if not queue:
                    return
                self._send(receiver, queue.popleft())

    def _send(self, receiver: FaultySession, deliver: PendingDeliver) -> None:
        deliver.tries += 1
        pdu = deliver.pdu()
        try:
            receiver.send_request(pdu, partial(self._on_answer, deliver, pdu))
        except RequestError:  # it closed between two events; the next receiver gets it
            self._repeat(deliver)
            return
        tamper = deliver.tamper()
        if tamper is not None:
            receiver.wire.tamper(pdu.command_id, pdu.sequence_number, tamper)
        self._counts.sent += 1

    def _on_answer(self, deliver: PendingDeliver, pdu: Pdu, answer: Pdu | RequestError) -> None:
        if not isinstance(answer, RequestError):
            deliver.answered(answer.command_status)
            self._settle(deliver, answer.command_status)
        elif isinstance(answer, SessionClosed) and deliver.tries < MAX_TRIES:
            self._counts.repeated += 1
            self._queue.appendleft(deliver)  # for the next receiver, without a pause
            self.pump()
        else:
            deliver.answered(None)
            self._remember(pdu, deliver)
            self._repeat(deliver)

    def _settle(self, deliver: PendingDeliver, status: int) -> None:
        if status == Status.ESME_ROK:
            self.pending -= 1
            self._counts.acknowledged += 1
        elif status in _TEMPORARY:
            self._repeat(deliver)
        else:
            self.pending -= 1
            self._counts.refused += 1

    def _repeat(self, deliver: PendingDeliver) -> None:
        if deliver.tries >= MAX_TRIES:
            self._abandon(deliver)
        elif self._scheduler.after(self._retry_s, partial(self._enqueue_again, deliver)):
            self._to_repeat.add(id(deliver))
        else:
            self._abandon(deliver)

    def _enqueue(self, deliver: PendingDeliver) -> None:
        self._queue.append(deliver)
        self.pump()

    def _enqueue_again(self, deliver: PendingDeliver) -> None:
        if id(deliver) in self._to_repeat:  # else it was answered late
            self._to_repeat.discard(id(deliver))
            self._counts.repeated += 1
            self._enqueue(deliver)

    def _remember(self, pdu: Pdu, deliver: PendingDeliver) -> None:
        self._unanswered[id(pdu)] = (pdu, deliver)  # the PDU is kept, so its id stays its own
        if len(self._unanswered) > _MAX_LATE:
            self._unanswered.popitem(last=False)

    def _abandon_oldest(self) -> bool:
        if not self._queue:
            return False
        self._abandon(self._queue.popleft())
        return True

    def _abandon(self, deliver: PendingDeliver) -> None:
        self.pending -= 1
        self._counts.abandoned += 1
        deliver.answered(None)
