from __future__ import annotations

import random
from itertools import permutations

import pytest

from simpost.smsc.content import Content, SegmentPosition
from simpost.smsc.handsets import Handsets
from simpost.smsc.reassembly import HandsetMessage, Reassembly

NUMBER = "66812345678"


class Clock:
    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


def part(number: int, *, total: int = 3, reference: int = 7, kind: str = "udh8") -> Content:
    return Content(f"[{number}]".encode(), position=SegmentPosition(kind, reference, total, number))


def octets(message: HandsetMessage) -> bytes:
    return b"".join(part.octets if part else b"?" for part in message.parts)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def handsets(clock: Clock) -> Handsets:
    return Handsets(clock)


@pytest.mark.parametrize("order", list(permutations((1, 2, 3))))
def test_parts_join_in_any_order(handsets: Handsets, order: tuple[int, ...]) -> None:
    taken = [handsets.receive(NUMBER, "4455", part(number), f"id{number}") for number in order]
    assert taken[0] is taken[1] is taken[2]
    assert octets(taken[0]) == b"[1][2][3]"
    assert taken[0].is_complete
    assert taken[0].message_ids == [f"id{number}" for number in order]


def test_missing_parts_are_named(handsets: Handsets) -> None:
    message = handsets.receive(NUMBER, "4455", part(2), "a")
    assert not message.is_complete
    assert message.missing_parts == [1, 3]


def test_255_parts_join(handsets: Handsets) -> None:
    numbers = list(range(1, 256))
    random.Random(5).shuffle(numbers)
    for number in numbers:
        message = handsets.receive(NUMBER, "4455", part(number, total=255), "id")
    assert message.is_complete
    assert octets(message) == b"".join(f"[{n}]".encode() for n in range(1, 256))


@pytest.mark.parametrize(
    ("source", "number", "other"),
    [
        ("4456", NUMBER, part(2)),
        ("4455", "66800000000", part(2)),
        ("4455", NUMBER, part(2, reference=8)),
        ("4455", NUMBER, part(2, total=4)),
        ("4455", NUMBER, part(2, kind="udh16")),
        ("4455", NUMBER, part(2, kind="sar")),
    ],
)
def test_parts_of_different_messages_never_mix(
    handsets: Handsets, source: str, number: str, other: Content
) -> None:
    first = handsets.receive(NUMBER, "4455", part(1), "a")
    assert handsets.receive(number, source, other, "b") is not first
    assert first.missing_parts == [2, 3]


def test_a_repeated_part_changes_nothing_but_the_ids(handsets: Handsets) -> None:
    first = handsets.receive(NUMBER, "4455", part(1), "a")
    again = handsets.receive(NUMBER, "4455", part(1), "b")
    assert again is first
    assert first.missing_parts == [2, 3]
    assert first.message_ids == ["a", "b"]


def test_repeating_a_part_for_ever_does_not_grow_the_message(handsets: Handsets) -> None:
    for count in range(1000):
        message = handsets.receive(NUMBER, "4455", part(1), str(count))
    assert len(message.message_ids) <= 12
    before = handsets.octets
    handsets.receive(NUMBER, "4455", part(1), "once more")
    assert handsets.octets == before


def test_a_reference_used_again_begins_a_new_message(handsets: Handsets) -> None:
    old = handsets.receive(NUMBER, "4455", part(1), "a")
    again = Content(b"other", position=SegmentPosition("udh8", 7, 3, 1))
    new = handsets.receive(NUMBER, "4455", again, "b")
    assert new is not old
    assert handsets.receive(NUMBER, "4455", part(2), "c") is new
    assert old.missing_parts == [2, 3]


def test_a_whole_message_repeated_shows_twice(handsets: Handsets) -> None:
    for _ in range(2):
        for number in (1, 2, 3):
            handsets.receive(NUMBER, "4455", part(number), "id")
    handset = handsets.find(NUMBER)
    assert handset is not None
    assert [octets(message) for message in handset.texts] == [b"[1][2][3]"] * 2


def test_a_part_that_comes_too_late_begins_again(handsets: Handsets, clock: Clock) -> None:
    first = handsets.receive(NUMBER, "4455", part(1), "a")
    clock.now += 300
    assert handsets.receive(NUMBER, "4455", part(2), "b") is first
    clock.now += 0.5
    late = handsets.receive(NUMBER, "4455", part(3), "c")
    assert late is not first
    assert first.missing_parts == [3]


def test_expired_messages_leave_the_reassembly(clock: Clock) -> None:
    reassembly = Reassembly(expiry_s=10)
    handsets = Handsets(clock, reassembly=reassembly)
    for reference in range(50):
        handsets.receive(NUMBER, "4455", part(1, reference=reference), "a")
    assert len(reassembly) == 50
    clock.now += 11
    handsets.receive(NUMBER, "4455", part(1, reference=99), "a")
    assert len(reassembly) == 1


def test_the_reassembly_holds_no_more_than_its_bound(clock: Clock) -> None:
    reassembly = Reassembly(max_open=10)
    handsets = Handsets(clock, reassembly=reassembly)
    first = handsets.receive(NUMBER, "4455", part(1, reference=0), "a")
    for reference in range(1, 30):
        handsets.receive(NUMBER, "4455", part(1, reference=reference), "a")
    assert len(reassembly) == 10
    assert handsets.receive(NUMBER, "4455", part(2, reference=0), "b") is not first


def test_a_whole_message_is_forgotten_by_the_reassembly(clock: Clock) -> None:
    reassembly = Reassembly()
    handsets = Handsets(clock, reassembly=reassembly)
    for number in (3, 1, 2):
        handsets.receive(NUMBER, "4455", part(number), "a")
    assert len(reassembly) == 0
