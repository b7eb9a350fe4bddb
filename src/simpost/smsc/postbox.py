"""The receipts on their way to the ESME: kept until a receiver is bound, repeated until taken."""

from __future__ import annotations

import asyncio
from collections import deque
from functools import partial
from typing import Final

from simpost.smpp import Pdu, RequestError, Session, SessionClosed, Status
from simpost.smsc.counters import Counters
from simpost.smsc.ledger import Taken
from simpost.smsc.timetable import Timetable

MAX_PENDING: Final = 100_000
MAX_TRIES: Final = 8

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
        pending: receipts not acknowledged yet: waiting, in a window, or waiting to be repeated.
    """

    def __init__(
        self,
        counters: Counters,
        timetable: Timetable,
        *,
        retry_s: float,
        max_pending: int = MAX_PENDING,
    ) -> None:
        self.pending = 0
        self._counters = counters
        self._timetable = timetable
        self._retry_s = retry_s
        self._max_pending = max_pending
        self._queue: deque[Taken] = deque()
        self._receivers: list[Session] = []

    def post(self, taken: Taken, delay_s: float = 0.0) -> None:
        """A receipt is due, now or later."""
        if self.pending >= self._max_pending and not self._give_up_oldest():
            self._counters.receipts_given_up += 1
            return
        self.pending += 1
        if delay_s <= 0:
            self._queue.append(taken)
            self.pump()
        elif not self._timetable.after(delay_s, partial(self._enqueue, taken)):
            self._give_up()

    def open(self, receiver: Session) -> None:
        self._receivers.append(receiver)
        self.pump()

    def close(self, receiver: Session) -> None:
        if receiver in self._receivers:
            self._receivers.remove(receiver)

    def pump(self) -> None:
        """Fill the windows of the receivers, each its share."""
        queue = self._queue
        if len(self._receivers) > 1:
            self._receivers.append(self._receivers.pop(0))
        for receiver in self._receivers:
            for _ in range(receiver.room):
                if not queue:
                    return
                self._send(receiver, queue.popleft())

    def _send(self, receiver: Session, taken: Taken) -> None:
        taken.tries += 1
        try:
            answer = receiver.request(taken.receipt())
        except RequestError:  # it closed between two events; the next receiver gets it
            self._repeat(taken)
            return
        self._counters.receipts_sent += 1
        answer.add_done_callback(partial(self._on_answer, taken))

    def _on_answer(self, taken: Taken, answer: asyncio.Future[Pdu]) -> None:
        failure = None if answer.cancelled() else answer.exception()
        if isinstance(failure, SessionClosed) and taken.tries < MAX_TRIES:
            self._counters.receipts_repeated += 1
            self._queue.appendleft(taken)  # for the next receiver, without a pause
            self.pump()
        elif answer.cancelled() or failure:
            self._repeat(taken)
        elif (status := answer.result().command_status) == Status.ESME_ROK:
            self.pending -= 1
            self._counters.receipts_acknowledged += 1
        elif status in _TEMPORARY:
            self._repeat(taken)
        else:
            self.pending -= 1
            self._counters.receipts_refused += 1

    def _repeat(self, taken: Taken) -> None:
        if taken.tries >= MAX_TRIES:
            self._give_up()
        elif self._timetable.after(self._retry_s, partial(self._enqueue, taken)):
            self._counters.receipts_repeated += 1
        else:
            self._give_up()

    def _enqueue(self, taken: Taken) -> None:
        self._queue.append(taken)
        self.pump()

    def _give_up_oldest(self) -> bool:
        if not self._queue:
            return False
        self._queue.popleft()
        self._give_up()
        return True

    def _give_up(self) -> None:
        self.pending -= 1
        self._counters.receipts_given_up += 1
