"""Paces that hold over all nodes: tokens drawn in lots from the one bucket an account has.

A lot is what the account may do in a twentieth of a second, and one at least. So up to 40 requests
a second each one asks the database, and the limit is exact; above, a node asks for a few percent
of the requests.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

from simpost.domain.accounts import Account
from simpost.ports.cluster import ClusterStore, TokenRequest

_LOT_S: Final = 0.05
_KEPT_S: Final = 1.0
"""What is left of a lot after so long is thrown away: it belongs to a second that is over."""


class TokenBatch:
    __slots__ = ("asking", "empty_until_s", "thrown_away_s", "tokens")

    def __init__(self) -> None:
        self.tokens = 0
        self.thrown_away_s = 0.0
        self.empty_until_s = 0.0
        self.asking = asyncio.Lock()


class SharedRateLimits:
    """One lot for each account that has a limit and asked here."""

    def __init__(self, store: ClusterStore, monotonic_s: Callable[[], float]) -> None:
        self._store = store
        self._monotonic_s = monotonic_s
        self._batches: dict[int, TokenBatch] = {}

    def take(self, account: Account) -> bool:
        """Use a token that was drawn already, where there is one."""
        lot = self._batches.get(account.id)
        if lot is None or not lot.tokens or self._monotonic_s() >= lot.thrown_away_s:
            return False
        lot.tokens -= 1
        return True

    async def draw(self, account: Account) -> float:
        """Draw a lot and use a token of it: 0; else the seconds until there is one for anybody.

        Raises StoreError when the database does not say.
        """
        lot = self._batches.setdefault(account.id, TokenBatch())
        async with lot.asking:
            if self.take(account):
                return 0.0
            left_s = lot.empty_until_s - self._monotonic_s()
            if left_s > 0:
                return left_s
            rate = account.requests_per_s
            wanted = max(1, int(rate * _LOT_S))
            drawn = await self._store.draw(TokenRequest(account.id, rate, max(1.0, rate), wanted))
            now_s = self._monotonic_s()
            if not drawn.tokens:
                lot.tokens = 0
                lot.empty_until_s = now_s + drawn.wait_s
                return max(drawn.wait_s, 0.001)
            lot.tokens = drawn.tokens - 1
            lot.thrown_away_s = now_s + _KEPT_S
            return 0.0

    def changed(self, account: Account) -> None:
        """It has another pace now: what was drawn for the old one is thrown away."""
        self._batches.pop(account.id, None)
