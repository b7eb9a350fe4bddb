"""Wrong credentials: counted by address and account, logged, and answered with a growing delay.

Valid credentials are never delayed, so that nobody can lock an account out. Memory and log lines
are bounded.
"""

from __future__ import annotations

import asyncio
import ipaddress
import time
from collections import Counter, OrderedDict
from collections.abc import Awaitable, Callable, Iterator
from typing import Any, Final

from starlette.types import Scope

from simpost.domain.rates import TokenBucket
from simpost.observe import get_logger, metrics
from simpost.observe.metrics import Sample

MAX_PAIRS: Final = 10_000
"""Pairs of address and account in memory; beyond, the pair that failed longest ago is evicted."""
MAX_DELAYED: Final = 100
"""Responses delayed at the same time; beyond, wrong credentials are answered at once."""
FREE: Final = 5
"""Failures of one address for one account that are answered at once."""
MAX_DELAY_S: Final = 4.0
_FIRST_DELAY_S: Final = 0.25
_FORGET_S: Final = 900.0
_LINES_PER_S: Final = 0.5
_LINES_AT_ONCE: Final = 20

UNKNOWN: Final = "(unknown)"
"""Stands for every access code that no account has: their number is not bounded."""

log = get_logger(__name__)


class WrongCredentials:
    """Counts failures; `counts` are by API (open, native, shapes, admin, metrics)."""

    def __init__(
        self,
        monotonic_s: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[Any]] = asyncio.sleep,
    ) -> None:
        self.counts: Counter[tuple[str]] = Counter()
        self._monotonic_s = monotonic_s
        self._sleep = sleep
        self._failed: OrderedDict[tuple[str, str], tuple[int, float]] = OrderedDict()
        self._delayed = 0
        self._lines = TokenBucket(_LINES_PER_S, _LINES_AT_ONCE, monotonic_s())
        self._not_logged = 0

    async def note(self, api: str, scope: Scope, account: str) -> None:
        """Count one failure and wait for its delay."""
        delay_s = self.count(api, _address(scope), account)
        if not delay_s or self._delayed >= MAX_DELAYED:
            return
        self._delayed += 1
        try:
            await self._sleep(delay_s)
        finally:
            self._delayed -= 1

    def count(self, api: str, address: str, account: str) -> float:
        """Count one failure; seconds of delay: 0 for the first few, then doubled with each one."""
        self.counts[api,] += 1
        now_s = self._monotonic_s()
        key = (address, account)
        times, last_s = self._failed.pop(key, (0, now_s))
        times = 1 if now_s - last_s >= _FORGET_S else times + 1
        self._failed[key] = (times, now_s)
        if len(self._failed) > MAX_PAIRS:
            self._failed.popitem(last=False)
        if _is_round(times):
            self._log(api, address, account, times, now_s)
        if times <= FREE:
            return 0.0
        return min(MAX_DELAY_S, _FIRST_DELAY_S * 2.0 ** min(times - FREE - 1, 10))

    def read(self) -> Iterator[Sample]:
        """Samples for the metrics."""
        for labels, count in self.counts.items():
            yield Sample(metrics.AUTHENTICATION_FAILURES, labels, count)

    def _log(self, api: str, address: str, account: str, times: int, now_s: float) -> None:
        if self._lines.take(now_s):
            self._not_logged += 1
            return
        skipped, self._not_logged = self._not_logged, 0
        log.warning(
            "authentication_failed",
            api=api,
            address=address,
            account=account,
            count=times,
            not_logged=skipped,
        )


def _is_round(times: int) -> bool:
    """Whether it is 1, 10, 100 ...: a line for each failure would fill the log."""
    return str(times).rstrip("0") == "1"


def _address(scope: Scope) -> str:
    client = scope.get("client")
    return network_of(client[0]) if client else "-"


def network_of(host: str) -> str:
    """The address of a client; for IPv6 the /64 network, which usually belongs to one customer."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return "-"
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped:
            return str(address.ipv4_mapped)
        return str(ipaddress.ip_network((address.packed, 64), strict=False))
    return str(address)
