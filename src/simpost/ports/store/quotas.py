"""Counts of quotas. Commits of messages count most of them: see `MessageQueue.accept`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from simpost.domain.policy.quotas import QuotaKey


class CountedUse(NamedTuple):
    """An amount to be added to a count, which may be deleted after a time."""

    key: QuotaKey
    amount: int
    expires_ms: int


class QuotaStore(Protocol):
    """Reads counts, and adds to those that limit nothing."""

    async def find_used(self, keys: Sequence[QuotaKey]) -> list[int]:
        """The count of each key, 0 if nothing was counted."""
        ...

    async def add(self, uses: Sequence[CountedUse]) -> None:
        """Add to counts, whatever their limits."""
        ...
