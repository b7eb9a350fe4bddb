"""Queue of deliver_sm: kept until a receiver is bound, repeated until acknowledged."""

from __future__ import annotations

from collections import OrderedDict, deque
from functools import partial
from typing import Final

from simpost.smpp import Pdu, RequestError, SessionClosed, Status
from simpost.smsc.faulty_session import FaultySession
from simpost.smsc.pending_deliver import DeliverCounts, PendingDeliver
from simpost.smsc.scheduler import Scheduler

MAX_PENDING: Final = 100_000
MAX_ATTEMPTS: Final = 8
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
    """A queue for the sessions of each system_id that can receive, and one for any session.

    Attributes:
        pending: delivers without a final response: queued, sent, or due for a repeat.
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
        self._queues: dict[str, deque[PendingDeliver]] = {}  # by system_id; none is empty
        self._receivers: list[tuple[FaultySession, str]] = []
        self._unanswered: OrderedDict[int, tuple[Pdu, PendingDeliver]] = OrderedDict()
        self._to_repeat: set[int] = set()

    def add(self, deliver: PendingDeliver, delay_s: float = 0.0) -> None:
        """Queue a deliver now or after a delay. When full, the oldest one is abandoned."""
        if self.pending >= self._max_pending and not self._abandon_oldest():
            self._counts.abandoned += 1
            deliver.on_response(None)
            return
        self.pending += 1
        if delay_s <= 0:
            self._enqueue(deliver)
        elif not self._scheduler.after(delay_s, partial(self._enqueue, deliver)):
            self._abandon(deliver)

    def has_receiver(self, system_id: str = "") -> bool:
        """Whether a session that can receive is bound: of a system_id, or any."""
        return any(system_id in ("", name) for _, name in self._receivers)

    def add_receiver(self, receiver: FaultySession, system_id: str) -> None:
        """Start to send through a session."""
        self._receivers.append((receiver, system_id))
        self.fill_windows()

    def remove_receiver(self, receiver: FaultySession) -> None:
        """Send no more through a session; unknown sessions are ignored."""
        self._receivers = [each for each in self._receivers if each[0] is not receiver]

    def on_late_response(self, request: Pdu, status: int) -> None:
        """Apply a response that came after its timeout, so that the deliver is not repeated."""
        _, deliver = self._unanswered.pop(id(request), (None, None))
        if deliver is None or id(deliver) not in self._to_repeat or status in _TEMPORARY:
            return
        self._to_repeat.discard(id(deliver))
        self._apply_status(deliver, status)

    def abandon_all(self) -> None:
        """Drop everything that is queued."""
        while self._abandon_oldest():
            pass

    def fill_windows(self) -> None:
        """Send queued delivers while a receiver has room; a different one is first each time."""
        if not self._queues:
            return
        if len(self._receivers) > 1:
            self._receivers.append(self._receivers.pop(0))
        for receiver, system_id in self._receivers:
            for _ in range(receiver.free_window):
                deliver = self._take(system_id) or self._take("")
                if deliver is None:
                    break
                self._send(receiver, deliver)

    def _take(self, system_id: str) -> PendingDeliver | None:
        """The oldest deliver of a queue, removed from it."""
        queue = self._queues.get(system_id)
        if queue is None:
            return None
        deliver = queue.popleft()
        if not queue:
            del self._queues[system_id]
        return deliver

    def _send(self, receiver: FaultySession, deliver: PendingDeliver) -> None:
        deliver.attempts += 1
        pdu = deliver.build_pdu()
        try:
            receiver.send_request(pdu, partial(self._on_response, deliver, pdu))
        except RequestError:  # it closed between two events; repeat through another receiver
            self._repeat(deliver)
            return
        octet_fault = deliver.octet_fault()
        if octet_fault is not None:
            receiver.wire.alter_next(pdu.command_id, pdu.sequence_number, octet_fault)
        self._counts.sent += 1

    def _on_response(self, deliver: PendingDeliver, pdu: Pdu, response: Pdu | RequestError) -> None:
        if not isinstance(response, RequestError):
            deliver.on_response(response.command_status)
            self._apply_status(deliver, response.command_status)
        elif isinstance(response, SessionClosed) and deliver.attempts < MAX_ATTEMPTS:
            self._counts.repeated += 1
            self._queue_of(deliver).appendleft(deliver)  # the next receiver gets it at once
            self.fill_windows()
        else:
            deliver.on_response(None)
            self._note_unanswered(pdu, deliver)
            self._repeat(deliver)

    def _apply_status(self, deliver: PendingDeliver, status: int) -> None:
        if status == Status.ESME_ROK:
            self.pending -= 1
            self._counts.acknowledged += 1
        elif status in _TEMPORARY:
            self._repeat(deliver)
        else:
            self.pending -= 1
            self._counts.refused += 1

    def _repeat(self, deliver: PendingDeliver) -> None:
        if deliver.attempts >= MAX_ATTEMPTS:
            self._abandon(deliver)
        elif self._scheduler.after(self._retry_s, partial(self._enqueue_repeat, deliver)):
            self._to_repeat.add(id(deliver))
        else:
            self._abandon(deliver)

    def _queue_of(self, deliver: PendingDeliver) -> deque[PendingDeliver]:
        return self._queues.setdefault(deliver.system_id, deque())

    def _enqueue(self, deliver: PendingDeliver) -> None:
        self._queue_of(deliver).append(deliver)
        self.fill_windows()

    def _enqueue_repeat(self, deliver: PendingDeliver) -> None:
        if id(deliver) in self._to_repeat:  # otherwise a late response ended it
            self._to_repeat.discard(id(deliver))
            self._counts.repeated += 1
            self._enqueue(deliver)

    def _note_unanswered(self, pdu: Pdu, deliver: PendingDeliver) -> None:
        self._unanswered[id(pdu)] = (
            pdu,
            deliver,
        )  # the PDU is kept, so that its id() is not reused
        if len(self._unanswered) > _MAX_LATE:
            self._unanswered.popitem(last=False)

    def _abandon_oldest(self) -> bool:
        """Drop the oldest of the queue that has not been empty for longest."""
        deliver = self._take(next(iter(self._queues), ""))
        if deliver is None:
            return False
        self._abandon(deliver)
        return True

    def _abandon(self, deliver: PendingDeliver) -> None:
        self.pending -= 1
        self._counts.abandoned += 1
        deliver.on_response(None)
