"""What an eSIM's day looks like: the time where it is, and what it was sent of its daily limits."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from simpost.domain.accounts import Account
from simpost.domain.esims import Esim
from simpost.domain.messages import Category
from simpost.domain.policy.quotas import key_of
from simpost.messaging.decision import Policy
from simpost.messaging.policy.places import countries_of, zones_of
from simpost.ports.store.quotas import QuotaStore


class LocalTime(NamedTuple):
    """The time now in some time zones with the same clock.

    Attributes:
        weekday: in English, such as `Monday`.
        time: hours and minutes, `HH:MM`.
        zones: names of the IANA time zone database, in alphabetical order.
    """

    weekday: str
    time: str
    zones: tuple[str, ...]


class DailyUse(NamedTuple):
    """How many messages of a category an eSIM was sent today, where it is, and how many it may."""

    category: Category
    used: int
    limit: int


def local_times(esim: Esim, now_ms: int) -> list[LocalTime]:
    """The times where the traveller can be, the earliest first; none if no country is known."""
    countries = countries_of(esim)
    if not countries:
        return []
    now = datetime.fromtimestamp(now_ms // 1000, UTC)
    clocks: dict[timedelta, list[str]] = {}
    for zone in zones_of(countries):
        offset = now.astimezone(zone).utcoffset() or timedelta()
        clocks.setdefault(offset, []).append(zone.key)
    return [
        LocalTime(f"{now + offset:%A}", f"{now + offset:%H:%M}", tuple(sorted(clocks[offset])))
        for offset in sorted(clocks)
    ]


async def daily_uses(
    store: QuotaStore, policy: Policy | None, account: Account, esim: Esim, now_ms: int
) -> list[DailyUse]:
    """Of each category that has a daily limit. Raises StoreError."""
    if policy is None:
        return []
    found = [
        (category, quota)
        for category in Category
        for quota in policy.find_daily_limit(esim, category, now_ms)
    ]
    used = await store.find_used([key_of(account.id, quota) for _, quota in found])
    return [
        DailyUse(category, count, quota.limit)
        for (category, quota), count in zip(found, used, strict=True)
    ]
