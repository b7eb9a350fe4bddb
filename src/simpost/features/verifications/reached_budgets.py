"""Budgets that refused a code before, so that the next start is refused before it is stored."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from typing import Final

from simpost.domain.policy.quotas import Quota, QuotaKey, QuotaReached, key_of
from simpost.ports.store import QuotaStore

_MOST_KEYS: Final = 10_000


class ReachedBudgets:
    """The keys of budgets that were reached on this node. The store says whether they still are.

    Only a help: without it, the commit of the message refuses, and the start is undone.
    """

    def __init__(self, store: QuotaStore) -> None:
        self._store = store
        self._keys: OrderedDict[QuotaKey, None] = OrderedDict()

    def add(self, account_id: int, quota: Quota) -> None:
        """Remember a budget that refused a message."""
        self._keys[key_of(account_id, quota)] = None
        if len(self._keys) > _MOST_KEYS:
            self._keys.popitem(last=False)

    async def find(self, account_id: int, quotas: Sequence[Quota]) -> QuotaReached | None:
        """The first budget that is still reached; `None` if none is known to be."""
        suspects = [each for each in quotas if key_of(account_id, each) in self._keys]
        if not suspects:
            return None
        used = await self._store.find_used([key_of(account_id, each) for each in suspects])
        for quota, count in zip(suspects, used, strict=True):
            if count + quota.amount > quota.limit:
                return QuotaReached(quota, count)
        return None
