"""Open hours by country and category, from the settings, and when the next ones begin."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from datetime import date
from itertools import chain
from typing import Final, NamedTuple, TypeAlias

from simpost.config.policy import OpenHoursSettings, PolicySettings, builtin_open_hours
from simpost.domain.esims import Esim
from simpost.domain.messages import Category
from simpost.domain.policy.open_hours import (
    Interval,
    IsHoliday,
    OpenWindow,
    Schedule,
    next_common_interval,
)
from simpost.domain.policy.window_text import parse_windows
from simpost.messaging.policy.places import countries_of, zones_of

_MOST_INTERVALS: Final = 1024
_DAY_MS: Final = 86_400_000
_Windows: TypeAlias = tuple[OpenWindow, ...]
_Key: TypeAlias = tuple[tuple[str, ...], str, int]
"""Countries; own hours of the traveller, else the category; the day of the time, since 1970.

With the day, questions about a later one, as previews ask them, do not evict the answer of today.
"""


class _Found(NamedTuple):
    """What was found for a time; it is right from then to the end of the interval."""

    asked_ms: int
    interval: Interval


class OpenHours:
    """The table of open hours. Remembers the next interval of each place and category."""

    def __init__(self, policy: PolicySettings, rows: Iterable[OpenHoursSettings]) -> None:
        self._is_on = policy.quiet_hours
        self._holidays = {country: frozenset(days) for country, days in policy.holidays.items()}
        self._of_country: dict[tuple[str, Category], _Windows] = {}
        self._of_any: dict[Category, _Windows] = {}
        for row in chain(builtin_open_hours(), rows):
            self._add(row)
        self.categories = (
            frozenset(self._of_any) | {category for _, category in self._of_country}
            if self._is_on
            else frozenset()
        )
        """Categories that are not sent at all times."""
        self._found: OrderedDict[_Key, _Found] = OrderedDict()

    def find_next(self, esim: Esim, category: Category, now_ms: int) -> Interval | None:
        """The open interval that contains the time, or the next one; `None`: at no time soon.

        Where a traveller can be in several countries or time zones, all of them are open in it.
        """
        countries = countries_of(esim)
        key = (countries, esim.open_hours or category, now_ms // _DAY_MS)
        found = self._found.get(key)
        if found is not None and found.asked_ms <= now_ms < found.interval.end_ms:
            return found.interval
        schedules = self._schedules(esim.open_hours, countries, category)
        if not schedules:
            return Interval(now_ms, now_ms + 1)
        interval = next_common_interval(now_ms, schedules)
        if interval is not None:
            self._remember(key, _Found(now_ms, interval))
        return interval

    def _schedules(
        self, own_hours: str, countries: tuple[str, ...], category: Category
    ) -> list[Schedule]:
        """The hours that apply, by country; none when messages may arrive at any time."""
        if own_hours:
            windows = parse_windows(own_hours)
            return [] if windows is None else [Schedule(windows, zones_of(countries))]
        schedules: list[Schedule] = []
        for country in countries or ("",):
            windows = self._of_country.get((country, category)) or self._of_any.get(category)
            if windows:
                zones = zones_of((country,))
                schedules.append(Schedule(windows, zones, self._holidays_of(country)))
        return schedules

    def _holidays_of(self, country: str) -> IsHoliday:
        return self._holidays.get(country, frozenset[date]()).__contains__

    def _remember(self, key: _Key, found: _Found) -> None:
        self._found[key] = found
        if len(self._found) > _MOST_INTERVALS:
            self._found.popitem(last=False)

    def _add(self, row: OpenHoursSettings) -> None:
        for category in row.categories:
            if not row.countries:
                self._of_any[category] = row.windows
            for country in row.countries:
                self._of_country[country, category] = row.windows
