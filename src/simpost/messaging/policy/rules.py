"""The rules of policy, in the order in which they are applied to a plan."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Final, NamedTuple, TypeAlias

from msgspec.structs import replace

from simpost.config import Settings
from simpost.config.policy import OpenHoursSettings, PolicySettings
from simpost.domain.accounts import Account
from simpost.domain.decision_record import MOST_NAMES, NO_FACTS, DecisionRecord
from simpost.domain.esims import Esim
from simpost.domain.messages import Category
from simpost.domain.policy.budgets import budget_quotas
from simpost.domain.policy.open_hours import Interval
from simpost.domain.policy.preferences import DecidedBy, find_allowance
from simpost.domain.policy.quotas import Quota
from simpost.domain.reasons import Reason
from simpost.messaging.decision import Decision, Hold
from simpost.messaging.plan import Refusal, SendPlan
from simpost.messaging.policy.daily_limit import QUARTER_MS, DailyLimit
from simpost.messaging.policy.hours import OpenHours
from simpost.messaging.policy.opt_out import find_opt_out
from simpost.messaging.policy.places import countries_of, zone_names_of, zones_of
from simpost.messaging.policy.sender_rules import SenderFinding, SenderRules, find_sender_refusal
from simpost.messaging.policy.stops import Stops
from simpost.runtime.component import Component

_MOST_PLACES: Final = 1_024
_PlaceKey: TypeAlias = tuple[Category, tuple[str, ...], str, str, str]
"""Category, countries, own hours, and the choices of the traveller and of the account."""


class _Place(NamedTuple):
    """The facts of a category in a place; right from a time until another.

    Attributes:
        has_hours: the category is not sent at all times; `interval` has the open hours now or next.
    """

    from_ms: int
    until_ms: int
    has_hours: bool
    interval: Interval | None
    record: DecisionRecord
    daily: DailyLimit | None


class PolicyRules(Component):
    """Holds or refuses a plan, or returns it with the quotas that it uses.

    Implements `simpost.messaging.decision.Policy`. Stops come first; see `find_stop`.
    """

    def __init__(
        self,
        policy: PolicySettings,
        open_hours: Iterable[OpenHoursSettings],
        stops: Stops,
        senders: SenderRules | None = None,
        find_stale: Callable[[Account], Refusal | None] | None = None,
    ) -> None:
        """`find_stale` refuses messages of an account whose copy of a catalogue is too old."""
        self._stops = stops
        self._find_stale = find_stale
        self._senders = senders or SenderRules()
        self._apply(policy, open_hours)

    async def reconfigure(self, settings: Settings) -> None:
        """Apply new limits and hours. Held messages are decided with them when they are due."""
        self._senders = SenderRules(settings.sender_rules, settings.registered_senders)
        self._apply(settings.policy, settings.open_hours)

    def _apply(self, policy: PolicySettings, open_hours: Iterable[OpenHoursSettings]) -> None:
        self._hours = OpenHours(policy, open_hours)
        self._max_parts = dict(policy.max_parts)
        self._daily_limit = {
            category: limit for category, limit in policy.daily_limit.items() if limit
        }
        self._spread_ms = 1000 * policy.spread_s
        self._places: dict[_PlaceKey, _Place] = {}
        self._limited = self._hours.categories | set(self._max_parts) | set(self._daily_limit)

    def find_stop(self, account: Account, esim: Esim, category: Category) -> Refusal | None:
        """The refusal by a stop of the administrator, or by an outdated copy of the catalogue."""
        refusal = None
        if self._stops.active:
            refusal = self._stops.find_refusal(account, esim, category)
        if refusal is None and self._find_stale is not None:
            return self._find_stale(account)
        return refusal

    def __call__(self, account: Account, esim: Esim, plan: SendPlan, now_ms: int) -> Decision:
        """Apply all rules to a plan: sender, opt-out, parts, quiet hours, budgets, daily limit.

        Budgets and the daily limit are only looked up here: the commit of the message counts them.
        """
        findings = self._senders.find(account, esim, plan, now_ms)
        if findings:
            return self._apply_with(findings, account, esim, plan, now_ms)
        return self._apply_others(account, esim, plan, now_ms)

    def _apply_with(
        self,
        findings: tuple[SenderFinding, ...],
        account: Account,
        esim: Esim,
        plan: SendPlan,
        now_ms: int,
    ) -> Decision:
        refusal = find_sender_refusal(findings, plan)
        if refusal:
            refusal = replace(refusal, record=self.describe(account, esim, plan.category, now_ms))
        decision = refusal or self._apply_others(account, esim, plan, now_ms)
        uses = tuple(each.use(plan.carrier) for each in findings)
        return replace(decision, record=replace(decision.record or NO_FACTS, sender_rules=uses))

    def _apply_others(self, account: Account, esim: Esim, plan: SendPlan, now_ms: int) -> Decision:
        category = plan.category
        has_choices = esim.choices or account.choices
        if has_choices and (refusal := find_opt_out(account, esim, category)):
            return replace(refusal, record=self.describe(account, esim, category, now_ms))
        quotas = self.find_budgets(account, esim, plan, now_ms) if account.budgets else ()
        if category in self._limited:
            return self._apply_limits(account, esim, plan, quotas, now_ms)
        if not has_choices:
            return replace(plan, quotas=quotas) if quotas else plan
        return replace(plan, quotas=quotas, record=_choice(account, esim, category))

    def _apply_limits(
        self,
        account: Account,
        esim: Esim,
        plan: SendPlan,
        quotas: tuple[Quota, ...],
        now_ms: int,
    ) -> Decision:
        category = plan.category
        place = self._find_place(account, esim, category, now_ms)
        record = place.record
        if refusal := self._too_long(plan):
            return replace(refusal, record=replace(record, part_count=plan.part_count))
        if place.has_hours:
            interval = place.interval
            if interval is None:
                return Refusal(Reason.NO_OPEN_HOURS, record=record)
            if interval.start_ms > now_ms:
                return Hold(self._opening_ms(interval), Reason.QUIET_HOURS, plan, record)
        if place.daily is not None:
            quotas = (*quotas, place.daily.quota(esim))
        return replace(plan, quotas=quotas, record=record)

    def _find_place(self, account: Account, esim: Esim, category: Category, now_ms: int) -> _Place:
        """What applies to all messages of a category to travellers in one place: remembered."""
        key = (
            category,
            countries_of(esim),
            esim.open_hours or account.open_hours,
            esim.choices,
            account.choices,
        )
        found = self._places.get(key)
        if found is not None and found.from_ms <= now_ms < found.until_ms:
            return found
        interval = self._find_interval(account, esim, category, now_ms)
        place = _Place(
            from_ms=now_ms,
            until_ms=_known_until_ms(interval, now_ms),
            has_hours=category in self._hours.categories,
            interval=interval,
            record=self._record(account, esim, category, interval),
            daily=self._daily(esim, category, now_ms),
        )
        if len(self._places) >= _MOST_PLACES:
            self._places.clear()
        self._places[key] = place
        return place

    def find_budgets(
        self, account: Account, esim: Esim, plan: SendPlan, now_ms: int
    ) -> tuple[Quota, ...]:
        """What the plan uses of the budgets of the account."""
        if not account.budgets:
            return ()
        parts = plan.part_count
        return budget_quotas(
            account.budgets,
            esim.msisdn,
            parts,
            now_ms,
            lambda: plan.carrier.prices.cost_of(esim, parts).amount,
        )

    def describe(
        self, account: Account, esim: Esim, category: Category, now_ms: int
    ) -> DecisionRecord:
        """The facts that the rules look at."""
        interval = self._find_interval(account, esim, category, now_ms)
        return self._record(account, esim, category, interval)

    def _record(
        self, account: Account, esim: Esim, category: Category, interval: Interval | None
    ) -> DecisionRecord:
        decided_by = find_allowance(category, esim.choices, account.choices).decided_by
        most = self._max_parts.get(category)
        if category not in self._hours.categories:
            return DecisionRecord(decided_by=decided_by, category_parts=most)
        hours = None if interval is None or _is_always_open(interval) else interval
        return _record_of_place(decided_by, most, countries_of(esim), hours)

    def _find_interval(
        self, account: Account, esim: Esim, category: Category, now_ms: int
    ) -> Interval | None:
        """The open hours now or next; `None` if there are none, or the category has none."""
        if category not in self._hours.categories:
            return None
        if account.open_hours and not esim.open_hours:
            esim = replace(esim, open_hours=account.open_hours)
        return self._hours.find_next(esim, category, now_ms)

    def _opening_ms(self, interval: Interval) -> int:
        """A time in the first minutes of the open hours, so that not all are sent at once."""
        spread_ms = min(self._spread_ms, (interval.end_ms - interval.start_ms) // 2)
        return interval.start_ms + random.randint(0, spread_ms)  # noqa: S311

    def _too_long(self, plan: SendPlan) -> Refusal | None:
        most = self._max_parts.get(plan.category)
        if most is None or plan.part_count <= most:
            return None
        detail = f"{plan.part_count} parts, {most} at most in {plan.category}"
        return Refusal(Reason.CATEGORY_PARTS, detail)

    def find_daily_limit(self, esim: Esim, category: Category, now_ms: int) -> tuple[Quota, ...]:
        """What a message uses of the daily limit of its eSIM; nothing if there is none."""
        daily = self._daily(esim, category, now_ms)
        return () if daily is None else (daily.quota(esim),)

    def _daily(self, esim: Esim, category: Category, now_ms: int) -> DailyLimit | None:
        limit = self._daily_limit.get(category)
        if limit is None:
            return None
        zone = zones_of(countries_of(esim))[0]
        return DailyLimit.at(category, limit, zone, now_ms)


def _known_until_ms(interval: Interval | None, now_ms: int) -> int:
    """How long the open hours and the local date that were found at a time are right."""
    quarter_ms = now_ms - now_ms % QUARTER_MS + QUARTER_MS
    if interval is None or _is_always_open(interval):
        return quarter_ms
    return min(quarter_ms, interval.end_ms)


def _is_always_open(interval: Interval) -> bool:
    return interval.end_ms - interval.start_ms == 1


@lru_cache(maxsize=1_024)
def _record_of_place(
    decided_by: DecidedBy, most: int | None, countries: tuple[str, ...], hours: Interval | None
) -> DecisionRecord:
    """The facts of open hours, which many messages share."""
    zones = zone_names_of(countries)
    return DecisionRecord(
        decided_by=decided_by,
        category_parts=most,
        countries=countries[:MOST_NAMES],
        zones=zones[:MOST_NAMES],
        other_zones=max(0, len(zones) - MOST_NAMES),
        opens_ms=hours.start_ms if hours else None,
        closes_ms=hours.end_ms if hours else None,
    )


def _choice(account: Account, esim: Esim, category: Category) -> DecisionRecord | None:
    """The record of a choice that allowed the category; `None` if nobody made one."""
    decided_by = find_allowance(category, esim.choices, account.choices).decided_by
    is_chosen = decided_by in (DecidedBy.ESIM, DecidedBy.ACCOUNT)
    return DecisionRecord(decided_by=decided_by) if is_chosen else None
