"""Reports that a budget is used by half, by 80 percent, or up."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from simpost.domain.policy.budgets import budget_name
from simpost.domain.policy.quotas import alarms_of
from simpost.observe import get_logger, metrics
from simpost.observe.metrics import Sample
from simpost.ports.store import NewMessage
from simpost.runtime.component import count_samples

log = get_logger(__name__)


class BudgetAlarms:
    """One log line and count per budget, period and threshold, over all nodes.

    Only the commit that crosses a threshold sees a count before it and one behind it.
    """

    def __init__(self) -> None:
        self.raised: Counter[tuple[str]] = Counter()

    def report(self, message: NewMessage, used: tuple[int, ...]) -> None:
        """Report the thresholds that a committed message crossed; `used` as in `Accepted`."""
        for alarm in alarms_of(message.quotas, used):
            quota = alarm.quota
            self.raised[f"{alarm.percent}",] += 1
            log.warning(
                "budget_reached",
                account_id=message.account_id,
                budget=budget_name(quota.counter),
                period=quota.period,
                percent=alarm.percent,
                used=alarm.used,
                limit=quota.limit,
            )

    def samples(self) -> Iterable[Sample]:
        """The present values of its metrics."""
        return count_samples(metrics.BUDGET_ALARMS, self.raised)
