"""What refuses a code before its verification is stored: modes, and budgets that are used up."""

from __future__ import annotations

from collections.abc import Sequence

from simpost.domain.code_budgets import CodeRefusal, refusal_of
from simpost.domain.code_modes import (
    CodeMode,
    CodeModes,
    PrefixCounts,
    block_refusal,
    filter_refusal,
    known_key,
    unknown_refusal,
)
from simpost.domain.policy.quotas import Quota
from simpost.features.verifications.counts import CodeCounts
from simpost.features.verifications.reached_budgets import ReachedBudgets
from simpost.ports.store import QuotaStore
from simpost.ports.store.verifications import NewVerification


class CodeGuard:
    """Looks only: budgets are enforced by commits."""

    def __init__(self, counts: CodeCounts, store: QuotaStore) -> None:
        self.reached = ReachedBudgets(store)
        self._store = store
        self._counts = counts

    async def find_refusal(
        self,
        new: NewVerification,
        mode: CodeMode,
        modes: CodeModes,
        quotas: Sequence[Quota],
        now_ms: int,
    ) -> CodeRefusal | PrefixCounts | None:
        """Why no code may be sent; `None` if the commit decides. Raises StoreError.

        Counts are those for which `FILTER` would refuse it, where the mode is `MONITOR`.
        """
        found = await self._find_by_mode(new, mode, modes, now_ms)
        if isinstance(found, CodeRefusal):
            return found
        reached = await self.reached.find(new.account_id, quotas)
        return refusal_of(reached) if reached else found

    async def _find_by_mode(
        self, new: NewVerification, mode: CodeMode, modes: CodeModes, now_ms: int
    ) -> CodeRefusal | PrefixCounts | None:
        subjects = new.subjects
        if mode is CodeMode.BLOCK:
            return block_refusal()
        if mode is CodeMode.KNOWN:
            [count] = await self._store.find_used([known_key(new.account_id, new.esim_tran_no)])
            return None if count else unknown_refusal()
        if mode is CodeMode.ALLOW or not subjects.prefix:
            return None
        counts = await self._counts.find(subjects.prefix, now_ms)
        found = filter_refusal(modes, subjects.prefix, counts, now_ms)
        return counts if found and mode is CodeMode.MONITOR else found
