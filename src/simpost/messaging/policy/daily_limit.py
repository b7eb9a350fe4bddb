"""The daily limit of a category: how many messages an eSIM gets on a local date."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from simpost.domain.esims import Esim
from simpost.domain.messages import Category
from simpost.domain.policy.quotas import Quota
from simpost.domain.reasons import Reason

QUARTER_MS: Final = 900_000
"""No local date changes within a quarter of an hour: all zones differ from UTC by whole ones."""
_KEEP_COUNTS_DAYS: Final = 3
"""Longer than a local day lasts anywhere, so that no count is deleted while it is used."""


class DailyLimit(NamedTuple):
    """The limit of a category on a local date, for all eSIMs in a place."""

    prefix: str
    limit: int
    today: str
    expires_ms: int

    @classmethod
    def at(cls, category: Category, limit: int, zone: ZoneInfo, now_ms: int) -> DailyLimit:
        """The limit on the local date of a time."""
        return cls(f"{category}:", limit, *_local_day(zone, now_ms // QUARTER_MS))

    def quota(self, esim: Esim) -> Quota:
        """What a message to the eSIM uses of it."""
        counter = self.prefix + esim.esim_tran_no
        return Quota(counter, self.today, 1, self.limit, Reason.CAP_REACHED, self.expires_ms)


@lru_cache(maxsize=1_024)
def _local_day(zone: ZoneInfo, quarter: int) -> tuple[str, int]:
    """The local date in a quarter of an hour since 1970, and when its counts may be deleted."""
    today = datetime.fromtimestamp(quarter * QUARTER_MS / 1000, zone).date()
    expires = datetime(today.year, today.month, today.day, tzinfo=UTC)
    expires += timedelta(days=_KEEP_COUNTS_DAYS)
    return today.isoformat(), int(expires.timestamp()) * 1000
