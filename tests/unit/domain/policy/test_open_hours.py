"""Open hours, checked against a clock that is read minute by minute."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simpost.domain.policy.open_hours import (
    DAY_MINUTES,
    Interval,
    OpenWindow,
    Schedule,
    next_common_interval,
)

MINUTE_MS = 60_000
EIGHT_TO_TWENTY = OpenWindow(8 * 60, 20 * 60)
ZONES = [
    "Europe/Paris",
    "Asia/Kolkata",
    "Asia/Kathmandu",
    "Pacific/Apia",
    "Pacific/Kiritimati",
    "America/New_York",
    "America/Sao_Paulo",
    "Australia/Lord_Howe",
    "Africa/Casablanca",
]


def at(text, zone="UTC"):
    return int(datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).timestamp() * 1000)


def found(now, windows=(EIGHT_TO_TWENTY,), zones=("Europe/Paris",), **options):
    schedule = Schedule(windows, [ZoneInfo(zone) for zone in zones], **options)
    return next_common_interval(at(now), [schedule])


def test_inside_a_window_the_interval_is_the_current_one():
    assert found("2026-01-15T12:00") == (
        at("2026-01-15T08:00", "Europe/Paris"),
        at("2026-01-15T20:00", "Europe/Paris"),
    )


@pytest.mark.parametrize(
    ("now", "opens"),
    [
        ("2026-01-15T19:00", "2026-01-16T08:00"),  # 20:00 in Paris: the end is not part of it
        ("2026-01-15T23:30", "2026-01-16T08:00"),  # after midnight in Paris
        ("2026-01-16T06:59", "2026-01-16T08:00"),
        ("2026-07-15T18:00", "2026-07-16T08:00"),  # summer time
    ],
)
def test_outside_the_next_window_is_returned(now, opens):
    assert found(now).start_ms == at(opens, "Europe/Paris")


def test_a_window_over_midnight_continues_to_the_next_day():
    night = OpenWindow(22 * 60, 2 * 60, days=frozenset({4}))  # Friday
    inside = found("2026-01-17T00:30", [night])  # Saturday, 01:30 in Paris
    assert inside == (
        at("2026-01-16T22:00", "Europe/Paris"),
        at("2026-01-17T02:00", "Europe/Paris"),
    )


def test_all_day_windows_join_over_midnight_without_a_gap():
    all_day = OpenWindow(0, DAY_MINUTES)
    interval = found("2026-01-15T12:00", [all_day])
    assert interval.start_ms < at("2026-01-14T12:00")
    assert interval.end_ms > at("2026-01-28T12:00")


def test_quiet_in_one_zone_is_quiet_in_the_country():
    """08:00 in Honolulu is 13:00 in New York in winter; 20:00 in New York is 15:00 there."""
    usa = ("America/New_York", "America/Chicago", "America/Los_Angeles", "Pacific/Honolulu")
    assert found("2026-01-15T12:00", zones=usa) == (
        at("2026-01-15T13:00", "America/New_York"),
        at("2026-01-15T20:00", "America/New_York"),
    )


def test_zones_on_both_sides_of_the_date_line_have_their_own_weekday():
    """Monday 08:00 to 20:00 on Kiritimati (+14) and in Honolulu (-10) never meet."""
    monday = OpenWindow(8 * 60, 20 * 60, days=frozenset({0}))
    both = ("Pacific/Kiritimati", "Pacific/Honolulu")
    assert found("2026-01-15T12:00", [monday], zones=both) is None
    daily = found("2026-01-15T12:00", zones=both)
    assert daily == (
        at("2026-01-15T08:00", "Pacific/Honolulu"),
        at("2026-01-15T20:00", "Pacific/Honolulu"),
    )


def test_a_public_holiday_closes_only_windows_that_say_so():
    strict = OpenWindow(8 * 60, 20 * 60, holidays=False)
    holidays = {date(2026, 5, 1)}
    options = {"is_holiday": holidays.__contains__}
    assert found("2026-05-01T10:00", [strict], **options).start_ms == at(
        "2026-05-02T08:00", "Europe/Paris"
    )
    assert found("2026-05-01T10:00", **options).start_ms == at("2026-05-01T08:00", "Europe/Paris")


def test_a_calendar_that_never_opens_is_told_from_one_that_opens_later():
    assert found("2026-05-01T10:00", [OpenWindow(480, 1200, days=frozenset())]) is None


@pytest.mark.parametrize(
    ("day", "window", "opens", "closes"),
    [
        # 29 March 2026: the clocks of Paris skip 02:00 to 03:00.
        ("2026-03-29", (60, 240), "2026-03-29T00:00", "2026-03-29T02:00"),
        # 25 October 2026: they repeat 02:00 to 03:00; only the second pass opens, the first closes.
        ("2026-10-25", (150, 240), "2026-10-25T01:30", "2026-10-25T03:00"),
        ("2026-10-25", (60, 150), "2026-10-24T23:00", "2026-10-25T00:30"),
    ],
)
def test_when_the_clocks_change_the_shorter_window_counts(day, window, opens, closes):
    interval = found(f"{day}T00:00", [OpenWindow(*window)])
    assert interval == (at(opens), at(closes))


def is_open(minute_ms, windows, zone):
    """The oracle: what the local clock shows at this minute, looked up in the windows."""
    local = datetime.fromtimestamp(minute_ms / 1000, UTC).astimezone(zone)
    minute = local.hour * 60 + local.minute
    today, yesterday = local.weekday(), (local - timedelta(days=1)).weekday()
    for window in windows:
        crosses = window.end <= window.start
        if today in window.days and window.start <= minute and (crosses or minute < window.end):
            return True
        if crosses and yesterday in window.days and minute < window.end:
            return True
    return False


minutes = st.integers(0, DAY_MINUTES - 1)
windows_of_days = st.builds(
    OpenWindow, start=minutes, end=minutes, days=st.frozensets(st.integers(0, 6), min_size=1)
)


@given(
    windows=st.lists(windows_of_days, min_size=1, max_size=3),
    zones=st.lists(st.sampled_from(ZONES), min_size=1, max_size=3, unique=True),
    now_minutes=st.integers(
        at("2026-01-01T00:00") // MINUTE_MS, at("2027-12-31T00:00") // MINUTE_MS
    ),
)
def test_it_is_never_open_where_a_local_clock_says_quiet(windows, zones, now_minutes):
    now_ms = now_minutes * MINUTE_MS
    known = [ZoneInfo(zone) for zone in zones]
    interval = next_common_interval(now_ms, [Schedule(windows, known)]) or Interval(
        now_ms + 14 * DAY_MINUTES * MINUTE_MS, 0
    )
    step_ms = 7 * MINUTE_MS
    end_ms = min(interval.end_ms, now_ms + 14 * DAY_MINUTES * MINUTE_MS)
    for minute_ms in range(max(now_ms, interval.start_ms), end_ms, step_ms):
        assert all(is_open(minute_ms, windows, zone) for zone in known)
    for minute_ms in range(now_ms, interval.start_ms, step_ms):
        if all(is_open(minute_ms, windows, zone) for zone in known):
            assert any(_changes_within_a_day(minute_ms, zone) for zone in known)


def _changes_within_a_day(time_ms, zone):
    """Whether the clocks change about then: a shorter window counts."""
    offsets = {
        datetime.fromtimestamp(time_ms / 1000 + hours * 3600, UTC).astimezone(zone).utcoffset()
        for hours in range(-24, 25)
    }
    return len(offsets) > 1
