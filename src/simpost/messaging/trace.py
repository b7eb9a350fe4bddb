"""The trace of a decision: every rule in the order in which it is applied, and its verdict.

The first rule that refuses or holds a message ends the decision, so its reason says which rules
passed before it and which were not reached. Verdicts therefore need no storage. Of the facts, those
are stored that change later, such as counts: see `DecisionRecord`.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, Final

import msgspec

from simpost.domain.reasons import Reason


class DecisionRule(StrEnum):
    """The rules, in the order in which they are applied."""

    ESIM = "esim"
    TEMPLATE = "template"
    PLAN = "plan"
    PROFILE = "profile"
    TEXT = "text"
    ROUTE = "route"
    SENDER = "sender"
    OPTIONS = "options"
    ENCODING = "encoding"
    PARTS = "parts"
    STOP = "stop"
    SCHEDULE = "schedule"
    SENDER_RULES = "senderRules"
    OPT_OUT = "optOut"
    CATEGORY_PARTS = "categoryParts"
    QUIET_HOURS = "quietHours"
    EXPIRY = "expiry"
    BUDGET = "budget"
    CAP = "cap"


class Verdict(StrEnum):
    """What a rule said."""

    PASSES = "pass"
    WARN = "warn"
    """It passes, and `warning` of the facts says what is better."""
    HOLD = "hold"
    REFUSE = "refuse"
    NOT_REACHED = "notReached"


RULE_OF: Final[Mapping[Reason, DecisionRule]] = {
    Reason.ESIM_UNKNOWN: DecisionRule.ESIM,
    Reason.MSISDN_AMBIGUOUS: DecisionRule.ESIM,
    Reason.ESIM_RETIRED: DecisionRule.ESIM,
    Reason.TEMPLATE_UNKNOWN: DecisionRule.TEMPLATE,
    Reason.TEMPLATE_VALUE_MISSING: DecisionRule.TEMPLATE,
    Reason.TEMPLATE_VALUE_INVALID: DecisionRule.TEMPLATE,
    Reason.PLAN_UNKNOWN: DecisionRule.PLAN,
    Reason.SMS_NOT_SUPPORTED: DecisionRule.PLAN,
    Reason.ORDER_PENDING: DecisionRule.PROFILE,
    Reason.ESIM_CANCELLED: DecisionRule.PROFILE,
    Reason.ESIM_REVOKED: DecisionRule.PROFILE,
    Reason.ESIM_EXPIRED: DecisionRule.PROFILE,
    Reason.ESIM_SUSPENDED: DecisionRule.PROFILE,
    Reason.ESIM_STATE_UNKNOWN: DecisionRule.PROFILE,
    Reason.NOT_INSTALLED: DecisionRule.PROFILE,
    Reason.PROFILE_DELETED: DecisionRule.PROFILE,
    Reason.TEXT_BLANK: DecisionRule.TEXT,
    Reason.TEXT_TOO_LONG: DecisionRule.TEXT,
    Reason.NO_ROUTE: DecisionRule.ROUTE,
    Reason.NO_ADDRESS: DecisionRule.ROUTE,
    Reason.CLASS_NOT_SUPPORTED: DecisionRule.OPTIONS,
    Reason.BINARY_NOT_SUPPORTED: DecisionRule.OPTIONS,
    Reason.SENDER_NOT_ALLOWED: DecisionRule.SENDER,
    Reason.TOO_MANY_PARTS: DecisionRule.PARTS,
    Reason.PORTS_NEED_ONE_PART: DecisionRule.PARTS,
    Reason.SENDING_STOPPED: DecisionRule.STOP,
    Reason.CATALOGUE_STALE: DecisionRule.STOP,
    Reason.SENDER_NOT_SUPPORTED: DecisionRule.SENDER_RULES,
    Reason.SENDER_NOT_REGISTERED: DecisionRule.SENDER_RULES,
    Reason.SENDER_REPLACED: DecisionRule.SENDER_RULES,
    Reason.SENDER_FORM: DecisionRule.SENDER_RULES,
    Reason.SEND_AT_PASSED: DecisionRule.SCHEDULE,
    Reason.SEND_AT_TOO_FAR: DecisionRule.SCHEDULE,
    Reason.SCHEDULED: DecisionRule.SCHEDULE,
    Reason.OPTED_OUT: DecisionRule.OPT_OUT,
    Reason.CATEGORY_PARTS: DecisionRule.CATEGORY_PARTS,
    Reason.QUIET_HOURS: DecisionRule.QUIET_HOURS,
    Reason.NO_OPEN_HOURS: DecisionRule.QUIET_HOURS,
    Reason.EXPIRES_AT_PASSED: DecisionRule.EXPIRY,
    Reason.EXPIRES_AT_TOO_FAR: DecisionRule.EXPIRY,
    Reason.EXPIRES_BEFORE_SEND_AT: DecisionRule.SCHEDULE,
    Reason.EXPIRES_IN_QUIET_HOURS: DecisionRule.EXPIRY,
    Reason.BUDGET_REACHED: DecisionRule.BUDGET,
    Reason.CAP_REACHED: DecisionRule.CAP,
    Reason.CODE_WAIT: DecisionRule.BUDGET,
    Reason.CODE_BUDGET_REACHED: DecisionRule.BUDGET,
    Reason.CODE_BLOCKED: DecisionRule.STOP,
    Reason.CODE_ESIM_NOT_KNOWN: DecisionRule.STOP,
    Reason.CODE_FILTERED: DecisionRule.STOP,
}
"""The rule that gives a reason for a refusal or a hold. Other reasons come before all rules."""
_NOT_WHEN_SCHEDULED: Final = frozenset(
    {
        DecisionRule.SENDER_RULES,
        DecisionRule.OPT_OUT,
        DecisionRule.CATEGORY_PARTS,
        DecisionRule.QUIET_HOURS,
    }
)
"""Applied when a scheduled message is due, and not when it is given."""


class RuleVerdict(msgspec.Struct, frozen=True):
    """What one rule said; `facts` are the values it looked at, in camelCase, with ISO times."""

    rule: DecisionRule
    verdict: Verdict
    facts: Mapping[str, Any] = {}


class DecisionTrace(msgspec.Struct, frozen=True):
    """One decision: when, what, and why; `until_ms` of a hold."""

    at_ms: int
    verdict: Verdict
    reason: Reason | None
    until_ms: int | None
    rules: tuple[RuleVerdict, ...]


def trace(
    at_ms: int,
    verdict: Verdict,
    reason: Reason | None,
    until_ms: int | None = None,
    facts: Mapping[DecisionRule, Mapping[str, Any]] | None = None,
    *,
    is_scheduled: bool = False,
) -> DecisionTrace:
    """The verdict of every rule, from the reason that ended the decision; `None`: all passed.

    A rule that passed warns if its facts have a `warning`.
    """
    ended_by = None if reason is None else RULE_OF.get(reason)
    found = facts or {}
    rules: list[RuleVerdict] = []
    is_over = reason is not None and ended_by is None
    for rule in DecisionRule:
        if rule is ended_by:
            said, is_over = verdict, True
        else:
            is_reached = not is_over and not (is_scheduled and rule in _NOT_WHEN_SCHEDULED)
            is_reached |= rule is DecisionRule.EXPIRY and verdict is Verdict.HOLD
            passed = Verdict.WARN if "warning" in found.get(rule, {}) else Verdict.PASSES
            said = passed if is_reached else Verdict.NOT_REACHED
        rules.append(RuleVerdict(rule, said, found.get(rule, {})))
    return DecisionTrace(at_ms, verdict, reason, until_ms, tuple(rules))
