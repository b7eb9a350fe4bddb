"""Events of eSIMs: any order and repetition leaves the same facts, and no transition twice."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from simpost.domain.lifecycle import (
    EsimFacts,
    EventKind,
    LifecycleEvent,
    Transition,
)
from simpost.domain.lifecycle_application import apply, expiry_due_ms, expiry_event

NOW_MS = 1_767_225_600_000
HOUR_MS, DAY_MS = 3_600_000, 86_400_000
NOTHING = EsimFacts()
NOT_OF_ORDER = ("used_noticed", "expiry_noticed_ms")
"""What was noticed depends on the order in which it became known."""


def event(kind, at_ms=NOW_MS, **fields):
    return LifecycleEvent("test", EventKind(kind), at_ms, **fields)


def run(*events, facts=NOTHING):
    """The facts after the events, and all transitions by name."""
    made = []
    for each in events:
        applied = apply(facts, each)
        facts = applied.facts
        made += [(change.transition, change.occurrence) for change in applied.changes]
    return facts, made


def names(made):
    return [str(transition) for transition, _ in made]


times = st.integers(0, 20).map(lambda hour: NOW_MS + hour * HOUR_MS)
any_event = st.builds(
    LifecycleEvent,
    source=st.sampled_from(["esimgo", "esimfly"]),
    kind=st.sampled_from(sorted(set(EventKind) - {EventKind.STATUS_CHANGED})),
    at_ms=times,
    country=st.sampled_from(["", "FR", "JP"]),
    plan=st.sampled_from(["", "A"]),
    used_percent=st.none() | st.sampled_from([0, 49, 50, 79, 80, 100]),
    total_octets=st.none() | st.just(1000),
    remaining_octets=st.none() | st.sampled_from([0, 200, 500]),
    expires_ms=st.none() | st.sampled_from([NOW_MS + DAY_MS, NOW_MS + 9 * DAY_MS]),
)


@given(st.lists(any_event, max_size=8), st.data())
def test_any_order_and_repetition_leaves_the_same_facts(events, data):
    shuffled = data.draw(st.permutations(events * 2))
    one, _ = run(*events)
    other, _ = run(*shuffled)
    same = dict.fromkeys(NOT_OF_ORDER, 0)
    assert replace(one, **same) == replace(other, **same)


@given(st.lists(any_event, max_size=8), st.data())
def test_no_order_and_no_repetition_makes_a_transition_twice(events, data):
    _, made = run(*data.draw(st.permutations(events * 3)))
    assert not [each for each, count in Counter(made).items() if count > 1]


def test_two_expiries_told_in_one_second_are_two_occurrences():
    later_ms = NOW_MS + 9 * DAY_MS
    _, made = run(event("plan_expiring"), event("plan_expiring", expires_ms=later_ms))
    assert [occurrence for _, occurrence in made] == [
        str((NOW_MS + DAY_MS) // 1000),
        str(later_ms // 1000),
    ]


def test_an_install_from_two_sources_is_one_transition():
    facts, made = run(event("installed"), event("installed", NOW_MS + 3_000))
    assert names(made) == ["installed"]
    assert facts.installed_ms == NOW_MS


def test_an_enabled_profile_was_installed():
    _, made = run(event("enabled", NOW_MS + 5_000), event("installed"))
    assert names(made) == ["installed", "enabled"]


def test_the_first_attachment_shows_that_the_profile_is_enabled():
    facts, made = run(event("attached_first"))
    assert facts.profile == "ENABLED"
    assert names(made) == ["installed", "enabled", "attached"]


def test_a_late_event_changes_no_state():
    facts, _ = run(event("disabled", NOW_MS + HOUR_MS))
    applied = apply(facts, event("enabled"))
    assert applied.is_late
    assert (applied.facts.profile, applied.changes) == ("DISABLED", ())


def test_a_profile_may_be_disabled_and_enabled_again_and_again():
    _, made = run(*(event(("enabled", "disabled")[i % 2], NOW_MS + i * 1000) for i in range(4)))
    assert names(made) == ["installed", "enabled", "disabled", "enabled", "disabled"]


def test_a_country_that_is_reported_daily_changes_once():
    days = [event("country_changed", NOW_MS + i * DAY_MS, country="FR") for i in range(3)]
    facts, made = run(*days, event("country_changed", NOW_MS + 3 * DAY_MS, country="JP"))
    assert names(made) == ["country_changed", "country_changed"]
    assert (facts.country, facts.country_at_ms) == ("JP", NOW_MS + 3 * DAY_MS)


@pytest.mark.parametrize(
    ("percents", "reached"),
    [
        ((10, 50, 80, 100), [50, 80, 100]),
        ((10, 95), [80]),
        ((81, 75, 82), [80]),
        ((90, 10, 55), [80, 50]),
    ],
)
def test_each_threshold_is_reached_once_until_a_top_up(percents, reached):
    reports = [
        event("usage_threshold", NOW_MS + i * HOUR_MS, used_percent=each)
        for i, each in enumerate(percents)
    ]
    _, made = run(*reports)
    assert names(made) == [f"data_used_{each}" for each in reached]


def test_usage_in_octets_is_a_percentage():
    facts, made = run(event("usage_threshold", total_octets=1000, remaining_octets=199))
    assert (facts.used_percent, names(made)) == (80, ["data_used_80"])


def test_a_depleted_plan_is_used_up():
    facts, made = run(event("depleted"))
    assert (facts.status, facts.used_percent, names(made)) == ("USED_UP", 100, ["data_used_100"])


def test_an_expiry_is_noticed_once_and_again_after_an_extension():
    first = event("plan_expiring", expires_ms=NOW_MS + DAY_MS)
    again = event("plan_expiring", NOW_MS + HOUR_MS)
    longer = event("plan_expiring", NOW_MS + 7 * DAY_MS, expires_ms=NOW_MS + 8 * DAY_MS)
    _, made = run(first, again, longer)
    assert names(made) == ["expires_tomorrow", "expires_tomorrow"]


def test_a_plan_that_expired_twice_within_a_day_expired_once():
    facts, made = run(event("plan_expired"), event("plan_expired", NOW_MS + HOUR_MS))
    assert (facts.status, names(made)) == ("USED_EXPIRED", ["expired"])


def test_a_deleted_profile_is_welcomed_by_nothing_late():
    _, made = run(event("deleted", NOW_MS + HOUR_MS), event("attached_first"))
    assert names(made) == ["deleted"]


def test_a_test_and_a_failed_message_change_nothing():
    assert run(event("test"), event("message_failed"), event("status_changed")) == (NOTHING, [])


def test_every_transition_has_an_event_that_makes_it():
    reports = [
        *(event("usage_threshold", NOW_MS + i, used_percent=each) for i, each in
          enumerate((50, 80, 100))),
        event("plan_expiring"),
        *(event(kind, NOW_MS + i * 1000, country="FR") for i, kind in enumerate(EventKind)),
    ]  # fmt: skip
    _, made = run(*reports)
    assert set(names(made)) == set(Transition)


@pytest.mark.parametrize(
    ("before_h", "kinds"),
    [(30, []), (24, ["plan_expiring"]), (1, ["plan_expiring"]), (0, ["plan_expired"])],
)
def test_the_clock_notices_an_expiry_once(before_h, kinds):
    end_ms = NOW_MS + 9 * DAY_MS
    facts, _ = run(event("usage_started", expires_ms=end_ms))
    now_ms = end_ms - before_h * HOUR_MS
    noticed = expiry_event(facts, "e", now_ms)
    assert [str(noticed.kind)] == kinds if kinds else noticed is None
    if noticed:
        facts, made = run(noticed, facts=facts)
        assert names(made) == ["expired" if before_h == 0 else "expires_tomorrow"]
        assert expiry_event(facts, "e", now_ms) is None
        assert expiry_due_ms(facts) == (None if before_h == 0 else end_ms)


def test_the_clock_says_nothing_of_the_order_or_after_the_supplier():
    end_ms = NOW_MS + DAY_MS
    facts, _ = run(event("usage_started", expires_ms=end_ms))
    over, made = run(expiry_event(facts, "e", end_ms), facts=facts)
    assert (over.status, names(made)) == ("IN_USE", ["expired"])
    reported, _ = run(event("plan_expired", end_ms), facts=facts)
    assert expiry_event(reported, "e", end_ms) is None
