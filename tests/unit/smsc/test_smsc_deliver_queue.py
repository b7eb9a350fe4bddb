from __future__ import annotations

from collections.abc import Callable
from typing import cast

import pytest

from simpost.smpp import (
    CloseReason,
    DeliverSmResp,
    Pdu,
    RequestError,
    ResponseTimeout,
    Session,
    SessionClosed,
    Status,
    SubmitSm,
)
from simpost.smsc.accepted_submits import AcceptedSubmit
from simpost.smsc.behaviour import SubmitScript
from simpost.smsc.content import content_of
from simpost.smsc.deliver_queue import MAX_ATTEMPTS, DeliverQueue
from simpost.smsc.pending_deliver import DeliverCounts
from simpost.smsc.scheduler import Scheduler


class Receiver:
    """A session for the deliver queue; the test answers by hand."""

    def __init__(self, window: int = 2) -> None:
        self.window = window
        self.asked: list[tuple[Pdu, Callable[[Pdu | RequestError], None]]] = []
        self._open = 0

    @property
    def free_window(self) -> int:
        return self.window - self._open

    def send_request(self, pdu: Pdu, on_result: Callable[[Pdu | RequestError], None]) -> None:
        assert self.free_window > 0, "the window was not respected"
        self._open += 1
        self.asked.append((pdu, on_result))

    def answer(self, index: int, status: int = Status.ESME_ROK) -> None:
        self._end(index, DeliverSmResp(status))

    def fail(self, index: int, error: RequestError) -> None:
        self._end(index, error)

    def _end(self, index: int, end: Pdu | RequestError) -> None:
        self._open -= 1
        self.asked[index][1](end)


class HandTimetable(Scheduler):
    """A scheduler with manual time."""

    def __init__(self) -> None:
        super().__init__()
        self.due: list[tuple[float, object]] = []

    def after(self, delay_s: float, call: object) -> bool:
        self.due.append((delay_s, call))
        return True

    def pass_by(self) -> None:
        due, self.due = self.due, []
        for _, call in due:
            call()  # type: ignore[operator]


def receipt(message_id: str = "1") -> AcceptedSubmit:
    request = SubmitSm(destination_addr="66812345678")
    return AcceptedSubmit.from_submit(
        request, content_of(request), SubmitScript(), message_id, now=0.0
    )


@pytest.fixture
def counters() -> DeliverCounts:
    return DeliverCounts()


@pytest.fixture
def scheduler() -> HandTimetable:
    return HandTimetable()


@pytest.fixture
def deliver_queue(counters: DeliverCounts, scheduler: HandTimetable) -> DeliverQueue:
    return DeliverQueue(counters, scheduler, retry_s=5.0, max_pending=4)


def bind(deliver_queue: DeliverQueue, window: int = 2) -> Receiver:
    receiver = Receiver(window)
    deliver_queue.add_receiver(cast("Session", receiver), "one")
    return receiver


def test_receipts_wait_until_a_receiver_is_bound(
    deliver_queue: DeliverQueue, counters: DeliverCounts
) -> None:
    deliver_queue.add(receipt())
    assert deliver_queue.pending == 1
    receiver = bind(deliver_queue)
    receiver.answer(0)
    assert deliver_queue.pending == 0
    assert (counters.sent, counters.acknowledged) == (1, 1)


def test_no_more_receipts_leave_than_the_window_holds(deliver_queue: DeliverQueue) -> None:
    receiver = bind(deliver_queue, window=2)
    for _ in range(4):
        deliver_queue.add(receipt())
    assert len(receiver.asked) == 2
    receiver.answer(0)
    deliver_queue.fill_windows()
    assert len(receiver.asked) == 3


def test_two_receivers_share_the_receipts(deliver_queue: DeliverQueue) -> None:
    first, second = bind(deliver_queue, window=2), bind(deliver_queue, window=2)
    for _ in range(4):
        deliver_queue.add(receipt())
    assert len(first.asked) == len(second.asked) == 2


@pytest.mark.parametrize(
    "status",
    [
        Status.ESME_RSYSERR,
        Status.ESME_RMSGQFUL,
        Status.ESME_RTHROTTLED,
        Status.ESME_RX_T_APPN,
    ],
)
def test_a_temporary_error_repeats_the_receipt_later(
    deliver_queue: DeliverQueue, counters: DeliverCounts, scheduler: HandTimetable, status: Status
) -> None:
    receiver = bind(deliver_queue)
    deliver_queue.add(receipt())
    receiver.answer(0, status)
    assert len(receiver.asked) == 1
    assert [delay for delay, _ in scheduler.due] == [5.0]
    scheduler.pass_by()
    receiver.answer(1)
    assert (counters.repeated, counters.acknowledged) == (1, 1)
    assert deliver_queue.pending == 0


def test_a_receipt_without_an_answer_is_repeated(
    deliver_queue: DeliverQueue, counters: DeliverCounts, scheduler: HandTimetable
) -> None:
    receiver = bind(deliver_queue)
    deliver_queue.add(receipt())
    receiver.fail(0, ResponseTimeout(written=True))
    scheduler.pass_by()
    assert len(receiver.asked) == 2
    assert counters.repeated == 1


@pytest.mark.parametrize(
    ("status", "sent"), [(Status.ESME_ROK, 1), (Status.ESME_RX_P_APPN, 1), (Status.ESME_RSYSERR, 2)]
)
def test_a_receipt_with_a_late_response_is_repeated_only_after_a_temporary_error(
    deliver_queue: DeliverQueue, scheduler: HandTimetable, status: Status, sent: int
) -> None:
    receiver = bind(deliver_queue)
    deliver_queue.add(receipt())
    receiver.fail(0, ResponseTimeout(written=True))
    deliver_queue.on_late_response(receiver.asked[0][0], status)
    scheduler.pass_by()
    assert len(receiver.asked) == sent
    assert deliver_queue.pending == sent - 1


def test_a_response_after_the_repeat_ends_the_receipt_once(
    deliver_queue: DeliverQueue, counters: DeliverCounts, scheduler: HandTimetable
) -> None:
    receiver = bind(deliver_queue)
    deliver_queue.add(receipt())
    receiver.fail(0, ResponseTimeout(written=True))
    scheduler.pass_by()
    deliver_queue.on_late_response(receiver.asked[0][0], Status.ESME_ROK)
    receiver.answer(1)
    assert (deliver_queue.pending, counters.acknowledged) == (0, 1)


def test_a_permanent_error_ends_the_receipt(
    deliver_queue: DeliverQueue, counters: DeliverCounts, scheduler: HandTimetable
) -> None:
    receiver = bind(deliver_queue)
    deliver_queue.add(receipt())
    receiver.answer(0, Status.ESME_RX_P_APPN)
    assert scheduler.due == []
    assert (deliver_queue.pending, counters.refused) == (0, 1)


def test_a_receipt_in_the_window_of_a_lost_link_goes_to_the_next(
    deliver_queue: DeliverQueue,
) -> None:
    lost = bind(deliver_queue)
    deliver_queue.add(receipt("first"))
    deliver_queue.add(receipt("second"))
    deliver_queue.remove_receiver(cast("Session", lost))
    lost.fail(0, SessionClosed(CloseReason.CONNECTION_LOST, written=True))
    lost.fail(1, SessionClosed(CloseReason.CONNECTION_LOST, written=True))
    after = bind(deliver_queue)
    assert len(after.asked) == 2


def test_a_receipt_is_dropped_after_a_number_of_attempts(
    deliver_queue: DeliverQueue, counters: DeliverCounts, scheduler: HandTimetable
) -> None:
    receiver = bind(deliver_queue)
    deliver_queue.add(receipt())
    for index in range(MAX_ATTEMPTS):
        receiver.answer(index, Status.ESME_RX_T_APPN)
        scheduler.pass_by()
    assert len(receiver.asked) == MAX_ATTEMPTS
    assert (deliver_queue.pending, counters.abandoned) == (0, 1)


def test_the_oldest_receipt_is_dropped_beyond_the_limit(
    deliver_queue: DeliverQueue, counters: DeliverCounts
) -> None:
    for count in range(6):
        deliver_queue.add(receipt(f"id{count}"))
    assert (deliver_queue.pending, counters.abandoned) == (4, 2)
    receiver = bind(deliver_queue, window=10)
    texts = [pdu.short_message[:6] for pdu, _ in receiver.asked]  # type: ignore[attr-defined]
    assert texts == [b"id:id2", b"id:id3", b"id:id4", b"id:id5"]


def test_a_delayed_receipt_is_pending_but_not_sent(
    deliver_queue: DeliverQueue, scheduler: HandTimetable
) -> None:
    receiver = bind(deliver_queue)
    deliver_queue.add(receipt(), 3.0)
    assert (deliver_queue.pending, receiver.asked) == (1, [])
    assert [delay for delay, _ in scheduler.due] == [3.0]
    scheduler.pass_by()
    assert len(receiver.asked) == 1
