"""Reports that a budget is used by half, by 80 percent, or up, or that it refused a message."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from simpost.domain.policy.budgets import budget_name
from simpost.domain.policy.quotas import QuotaAlarm, show_amount
from simpost.observe import get_logger, metrics
from simpost.observe.metrics import Sample
from simpost.runtime.component import count_samples

log = get_logger(__name__)


class BudgetAlarms:
    """One log line and count per budget, period and threshold, over all nodes: see `QuotaAlarm`."""

    def __init__(self) -> None:
        self.raised: Counter[tuple[str]] = Counter()

    def report(self, account_id: int, alarms: Sequence[QuotaAlarm]) -> None:
        """Report the alarms of a commit; the store raises each once."""
        for alarm in alarms:
            quota = alarm.quota
            budget = budget_name(quota.counter)
            self.raised[f"{alarm.percent}",] += 1
            log.warning(
                "budget_reached",
                account_id=account_id,
                budget=budget,
                period=quota.period,
                percent=alarm.percent,
                used=show_amount(budget, alarm.used),
                limit=show_amount(budget, quota.limit),
            )

    def samples(self) -> Iterable[Sample]:
        """The present values of its metrics."""
        return count_samples(metrics.BUDGET_ALARMS, self.raised)
