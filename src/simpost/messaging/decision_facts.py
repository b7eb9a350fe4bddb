"""The facts that rules looked at, as they are shown: by rule, in camelCase, with ISO times."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

from simpost.domain.decision_record import DecisionRecord
from simpost.messaging.decision import format_time
from simpost.messaging.trace import DecisionRule

Facts: TypeAlias = dict[DecisionRule, Mapping[str, Any]]


def facts_of(record: DecisionRecord, category: str | None) -> Facts:
    """The facts of a record, of the rules that looked at something."""
    facts: Facts = {}
    if record.esim_status or record.smdp_status or record.package_code:
        facts |= esim_facts(record)
    if record.decided_by:
        facts[DecisionRule.OPT_OUT] = {"category": category, "decidedBy": record.decided_by}
        facts[DecisionRule.CATEGORY_PARTS] = {"limit": record.category_parts}
        facts[DecisionRule.QUIET_HOURS] = _quiet_hours(record)
    if record.part_count:
        facts[DecisionRule.PARTS] = {"count": record.part_count}
    return facts | _quotas(record)


def esim_facts(record: DecisionRecord) -> Facts:
    """What the rules about plan and profile look at."""
    return {
        DecisionRule.PLAN: {"packageCode": record.package_code, "smsStatus": record.sms_status},
        DecisionRule.PROFILE: {"esimStatus": record.esim_status, "smdpStatus": record.smdp_status},
    }


def _quiet_hours(record: DecisionRecord) -> dict[str, Any]:
    if not record.zones:
        return {"applies": False}
    shown: dict[str, Any] = {
        "applies": True,
        "countries": list(record.countries),
        "zones": list(record.zones),
    }
    if record.other_zones:
        shown["otherZones"] = record.other_zones
    if record.opens_ms is not None and record.closes_ms is not None:
        shown["opens"] = format_time(record.opens_ms)
        shown["closes"] = format_time(record.closes_ms)
    if record.until_ms is not None:
        shown["until"] = format_time(record.until_ms)
    return shown


def _quotas(record: DecisionRecord) -> Facts:
    """What was used of each quota before the message; without `used`, quotas were not reached."""
    facts: Facts = {}
    budgets: list[dict[str, Any]] = []
    for quota, used in zip(record.quotas, record.used, strict=False):
        shown = {
            "period": quota.period,
            "used": used,
            "limit": quota.limit,
            "wanted": quota.amount,
        }
        if quota.budget:
            budgets.append({"budget": quota.budget, **shown})
        else:
            facts[DecisionRule.CAP] = shown
    if budgets:
        facts[DecisionRule.BUDGET] = {"budgets": budgets}
    return facts
