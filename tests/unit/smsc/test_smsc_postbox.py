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
from simpost.smsc.behaviour import Fate
from simpost.smsc.content import content_of
from simpost.smsc.ledger import Taken, taken_of
from simpost.smsc.letters import PostCounts
from simpost.smsc.postbox import MAX_TRIES, Postbox
from simpost.smsc.timetable import Timetable


class Receiver:
    """A session as the postbox sees it; the test answers by hand."""

    def __init__(self, window: int = 2) -> None:
        self.window = window
        self.asked: list[tuple[Pdu, Callable[[Pdu | RequestError], None]]] = []
        self._open = 0

    @property
    def room(self) -> int:
        return self.window - self._open

    def ask(self, pdu: Pdu, ended: Callable[[Pdu | RequestError], None]) -> None:
        assert self.room > 0, "the window was not respected"
        self._open += 1
        self.asked.append((pdu, ended))

    def answer(self, index: int, status: int = Status.ESME_ROK) -> None:
        self._end(index, DeliverSmResp(status))

    def fail(self, index: int, error: RequestError) -> None:
        self._end(index, error)

    def _end(self, index: int, end: Pdu | RequestError) -> None:
        self._open -= 1
        self.asked[index][1](end)


class HandTimetable(Timetable):
    """Time passes when the test says so."""

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


def receipt(message_id: str = "1") -> Taken:
    request = SubmitSm(destination_addr="66812345678")
    return taken_of(request, content_of(request), Fate(), message_id, now=0.0)


@pytest.fixture
def counters() -> PostCounts:
    return PostCounts()


@pytest.fixture
def timetable() -> HandTimetable:
    return HandTimetable()


@pytest.fixture
def postbox(counters: PostCounts, timetable: HandTimetable) -> Postbox:
    return Postbox(counters, timetable, retry_s=5.0, max_pending=4)


def bind(postbox: Postbox, window: int = 2) -> Receiver:
    receiver = Receiver(window)
    postbox.open(cast("Session", receiver))
    return receiver


def test_receipts_wait_until_a_receiver_is_bound(postbox: Postbox, counters: PostCounts) -> None:
    postbox.post(receipt())
    assert postbox.pending == 1
    receiver = bind(postbox)
    receiver.answer(0)
    assert postbox.pending == 0
    assert (counters.sent, counters.acknowledged) == (1, 1)


def test_no_more_receipts_leave_than_the_window_holds(postbox: Postbox) -> None:
    receiver = bind(postbox, window=2)
    for _ in range(4):
        postbox.post(receipt())
    assert len(receiver.asked) == 2
    receiver.answer(0)
    postbox.pump()
    assert len(receiver.asked) == 3


def test_two_receivers_share_the_receipts(postbox: Postbox) -> None:
    first, second = bind(postbox, window=2), bind(postbox, window=2)
    for _ in range(4):
        postbox.post(receipt())
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
    postbox: Postbox, counters: PostCounts, timetable: HandTimetable, status: Status
) -> None:
    receiver = bind(postbox)
    postbox.post(receipt())
    receiver.answer(0, status)
    assert len(receiver.asked) == 1
    assert [delay for delay, _ in timetable.due] == [5.0]
    timetable.pass_by()
    receiver.answer(1)
    assert (counters.repeated, counters.acknowledged) == (1, 1)
    assert postbox.pending == 0


def test_a_receipt_without_an_answer_is_repeated(
    postbox: Postbox, counters: PostCounts, timetable: HandTimetable
) -> None:
    receiver = bind(postbox)
    postbox.post(receipt())
    receiver.fail(0, ResponseTimeout(written=True))
    timetable.pass_by()
    assert len(receiver.asked) == 2
    assert counters.repeated == 1


@pytest.mark.parametrize(
    ("status", "sent"), [(Status.ESME_ROK, 1), (Status.ESME_RX_P_APPN, 1), (Status.ESME_RSYSERR, 2)]
)
def test_a_receipt_answered_late_is_not_repeated_unless_for_now(
    postbox: Postbox, timetable: HandTimetable, status: Status, sent: int
) -> None:
    receiver = bind(postbox)
    postbox.post(receipt())
    receiver.fail(0, ResponseTimeout(written=True))
    postbox.answered_late(receiver.asked[0][0], status)
    timetable.pass_by()
    assert len(receiver.asked) == sent
    assert postbox.pending == sent - 1


def test_an_answer_later_than_the_repeat_ends_nothing_twice(
    postbox: Postbox, counters: PostCounts, timetable: HandTimetable
) -> None:
    receiver = bind(postbox)
    postbox.post(receipt())
    receiver.fail(0, ResponseTimeout(written=True))
    timetable.pass_by()
    postbox.answered_late(receiver.asked[0][0], Status.ESME_ROK)
    receiver.answer(1)
    assert (postbox.pending, counters.acknowledged) == (0, 1)


def test_a_permanent_error_ends_the_receipt(
    postbox: Postbox, counters: PostCounts, timetable: HandTimetable
) -> None:
    receiver = bind(postbox)
    postbox.post(receipt())
    receiver.answer(0, Status.ESME_RX_P_APPN)
    assert timetable.due == []
    assert (postbox.pending, counters.refused) == (0, 1)


def test_a_receipt_in_the_window_of_a_lost_link_goes_to_the_next(postbox: Postbox) -> None:
    lost = bind(postbox)
    postbox.post(receipt("first"))
    postbox.post(receipt("second"))
    postbox.close(cast("Session", lost))
    lost.fail(0, SessionClosed(CloseReason.CONNECTION_LOST, written=True))
    lost.fail(1, SessionClosed(CloseReason.CONNECTION_LOST, written=True))
    after = bind(postbox)
    assert len(after.asked) == 2


def test_a_receipt_is_given_up_after_so_many_tries(
    postbox: Postbox, counters: PostCounts, timetable: HandTimetable
) -> None:
    receiver = bind(postbox)
    postbox.post(receipt())
    for index in range(MAX_TRIES):
        receiver.answer(index, Status.ESME_RX_T_APPN)
        timetable.pass_by()
    assert len(receiver.asked) == MAX_TRIES
    assert (postbox.pending, counters.given_up) == (0, 1)


def test_the_oldest_receipt_makes_room_for_one_too_many(
    postbox: Postbox, counters: PostCounts
) -> None:
    for count in range(6):
        postbox.post(receipt(f"id{count}"))
    assert (postbox.pending, counters.given_up) == (4, 2)
    receiver = bind(postbox, window=10)
    texts = [pdu.short_message[:6] for pdu, _ in receiver.asked]  # type: ignore[attr-defined]
    assert texts == [b"id:id2", b"id:id3", b"id:id4", b"id:id5"]


def test_a_delayed_receipt_is_pending_but_not_sent(
    postbox: Postbox, timetable: HandTimetable
) -> None:
    receiver = bind(postbox)
    postbox.post(receipt(), 3.0)
    assert (postbox.pending, receiver.asked) == (1, [])
    assert [delay for delay, _ in timetable.due] == [3.0]
    timetable.pass_by()
    assert len(receiver.asked) == 1
