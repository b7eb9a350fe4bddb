"""Rate limits of accounts over all nodes: tokens drawn in batches from one bucket in the database.

A batch is what the account may do in a twentieth of a second, and at least one token. Up to 40
requests per second each request asks the database and the limit is exact; above, a node asks for a
few percent of the requests.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

from simpost.domain.accounts import Account
from simpost.ports.cluster import ClusterStore, TokenRequest

_BATCH_S: Final = 0.05
_VALID_S: Final = 1.0
"""Tokens are discarded after this time: they belong to a second that is over."""


class TokenBatch:
    """The tokens of one account that were drawn and not used yet."""

    __slots__ = ("empty_until_s", "expires_s", "lock", "tokens")

    def __init__(self) -> None:
        self.tokens = 0
        self.expires_s = 0.0
        self.empty_until_s = 0.0
        self.lock = asyncio.Lock()


class SharedRateLimits:
    """One batch for each account that has a limit and sent requests to this node."""

    def __init__(self, store: ClusterStore, monotonic_s: Callable[[], float]) -> None:
        self._store = store
        self._monotonic_s = monotonic_s
        self._batches: dict[int, TokenBatch] = {}

    def take(self, account: Account) -> bool:
        """Use a token that was drawn already; whether there was one."""
        batch = self._batches.get(account.id)
        if batch is None or not batch.tokens or self._monotonic_s() >= batch.expires_s:
            return False
        batch.tokens -= 1
        return True

    async def draw(self, account: Account) -> float:
        """Draw a batch and use a token of it. Returns 0, or seconds until any node can have one.

        Raises StoreError when the database fails.
        """
        batch = self._batches.setdefault(account.id, TokenBatch())
        async with batch.lock:
            if self.take(account):
                return 0.0
            left_s = batch.empty_until_s - self._monotonic_s()
            if left_s > 0:
                return left_s
            rate = account.requests_per_s
            wanted = max(1, int(rate * _BATCH_S))
            drawn = await self._store.draw(TokenRequest(account.id, rate, max(1.0, rate), wanted))
            now_s = self._monotonic_s()
            if not drawn.tokens:
                batch.tokens = 0
                batch.empty_until_s = now_s + drawn.wait_s
                return max(drawn.wait_s, 0.001)
            batch.tokens = drawn.tokens - 1
            batch.expires_s = now_s + _VALID_S
            return 0.0

    def discard(self, account: Account) -> None:
        """Discard drawn tokens: the account has another rate limit now."""
        self._batches.pop(account.id, None)
