"""Counts messages by hour, and returns the counts of the last hour, day and week."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Final

import msgspec

from simpost.domain.message_counts import ALL_ACCOUNTS, HOUR_MS, HourTally, Tally, add_up, is_due
from simpost.domain.states import State
from simpost.ports.store.message_counts import MOST_COUNTED, MessageCountStore
from simpost.runtime.clock import Clock
from simpost.runtime.component import Component
from simpost.runtime.scheduler import always, run_periodically

DAY_HOURS: Final = 24
WEEK_HOURS: Final = 7 * DAY_HOURS
MOST_IN_HOUR: Final = 100_000
"""Most messages of an account in one state that the last hour counts."""
_COUNT_INTERVAL_S: Final = 60.0
_FRESH_MS: Final = 10_000
"""How long the counts of a window are shown before they are read again."""
_MOST_CACHED: Final = 1_000


class CountedWindow(msgspec.Struct, frozen=True):
    """The messages that were accepted from a time on.

    Attributes:
        most: a state with this many messages of an account is not counted further.
    """

    from_ms: int
    tally: Tally
    most: int = MOST_COUNTED

    @property
    def cut(self) -> list[State]:
        """The states that may have more messages than were counted."""
        return [state for state, count in self.tally.states.items() if count >= self.most]


class Numbers(msgspec.Struct, frozen=True):
    """What became of the messages of an account, or of all accounts.

    Attributes:
        counted_ms: when the latest hour of `day` and `week` was counted; `None`: not yet.
        hours: of the week, the oldest first; hours that were not counted are left out.
    """

    at_ms: int
    counted_ms: int | None
    hour: CountedWindow
    day: CountedWindow
    week: CountedWindow
    hours: list[HourTally]


class MessageCounts(Component):
    """Day and week begin with a whole hour and come from rows; the last hour is counted now."""

    def __init__(
        self,
        store: MessageCountStore,
        *,
        clock_ms: Clock,
        is_leader: Callable[[], bool] = always,
    ) -> None:
        self._store = store
        self._clock_ms = clock_ms
        self._is_leader = is_leader
        self._read: dict[int, Numbers] = {}
        self._reading = asyncio.Lock()

    async def run(self) -> None:
        """Count every minute until cancelled, on the node that leads."""
        await run_periodically(
            self.count, _COUNT_INTERVAL_S, name="message_counts", when=self._is_leader
        )

    async def find(self, account_id: int | None) -> Numbers:
        """The counts of an account, or of all with `None`; up to 10 s old."""
        key = ALL_ACCOUNTS if account_id is None else account_id
        async with self._reading:
            known = self._read.get(key)
            if known is None or self._clock_ms() - known.at_ms >= _FRESH_MS:
                if len(self._read) >= _MOST_CACHED:
                    self._read.clear()
                known = self._read[key] = await self._find(account_id)
        return known

    async def find_by_account(self) -> Mapping[int, Tally]:
        """The counts of the day, by account."""
        from_hour = self._clock_ms() // HOUR_MS - DAY_HOURS + 1
        return await self._store.list_accounts_of_hours(from_hour=from_hour)

    async def count(self) -> None:
        """Count the hours of the week that may have changed."""
        now_ms = self._clock_ms()
        this = now_ms // HOUR_MS
        rows = await self._store.list_hours(ALL_ACCOUNTS, from_hour=this - WEEK_HOURS + 1)
        known = {each.hour: each for each in rows}
        for hour in range(this, this - WEEK_HOURS, -1):
            if is_due(known.get(hour), now_ms):
                from_ms = hour * HOUR_MS
                found = await self._store.count_messages(
                    from_ms, from_ms + HOUR_MS, account_id=None
                )
                await self._store.save_hour(hour, found, counted_ms=now_ms)
        await self._store.delete_hours(before_hour=this - WEEK_HOURS)

    async def _find(self, account_id: int | None) -> Numbers:
        now_ms = self._clock_ms()
        key = ALL_ACCOUNTS if account_id is None else account_id
        this = now_ms // HOUR_MS
        hours = await self._store.list_hours(key, from_hour=this - WEEK_HOURS + 1)
        latest = await self._store.count_messages(
            now_ms - HOUR_MS, now_ms + HOUR_MS, account_id=account_id, most=MOST_IN_HOUR
        )
        first_of_day = this - DAY_HOURS + 1
        return Numbers(
            at_ms=now_ms,
            counted_ms=max((each.counted_ms for each in hours), default=None),
            hour=CountedWindow(now_ms - HOUR_MS, add_up(latest.values()), MOST_IN_HOUR),
            day=CountedWindow(
                first_of_day * HOUR_MS,
                add_up(each.tally for each in hours if each.hour >= first_of_day),
            ),
            week=CountedWindow(
                (this - WEEK_HOURS + 1) * HOUR_MS, add_up(each.tally for each in hours)
            ),
            hours=hours,
        )
