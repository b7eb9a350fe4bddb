"""Counts of messages by hour of acceptance, and how long delivery took. Pure."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Final

import msgspec

from simpost.domain.states import State

HOUR_MS: Final = 3_600_000
ALL_ACCOUNTS: Final = 0
"""In place of an account: the sum of all."""
_BUCKETS_PER_DOUBLING: Final = 4


class Tally(msgspec.Struct, frozen=True):
    """Messages by their present state, and the delays of those that were delivered.

    Attributes:
        delays: messages by `delay_bucket`, from acceptance to the receipt of the last part.
            Scaled from a sample; messages that were held or scheduled are left out.
    """

    states: Mapping[State, int] = {}
    delays: Mapping[int, float] = {}

    @property
    def accepted(self) -> int:
        """All of them, whatever became of them."""
        return sum(self.states.values())

    @property
    def open(self) -> int:
        """Those whose state is not final."""
        return sum(count for state, count in self.states.items() if not state.is_final)

    def quantile_ms(self, share: float) -> int | None:
        """The delay that this share of the deliveries did not exceed, to about 10 %."""
        total = sum(self.delays.values())
        if not total:
            return None
        seen = 0.0
        for bucket in sorted(self.delays):
            seen += self.delays[bucket]
            if seen >= share * total:
                break
        return round(2 ** ((bucket + 0.5) / _BUCKETS_PER_DOUBLING))


class HourTally(msgspec.Struct, frozen=True):
    """What an account accepted in one hour.

    Attributes:
        hour: hours since 1970-01-01 UTC.
        counted_ms: when it was counted.
    """

    hour: int
    counted_ms: int
    tally: Tally

    @property
    def starts_ms(self) -> int:
        """The first millisecond of the hour."""
        return self.hour * HOUR_MS

    @property
    def ends_ms(self) -> int:
        """The first millisecond after it."""
        return self.starts_ms + HOUR_MS


def delay_bucket(delay_ms: int) -> int:
    """The number of the bucket: four for each doubling of the delay."""
    return math.floor(_BUCKETS_PER_DOUBLING * math.log2(max(1, delay_ms)))


def show_delay(delay_ms: int | None) -> str:
    """A delay in words, to two digits; a dash without one."""
    if delay_ms is None:
        return "-"
    for size_ms, unit in ((86_400_000, "d"), (HOUR_MS, "h"), (60_000, "min"), (1_000, "s")):
        if delay_ms >= size_ms:
            amount = delay_ms / size_ms
            return f"{amount:.1f} {unit}" if amount < 10 else f"{amount:.0f} {unit}"
    return f"{delay_ms} ms"


def add_up(tallies: Iterable[Tally]) -> Tally:
    """The sum."""
    states: Counter[State] = Counter()
    delays: Counter[int] = Counter()
    for each in tallies:
        states.update(each.states)
        for bucket, count in each.delays.items():
            delays[bucket] += count  # type: ignore[assignment]  # a Counter of floats
    return Tally(dict(states), dict(delays))


def is_due(counted: HourTally | None, now_ms: int) -> bool:
    """Whether an hour should be counted again.

    An hour whose messages all ended never changes. Others are counted again when the count is older
    than a minute, and than 1/60 of the time since the hour.
    """
    if counted is None:
        return True
    since_ms = now_ms - counted.ends_ms
    if counted.tally.open == 0 and counted.counted_ms >= counted.ends_ms + HOUR_MS // 60:
        return False
    return now_ms - counted.counted_ms >= max(HOUR_MS // 60, since_ms // 60)
