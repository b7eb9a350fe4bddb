"""Counts of quotas, to be shown. Commits of messages count them: see `MessageQueue.accept`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from simpost.domain.policy.quotas import QuotaKey


class QuotaStore(Protocol):
    """Reads counts."""

    async def find_used(self, keys: Sequence[QuotaKey]) -> list[int]:
        """The count of each key, 0 if nothing was counted."""
        ...
