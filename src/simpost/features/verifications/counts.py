"""Counts of verifications by prefix: metrics of this node, and the shared counts of filters.

Shared counts are written once a second. A crash loses what it did not write: they are a statistic,
and no budget.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Final

from simpost.domain.code_modes import PrefixCounts, prefix_keys
from simpost.domain.policy.quotas import QuotaKey
from simpost.domain.verifications import CheckVerdict, Verification, VerificationState
from simpost.observe import metrics
from simpost.observe.metrics import Sample
from simpost.ports.store import QuotaStore
from simpost.ports.store.quotas import CountedUse
from simpost.runtime.clock import Clock
from simpost.runtime.component import Component, count_samples
from simpost.runtime.scheduler import run_periodically

MOST_PREFIXES: Final = 200
"""Prefixes with metrics of their own, on each node; all later ones are `other`."""
OTHER: Final = "other"
_FLUSH_INTERVAL_S: Final = 1.0
_KEEP_MS: Final = 7_200_000


class CodeCounts(Component):
    """What became of verifications.

    Attributes:
        counted: by country, prefix and outcome.
        checks: by verdict.
    """

    def __init__(self, store: QuotaStore, clock_ms: Clock) -> None:
        self.counted: Counter[tuple[str, str, str]] = Counter()
        self.checks: Counter[tuple[str]] = Counter()
        self._store = store
        self._clock_ms = clock_ms
        self._prefixes: set[str] = set()
        self._unwritten: Counter[QuotaKey] = Counter()

    async def run(self) -> None:
        """Write shared counts until cancelled."""
        await run_periodically(self.flush, _FLUSH_INTERVAL_S, name="code_counts")

    def samples(self) -> Iterable[Sample]:
        """The present values of its metrics."""
        yield from count_samples(metrics.VERIFICATIONS, self.counted)
        yield from count_samples(metrics.VERIFICATION_CHECKS, self.checks)

    def add(self, country: str, prefix: str, outcome: str) -> None:
        """Count an outcome in the metrics."""
        if prefix not in self._prefixes:
            if len(self._prefixes) >= MOST_PREFIXES:
                prefix = OTHER
            else:
                self._prefixes.add(prefix)
        self.counted[country, prefix, outcome] += 1

    def add_end(self, ended: Verification) -> None:
        """Count a verification that ended, unless it was superseded or cancelled."""
        is_verified = ended.state is VerificationState.VERIFIED
        if not is_verified and ended.state not in (
            VerificationState.EXPIRED,
            VerificationState.TOO_MANY_CHECKS,
        ):
            return
        self.add(ended.country, ended.prefix, ended.state)
        of_ended, of_verified = prefix_keys(ended.prefix, self._clock_ms())
        self._unwritten[of_ended] += 1
        if is_verified:
            self._unwritten[of_verified] += 1

    def add_check(self, verdict: CheckVerdict, checked: Verification) -> None:
        """Count a check, and the verification if it ended."""
        self.checks[verdict,] += 1
        if verdict is CheckVerdict.WRONG_CODE:
            self.add(checked.country, checked.prefix, verdict)
        if verdict is CheckVerdict.VERIFIED or (
            verdict is CheckVerdict.WRONG_CODE
            and checked.state is VerificationState.TOO_MANY_CHECKS
        ):
            self.add_end(checked)

    async def find(self, prefix: str, now_ms: int) -> PrefixCounts:
        """What ended in this hour on all nodes, this one up to now."""
        keys = prefix_keys(prefix, now_ms)
        stored = await self._store.find_used(keys)
        ended, verified = (
            used + self._unwritten[key] for used, key in zip(stored, keys, strict=True)
        )
        return PrefixCounts(ended, verified)

    async def flush(self) -> None:
        """Write what was counted since the last time."""
        written = self._unwritten
        if not written:
            return
        self._unwritten = Counter()
        expires_ms = self._clock_ms() + _KEEP_MS
        try:
            await self._store.add([CountedUse(*each, expires_ms) for each in written.items()])
        except BaseException:
            self._unwritten.update(written)
            raise
