"""When it is a local time of day where an eSIM is. Pure."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from simpost.domain.esims import Esim
from simpost.messaging.policy.places import countries_of, zones_of


def local_due_ms(esim: Esim, minute: int, start_ms: int) -> int:
    """The first time from the start on at which it is this minute of the day there.

    The place is that of quiet hours. Of several time zones it is the one that is the most behind:
    it is not earlier in any of them.
    """
    start = datetime.fromtimestamp(start_ms / 1000, UTC)
    zone = min(zones_of(countries_of(esim)), key=lambda each: _offset(each, start))
    day = start.astimezone(zone).date()
    for days in range(3):
        there = day + timedelta(days=days)
        local = datetime(there.year, there.month, there.day, tzinfo=zone)
        due = local.replace(hour=minute // 60, minute=minute % 60)
        due_ms = round(due.timestamp() * 1000)
        if due_ms >= start_ms:
            return due_ms
    raise AssertionError("every day has this minute, or the one after a change of the clocks")


def _offset(zone: ZoneInfo, at: datetime) -> timedelta:
    return at.astimezone(zone).utcoffset() or timedelta()
