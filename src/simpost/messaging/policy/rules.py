"""The rules of policy, in the order in which they are applied to a plan."""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from msgspec.structs import replace

from simpost.config import Settings
from simpost.config.policy import OpenHoursSettings, PolicySettings
from simpost.domain.accounts import Account
from simpost.domain.esims import Esim
from simpost.domain.messages import Category
from simpost.domain.policy.budgets import budget_quotas
from simpost.domain.policy.preferences import find_allowance
from simpost.domain.policy.quotas import Quota
from simpost.domain.reasons import Reason
from simpost.messaging.decision import Decision, Hold, Refusal, SendPlan, format_time
from simpost.messaging.policy.hours import OpenHours
from simpost.messaging.policy.opt_out import find_opt_out
from simpost.messaging.policy.places import countries_of, zones_of
from simpost.messaging.policy.stops import Stops
from simpost.runtime.component import Component

_KEEP_COUNTS_DAYS = 3
"""Longer than a local day lasts anywhere, so that no count is deleted while it is used."""


class PolicyRules(Component):
    """Holds or refuses a plan, or returns it with the quotas that it uses.

    Implements `simpost.messaging.decision.Policy`. Stops come first; see `find_stop`.
    """

    def __init__(
        self, policy: PolicySettings, open_hours: Iterable[OpenHoursSettings], stops: Stops
    ) -> None:
        self.find_stop = stops.find_refusal
        self._apply(policy, open_hours)

    async def reconfigure(self, settings: Settings) -> None:
        """Apply new limits and hours. Held messages are decided with them when they are due."""
        self._apply(settings.policy, settings.open_hours)

    def _apply(self, policy: PolicySettings, open_hours: Iterable[OpenHoursSettings]) -> None:
        self._hours = OpenHours(policy, open_hours)
        self._max_parts = dict(policy.max_parts)
        self._daily_limit = {
            category: limit for category, limit in policy.daily_limit.items() if limit
        }
        self._spread_ms = 1000 * policy.spread_s
        self._limited = self._hours.categories | set(self._max_parts) | set(self._daily_limit)

    def __call__(self, account: Account, esim: Esim, plan: SendPlan, now_ms: int) -> Decision:
        """Apply all rules to a plan at a time: opt-out, parts, quiet hours, budgets, daily limit.

        Budgets and the daily limit are only looked up here: the commit of the message counts them.
        """
        if refusal := find_opt_out(account, esim, plan.category):
            return refusal
        quotas = self.find_budgets(account, esim, plan, now_ms)
        if plan.category in self._limited:
            if refusal := self._too_long(plan):
                return refusal
            if decided := self._closed(account, esim, plan, now_ms):
                return decided
            quotas += self._daily_quota(esim, plan.category, now_ms)
        return replace(plan, quotas=quotas) if quotas else plan

    def find_budgets(
        self, account: Account, esim: Esim, plan: SendPlan, now_ms: int
    ) -> tuple[Quota, ...]:
        """What the plan uses of the budgets of the account."""
        if not account.budgets:
            return ()
        return budget_quotas(account.budgets, esim.msisdn, plan.part_count, now_ms)

    def describe(
        self, account: Account, esim: Esim, category: Category, now_ms: int
    ) -> Mapping[str, Mapping[str, Any]]:
        """The facts that the rules look at, by the name of the rule, to be shown."""
        countries = countries_of(esim)
        allowance = find_allowance(category, esim.choices, account.choices)
        hours: dict[str, Any] = {"applies": category in self._hours.categories}
        if hours["applies"]:
            hours["countries"] = list(countries)
            hours["zones"] = [zone.key for zone in zones_of(countries)]
            if account.open_hours and not esim.open_hours:
                esim = replace(esim, open_hours=account.open_hours)
            interval = self._hours.find_next(esim, category, now_ms)
            if interval is not None:
                hours["opens"] = format_time(interval.start_ms)
                hours["closes"] = format_time(interval.end_ms)
        return {
            "optOut": {"category": category, "decidedBy": allowance.decided_by},
            "categoryParts": {"limit": self._max_parts.get(category)},
            "quietHours": hours,
        }

    def _too_long(self, plan: SendPlan) -> Refusal | None:
        most = self._max_parts.get(plan.category)
        if most is None or plan.part_count <= most:
            return None
        detail = f"{plan.part_count} parts, {most} at most in {plan.category}"
        return Refusal(Reason.CATEGORY_PARTS, detail)

    def _closed(
        self, account: Account, esim: Esim, plan: SendPlan, now_ms: int
    ) -> Hold | Refusal | None:
        if plan.category not in self._hours.categories:
            return None
        if account.open_hours and not esim.open_hours:
            esim = replace(esim, open_hours=account.open_hours)
        interval = self._hours.find_next(esim, plan.category, now_ms)
        if interval is None:
            return Refusal(Reason.NO_OPEN_HOURS)
        if interval.start_ms <= now_ms:
            return None
        spread_ms = min(self._spread_ms, (interval.end_ms - interval.start_ms) // 2)
        until_ms = interval.start_ms + random.randint(0, spread_ms)  # noqa: S311
        return Hold(until_ms, Reason.QUIET_HOURS, plan)

    def _daily_quota(self, esim: Esim, category: Category, now_ms: int) -> tuple[Quota, ...]:
        limit = self._daily_limit.get(category)
        if limit is None:
            return ()
        zone = zones_of(countries_of(esim))[0]
        today = datetime.fromtimestamp(now_ms / 1000, zone).date()
        expires = datetime(today.year, today.month, today.day, tzinfo=UTC)
        expires += timedelta(days=_KEEP_COUNTS_DAYS)
        daily = Quota(
            counter=f"{category}:{esim.esim_tran_no}",
            period=today.isoformat(),
            amount=1,
            limit=limit,
            reason=Reason.CAP_REACHED,
            expires_ms=int(expires.timestamp()) * 1000,
        )
        return (daily,)
