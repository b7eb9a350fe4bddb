"""Open hours: when messages of a category may arrive, in the local time of the recipient.

A country can have several time zones. Without a better location an hour counts as quiet if it is
quiet in any of them, so open hours are the intersection over the zones.

Times are milliseconds since 1970-01-01 UTC; intervals contain their start and not their end.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from functools import reduce
from typing import Final, NamedTuple, TypeAlias

import msgspec

DAY_MINUTES: Final = 1_440
LOOK_AHEAD_DAYS: Final = 15
"""The longest search for an open hour: two weeks of holidays and a day for the time zones."""

IsHoliday: TypeAlias = Callable[[date], bool]
"""Whether a local date is a public holiday of the country."""


class OpenWindow(msgspec.Struct, frozen=True):
    """One open period of a day in local time.

    Attributes:
        start, end: minutes since local midnight, 0 to 1440. A window whose end is not after its
            start continues to the next day.
        days: weekdays on which it starts; 0 is Monday.
        holidays: whether it also opens on public holidays.
    """

    start: int
    end: int
    days: frozenset[int] = frozenset(range(7))
    holidays: bool = True


class Interval(NamedTuple):
    """A period in which messages may arrive."""

    start_ms: int
    end_ms: int


def no_holidays(_: date) -> bool:
    """A calendar without public holidays."""
    return False


class Schedule(NamedTuple):
    """Open windows in all the zones of a country. There is at least one zone."""

    windows: Sequence[OpenWindow]
    zones: Sequence[tzinfo]
    is_holiday: IsHoliday = no_holidays


def next_common_interval(now_ms: int, schedules: Sequence[Schedule]) -> Interval | None:
    """The interval that contains the time, or the next one, in which all schedules are open.

    `None` when there is none within LOOK_AHEAD_DAYS.
    """
    each_zone = [
        _intervals(now_ms, schedule.windows, zone, schedule.is_holiday)
        for schedule in schedules
        for zone in schedule.zones
    ]
    common = reduce(_intersection, each_zone)
    return next((interval for interval in common if interval.end_ms > now_ms), None)


def _intervals(
    now_ms: int, windows: Sequence[OpenWindow], zone: tzinfo, is_holiday: IsHoliday
) -> list[Interval]:
    """Open intervals of one zone in their order, neighbours joined."""
    today = datetime.fromtimestamp(now_ms / 1000, UTC).astimezone(zone).date()
    found: list[Interval] = []
    # Yesterday's windows may continue into today.
    for offset in range(-1, LOOK_AHEAD_DAYS + 1):
        found += _intervals_of_day(today + timedelta(days=offset), windows, zone, is_holiday)
    return list(_joined(sorted(found)))


def _intervals_of_day(
    day: date, windows: Sequence[OpenWindow], zone: tzinfo, is_holiday: IsHoliday
) -> Iterator[Interval]:
    closed = is_holiday(day)
    for window in windows:
        if day.weekday() not in window.days or (closed and not window.holidays):
            continue
        is_next_day = window.end <= window.start
        end = window.end + DAY_MINUTES if is_next_day else window.end
        # Where the clocks change between two readings of a local time, the shorter window counts.
        start_ms = max(_readings(day, window.start, zone))
        end_ms = min(_readings(day, end, zone))
        if start_ms < end_ms:
            yield Interval(start_ms, end_ms)


def _readings(day: date, minutes: int, zone: tzinfo) -> tuple[int, int]:
    """The times that a local time can mean; they differ where it is skipped or repeated."""
    local = datetime.combine(day, time(), zone) + timedelta(minutes=minutes)
    return _to_ms(local.replace(fold=0)), _to_ms(local.replace(fold=1))


def _to_ms(local: datetime) -> int:
    return int(local.timestamp()) * 1000


def _joined(intervals: Sequence[Interval]) -> Iterator[Interval]:
    """Sorted intervals with those that touch or overlap made one."""
    if not intervals:
        return
    start_ms, end_ms = intervals[0]
    for each in intervals[1:]:
        if each.start_ms > end_ms:
            yield Interval(start_ms, end_ms)
            start_ms, end_ms = each
        else:
            end_ms = max(end_ms, each.end_ms)
    yield Interval(start_ms, end_ms)


def _intersection(some: Sequence[Interval], others: Sequence[Interval]) -> list[Interval]:
    """What two sorted lists of intervals have in common."""
    common: list[Interval] = []
    i = j = 0
    while i < len(some) and j < len(others):
        start_ms = max(some[i].start_ms, others[j].start_ms)
        end_ms = min(some[i].end_ms, others[j].end_ms)
        if start_ms < end_ms:
            common.append(Interval(start_ms, end_ms))
        if some[i].end_ms < others[j].end_ms:
            i += 1
        else:
            j += 1
    return common
