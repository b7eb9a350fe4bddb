from __future__ import annotations

import random

from simpost.smsc.content import Content, SegmentPosition
from simpost.smsc.handsets import Handset, Handsets
from simpost.smsc.reassembly import Reassembly


def now() -> float:
    return 1_000.0


def numbers(handsets: Handsets, limit: int = 100) -> list[str]:
    return [handset.number for handset in handsets.newest(limit)]


def found(handsets: Handsets, number: str) -> Handset:
    handset = handsets.find(number)
    assert handset is not None
    return handset


def test_the_latest_active_handset_comes_first() -> None:
    handsets = Handsets(now)
    for number in ("1", "2", "3", "1"):
        handsets.receive(number, "s", Content(b"x"), "id")
    assert numbers(handsets) == ["1", "3", "2"]
    assert numbers(handsets, 2) == ["1", "3"]


def test_the_least_recently_used_handset_is_dropped_beyond_the_limit() -> None:
    handsets = Handsets(now, max_handsets=3)
    for number in ("1", "2", "3", "1", "4"):
        handsets.receive(number, "s", Content(b"x"), "id")
    assert numbers(handsets) == ["4", "1", "3"]


def test_a_handset_keeps_its_last_texts_and_counts_all() -> None:
    handsets = Handsets(now, max_texts=3)
    for count in range(10):
        handsets.receive("1", "s", Content(str(count).encode()), "id")
    handset = found(handsets, "1")
    assert [message.parts[0] for message in handset.texts] == [
        Content(b"7"),
        Content(b"8"),
        Content(b"9"),
    ]
    assert handset.received == 10


def test_texts_in_all_handsets_stay_within_the_octets_allowed() -> None:
    handsets = Handsets(now, max_octets=50_000)
    for number in range(100):
        handsets.receive(str(number), "s", Content(b"x" * 4_000), "id")
    assert 0 < handsets.octets <= 50_000
    assert numbers(handsets)[0] == "99"
    assert 0 < len(handsets) < 15


def test_the_octet_count_is_zero_once_everything_is_dropped() -> None:
    """A count that drifts would one day drop every handset, or none."""
    handsets = Handsets(
        now, max_handsets=5, max_texts=4, max_octets=20_000, reassembly=Reassembly(max_open=7)
    )
    rng = random.Random(11)
    for _ in range(5_000):
        total = rng.choice((1, 1, 2, 3))
        position = (
            SegmentPosition("udh8", rng.randrange(6), total, rng.randint(1, total))
            if total > 1
            else None
        )
        content = Content(b"x" * rng.randrange(300), position=position)
        handsets.receive(str(rng.randrange(9)), "s", content, "id")
        assert handsets.octets >= 0
    handsets.clear()
    assert handsets.octets == 0
    assert len(handsets) == 0


def test_a_part_of_a_dropped_message_begins_a_new_one_on_the_handset() -> None:
    handsets = Handsets(now, max_handsets=1)
    lost = handsets.receive(
        "1", "s", Content(b"a", position=SegmentPosition("udh8", 1, 2, 1)), "id"
    )
    handsets.receive("2", "s", Content(b"x"), "id")
    late = handsets.receive(
        "1", "s", Content(b"b", position=SegmentPosition("udh8", 1, 2, 2)), "id"
    )
    assert late is not lost
    assert found(handsets, "1").texts == [late]


def test_old_texts_and_handsets_without_texts_expire() -> None:
    clock = iter((1.0, 2.0, 3.0, 4.0))
    handsets = Handsets(lambda: next(clock))
    for number in ("1", "1", "2", "3"):
        handsets.receive(number, "s", Content(b"x"), "id")
    assert handsets.expire(2.0, kept=()) == [1]
    assert handsets.expire(4.0, kept={"2"}) == [2, 3]
    assert numbers(handsets) == ["3", "2"]
    assert found(handsets, "2").texts == []
    handsets.remove_texts("3", {4})
    assert handsets.octets == 0
