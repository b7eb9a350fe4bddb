"""What refuses a code before its verification is stored: modes, and budgets that are used up."""

from __future__ import annotations

from collections.abc import Sequence

from simpost.domain.code_budgets import CodeRefusal, CodeSubjects, refusal_of
from simpost.domain.code_modes import CodeMode, CodeModes, block_refusal, filter_refusal
from simpost.domain.policy.quotas import Quota
from simpost.features.verifications.counts import CodeCounts
from simpost.features.verifications.reached_budgets import ReachedBudgets
from simpost.observe import get_logger

log = get_logger(__name__)


class CodeGuard:
    """Looks only: budgets are enforced by commits."""

    def __init__(self, counts: CodeCounts, reached: ReachedBudgets) -> None:
        self.reached = reached
        self._counts = counts

    async def find_refusal(
        self,
        account_id: int,
        subjects: CodeSubjects,
        mode: CodeMode,
        modes: CodeModes,
        quotas: Sequence[Quota],
        now_ms: int,
    ) -> CodeRefusal | None:
        """Why no code may be sent; `None` if the commit decides. Raises StoreError."""
        if mode is CodeMode.BLOCK:
            return block_refusal()
        if mode is not CodeMode.ALLOW and subjects.prefix:
            counts = await self._counts.find(subjects.prefix, now_ms)
            found = filter_refusal(modes, subjects.prefix, counts, now_ms)
            if found and mode is CodeMode.FILTER:
                return found
            if found:
                self._counts.add(subjects.country, subjects.prefix, "monitored")
                log.info("code_monitored", account_id=account_id, country=subjects.country)
        reached = await self.reached.find(account_id, quotas)
        return refusal_of(reached) if reached else None
