"""What refuses a code before its verification is stored: modes, and budgets that are used up."""

from __future__ import annotations

from collections.abc import Sequence

from simpost.domain.code_budgets import CodeRefusal, refusal_of
from simpost.domain.code_modes import (
    CodeMode,
    CodeModes,
    block_refusal,
    filter_refusal,
    known_key,
    unknown_refusal,
)
from simpost.domain.policy.quotas import Quota
from simpost.features.verifications.counts import CodeCounts
from simpost.features.verifications.reached_budgets import ReachedBudgets
from simpost.observe import get_logger
from simpost.ports.store import QuotaStore
from simpost.ports.store.verifications import NewVerification

log = get_logger(__name__)


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
    ) -> CodeRefusal | None:
        """Why no code may be sent; `None` if the commit decides. Raises StoreError."""
        found = await self._find_by_mode(new, mode, modes, now_ms)
        if found:
            return found
        reached = await self.reached.find(new.account_id, quotas)
        return refusal_of(reached) if reached else None

    async def _find_by_mode(
        self, new: NewVerification, mode: CodeMode, modes: CodeModes, now_ms: int
    ) -> CodeRefusal | None:
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
        if found and mode is CodeMode.MONITOR:
            self._counts.add(subjects.country, subjects.prefix, "monitored")
            log.info("code_monitored", account_id=new.account_id, country=subjects.country)
            return None
        return found
