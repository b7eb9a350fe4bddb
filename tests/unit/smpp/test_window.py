from typing import Any, cast

from hypothesis import given
from hypothesis import strategies as st

from simpost.smpp import EnquireLink, Pdu, SubmitSm
from simpost.smpp.window import MAX_SEQUENCE, UnansweredRequest, Window

SUBMIT_RESP, DELIVER_RESP, NACK = 0x80000004, 0x80000005, 0x80000000
NOBODY: Any = None  # the window never touches the future


def send(window: Window, since: float = 0.0, request: Pdu | None = None) -> int:
    sequence = window.next_sequence()
    window.unanswered[sequence] = UnansweredRequest(request or SubmitSm(), NOBODY, since, 0)
    return sequence


def test_sequence_numbers_start_at_one_and_wrap_after_the_last() -> None:
    window = Window(max_late=0, first_sequence=MAX_SEQUENCE)
    assert [send(window) for _ in range(3)] == [MAX_SEQUENCE, 1, 2]
    assert send(Window(max_late=0)) == 1


def test_a_number_in_use_is_skipped_also_across_the_wrap() -> None:
    window = Window(max_late=0, first_sequence=1)
    send(window)
    window._next = MAX_SEQUENCE
    assert [send(window), send(window)] == [MAX_SEQUENCE, 2]


def test_a_sequence_number_is_not_reused_while_its_response_may_still_come() -> None:
    window = Window(max_late=10)
    assert send(window) == 1
    window.expire(0.0)
    window._next = 1
    assert send(window) == 2


def test_responses_settle_in_any_order_and_once() -> None:
    window = Window(max_late=0)
    sequences = [send(window) for _ in range(3)]
    assert all(window.match(sequence, SUBMIT_RESP) for sequence in reversed(sequences))
    assert len(window.unanswered) == 0
    assert not any(window.match(sequence, SUBMIT_RESP) for sequence in sequences)


def test_a_response_of_another_kind_settles_nothing() -> None:
    window = Window(max_late=0)
    sequence = send(window)
    assert window.match(sequence, DELIVER_RESP) is None
    assert len(window.unanswered) == 1
    assert window.match(sequence, NACK) is not None


def test_expiry_takes_the_oldest_requests_and_leaves_the_younger() -> None:
    window = Window(max_late=10)
    old, older, young = send(window, 2.0), send(window, 2.0), send(window, 3.0)
    assert window.oldest_sent_at() == 2.0
    assert [w.sent_at for w in window.expire(2.5)] == [2.0, 2.0]
    assert window.oldest_sent_at() == 3.0
    assert window.match(old, SUBMIT_RESP) is None
    assert window.match_late(old, DELIVER_RESP) is None
    assert window.match_late(old, SUBMIT_RESP) == SubmitSm()
    assert window.match_late(old, SUBMIT_RESP) is None
    assert window.match_late(older, NACK) == SubmitSm()
    assert window.match_late(young, SUBMIT_RESP) is None


def test_expired_requests_are_remembered_up_to_a_limit() -> None:
    window = Window(max_late=2)
    sequences = [send(window) for _ in range(5)]
    window.expire(0.0)
    late = [window.match_late(sequence, SUBMIT_RESP) is not None for sequence in sequences]
    assert late == [False, False, False, True, True]


def test_one_pdu_sent_twice_is_two_requests() -> None:
    window = Window(max_late=10)
    again = EnquireLink()
    first, second = send(window, 0.0, again), send(window, 0.0, again)
    again.sequence_number = second
    assert len(window.expire(0.0)) == 2
    assert window.match_late(first, 0x80000015) is again


@given(st.lists(st.sampled_from(["send", "match", "expire", "drain"]), max_size=60))
def test_every_request_is_returned_exactly_once(steps: list[str]) -> None:
    window = Window(max_late=3)
    sent: list[int] = []
    back: list[UnansweredRequest] = []
    now = 0.0
    for step in steps:
        now += 1.0
        match step:
            case "send":
                sent.append(send(window, now, SubmitSm(protocol_id=len(sent))))
            case "match" if window.unanswered:
                sequence = next(iter(window.unanswered))
                settled = window.match(sequence, SUBMIT_RESP)
                assert settled is not None
                back.append(settled)
            case "expire":
                back += window.expire(now - 3)
            case "drain":
                back += window.drain()
        assert len(window.unanswered) == len(sent) - len(back)
    back += window.drain()
    numbers = [cast("SubmitSm", waiting.request).protocol_id for waiting in back]
    assert numbers == list(range(len(sent)))
