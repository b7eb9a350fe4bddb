"""The facts that rules looked at, as they are shown: by rule, in camelCase, with ISO times."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, TypeAlias

from simpost.domain.code_modes import CodeMode
from simpost.domain.decision_record import DecisionRecord, SenderRuleUse
from simpost.domain.policy.quotas import show_amount
from simpost.domain.policy.sender_rules import SenderAction, SenderRuleKind
from simpost.domain.reasons import Reason
from simpost.messaging.decision import format_time
from simpost.messaging.trace import DecisionRule

_WARNINGS: Final = {
    SenderRuleKind.NOT_SUPPORTED: "Networks do not support such a sender",
    SenderRuleKind.REGISTRATION: "The sender is not registered",
    SenderRuleKind.REPLACED: "The handset may show another sender",
    SenderRuleKind.FORM: "The sender must have another form",
}

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
    if record.sender_rules:
        facts[DecisionRule.SENDER_RULES] = _sender_rules(record.sender_rules)
    if record.cheaper_parts:
        facts[DecisionRule.ENCODING] = saving_facts(record.cheaper_parts, record.replaceable)
    if record.monitored:
        ended, verified = record.monitored
        facts[DecisionRule.STOP] = {
            "mode": CodeMode.MONITOR,
            "wouldRefuse": Reason.CODE_FILTERED,
            "ended": ended,
            "verified": verified,
        }
    if record.part_count:
        facts[DecisionRule.PARTS] = {"count": record.part_count}
    return facts | _quotas(record)


def esim_facts(record: DecisionRecord) -> Facts:
    """What the rules about plan and profile look at."""
    return {
        DecisionRule.PLAN: {"packageCode": record.package_code, "smsStatus": record.sms_status},
        DecisionRule.PROFILE: {"esimStatus": record.esim_status, "smdpStatus": record.smdp_status},
    }


def saving_facts(parts: int, characters: int) -> dict[str, Any]:
    """What look-alikes would save: the parts with them, and the characters they replace."""
    plural = "" if parts == 1 else "s"
    return {
        "replaceable": characters,
        "partsWithLookAlikes": parts,
        "warning": f"With lookAlikes it takes {parts} part{plural}: {characters} of its characters "
        "have look-alikes.",
    }


def merge(facts: Facts, more: Facts) -> Facts:
    """The facts of both, rule by rule."""
    return facts | {rule: {**facts.get(rule, {}), **found} for rule, found in more.items()}


def _sender_rules(rules: Sequence[SenderRuleUse]) -> dict[str, Any]:
    shown: dict[str, Any] = {"rules": [_sender_rule(each) for each in rules]}
    first = rules[0]
    if first.action is SenderAction.WARN:
        where = first.country or "the country of the eSIM"
        shown["warning"] = f"{_WARNINGS[first.rule]} in {where}."
    return shown


def _sender_rule(use: SenderRuleUse) -> dict[str, Any]:
    shown: dict[str, Any] = {"country": use.country, "rule": use.rule, "verdict": use.action}
    optional = {
        "advice": use.advice,
        "registeredUntil": use.until and use.until.isoformat(),
        "source": use.source,
        "checkedOn": use.checked_on and use.checked_on.isoformat(),
    }
    return shown | {name: value for name, value in optional.items() if value}


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
            "used": show_amount(quota.budget, used),
            "limit": show_amount(quota.budget, quota.limit),
            "wanted": show_amount(quota.budget, quota.amount),
        }
        if quota.budget:
            budgets.append({"budget": quota.budget, **shown})
        else:
            facts[DecisionRule.CAP] = shown
    if budgets:
        facts[DecisionRule.BUDGET] = {"budgets": budgets}
    return facts
