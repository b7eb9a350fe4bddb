"""Rules that pause a broadcast, and the sentences that explain its status."""

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from simpost.domain.broadcast_rules import pause_rule, slide
from simpost.domain.broadcast_sentences import reachable, sentence
from simpost.domain.broadcasts import Audience, Broadcast, BroadcastStatus, PauseReason, Recent
from simpost.domain.messages import Category

NOW_MS = 1_767_225_600_000
ONE = Broadcast(
    account_id=1,
    id=b"",
    name="Works",
    template="works",
    category=Category.NOTICE,
    values={},
    audience=Audience(),
    per_s=10,
    start_ms=NOW_MS,
    not_after_ms=NOW_MS + 7_200_000,
    created_ms=NOW_MS,
    stop_percent=50,
    stop_failed_percent=20,
    stop_opted_out_percent=2,
    most_parts=1000,
    most_cost=255_000,
    is_noted=True,
    total=100,
    accepted=40,
    held=5,
)


def broadcast(**fields):
    return msgspec.structs.replace(ONE, **fields)


@pytest.mark.parametrize(
    ("recent", "rule"),
    [
        ({}, None),
        ({"decided": 49, "refused": 49}, None),
        ({"decided": 50, "refused": 25}, None),
        ({"decided": 50, "refused": 26}, PauseReason.REFUSED_SHARE),
        ({"reported": 49, "failed": 49}, None),
        ({"reported": 100, "failed": 20}, None),
        ({"reported": 100, "failed": 21}, PauseReason.FAILED_SHARE),
        ({"accepted": 49, "opted_out": 10}, None),
        ({"accepted": 1000, "opted_out": 20}, None),
        ({"accepted": 1000, "opted_out": 21}, PauseReason.OPTED_OUT_SHARE),
        ({"parts": 999}, None),
        ({"parts": 1000}, PauseReason.PARTS_LIMIT),
        ({"cost": 254_999}, None),
        ({"cost": 255_000}, PauseReason.COST_LIMIT),
    ],
)
def test_a_share_above_its_limit_pauses(recent, rule):
    assert pause_rule(broadcast(recent=Recent(**recent))) is rule


def test_no_limit_pauses_nothing():
    worst = Recent(100, 100, 100, 100, 100, 100, 10**9, 10**12)
    free = broadcast(
        recent=worst,
        stop_percent=None,
        stop_failed_percent=None,
        stop_opted_out_percent=None,
        most_parts=None,
        most_cost=None,
    )
    assert pause_rule(free) is None


@example([(1, True), *[(100, True)] * 4])
@given(st.lists(st.tuples(st.integers(0, 100), st.booleans()), max_size=60))
def test_what_slides_stays_bounded_and_a_share(steps):
    seen = bad = 0
    for count, is_bad in steps:
        seen, bad = slide(seen, bad, count, count if is_bad else 0)
        assert 0 <= bad <= seen <= 400
    if all(is_bad for _, is_bad in steps):
        assert bad == seen


def test_trouble_after_a_million_good_ones_is_seen_at_once():
    seen, bad = 0, 0
    for _ in range(20_000):
        seen, bad = slide(seen, bad, 50, 0)
    steps = 0
    while 100 * bad <= 50 * seen:
        seen, bad = slide(seen, bad, 50, 50)
        steps += 1
    assert steps <= 8


def test_how_many_can_begin_in_the_time():
    assert reachable(10, NOW_MS, NOW_MS + 7_200_000) == 72_000
    assert reachable(0.5, NOW_MS, NOW_MS + 3_000) == 1
    assert reachable(10, NOW_MS, NOW_MS - 1) == 0


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        (
            {"status": "preparing", "actor": "Ana"},
            (
                "Recipients are being noted: 100 so far. Nothing is sent yet. "
                "Ana was the last to begin or change it."
            ),
        ),
        (
            {"status": "scheduled"},
            (
                "It waits for its start at 2026-01-01T00:00:00Z. 55 of 100 eSIMs remain. "
                "5 are held, and decided again later."
            ),
        ),
        (
            {"status": "sending", "per_s": 0.005, "held": 0},
            (
                "It is sending. 60 of 100 eSIMs remain. "
                "At 0.005 a second it does not reach 24 of them until 2026-01-01T02:00:00Z."
            ),
        ),
        ({"status": "finished"}, "Every eSIM was decided."),
        (
            {"status": "cancelled", "actor": "Ana", "cancelled": 20},
            "It was cancelled by Ana. 60 eSIMs get nothing.",
        ),
        (
            {"status": "expired"},
            "Its time was over at 2026-01-01T02:00:00Z. 60 eSIMs get nothing.",
        ),
        (
            {"status": "paused", "changed_ms": NOW_MS, "actor": "Ana", "held": 0},
            (
                "It was paused by Ana. 60 of 100 eSIMs remain. Resume sends to these only, "
                "until 2026-01-01T02:00:00Z: nobody gets it twice."
            ),
        ),
        (
            {"status": "paused", "held": 0, "is_noted": False},
            (
                "It was paused. 60 of 100 eSIMs remain. Resume goes on noting recipients, "
                "and sends until 2026-01-01T02:00:00Z: nobody gets it twice."
            ),
        ),
        (
            {"status": "paused", "held": 0, "pause_reason": PauseReason.FAILED_SHARE}
            | {"recent": Recent(reported=100, failed=30), "changed_ms": NOW_MS},
            (
                "It paused itself: 30 of the latest 100 messages that carriers reported failed, "
                "more than 20 %. 60 of 100 eSIMs remain. Resume sends to these only, until "
                "2026-01-01T02:00:00Z: nobody gets it twice. What rules count begins again."
            ),
        ),
    ],
)
def test_a_sentence_says_who_why_and_what_comes(fields, text):
    fields = fields | {"status": BroadcastStatus(fields["status"])}
    assert sentence(broadcast(**fields), NOW_MS) == text


@pytest.mark.parametrize("reason", PauseReason)
def test_every_reason_to_pause_has_a_sentence(reason):
    one = broadcast(status=BroadcastStatus.PAUSED, pause_reason=reason, changed_ms=NOW_MS)
    text = sentence(one, NOW_MS)
    assert text.startswith("It was paused. " if reason == "person" else "It paused itself: ")
    assert "esume" in text


def test_the_sentence_of_a_cost_limit_has_cost_units():
    paused = broadcast(
        status=BroadcastStatus.PAUSED,
        pause_reason=PauseReason.COST_LIMIT,
        recent=Recent(cost=255_450),
    )
    expected = "It paused itself: its parts cost 25.5450 cost units, and may cost 25.5000. "
    assert sentence(paused, NOW_MS).startswith(expected)


def test_a_sentence_about_one_esim_is_in_the_singular():
    one = broadcast(status=BroadcastStatus.SENDING, total=1, accepted=0, held=0)
    assert "1 of 1 eSIM remains." in sentence(one, NOW_MS)
    held = broadcast(status=BroadcastStatus.SENDING, total=2, accepted=1, held=1)
    assert "0 of 2 eSIMs remain. 1 is held, and" in sentence(held, NOW_MS)
    cancelled = broadcast(status=BroadcastStatus.CANCELLED, total=2, accepted=1, held=0)
    assert sentence(cancelled, NOW_MS).endswith("1 eSIM gets nothing.")
