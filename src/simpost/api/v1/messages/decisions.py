"""JSON of decisions: what was decided when, and the verdict of every rule."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from simpost.api.shared.schemas import (
    ReasonDetail,
    Schema,
    Time,
    format_time,
    reason_detail,
    show_time,
)
from simpost.messaging.trace import DecisionRule, DecisionTrace, Verdict

_DECISIONS: dict[Verdict, Literal["send", "hold", "refuse"]] = {
    Verdict.PASSES: "send",
    Verdict.HOLD: "hold",
    Verdict.REFUSE: "refuse",
}


class RuleOut(Schema):
    """What one rule said, in the order in which the rules are applied."""

    rule: DecisionRule
    verdict: Verdict
    facts: dict[str, Any] = Field(description="The values that the rule looked at, where known.")


class DecisionOut(Schema):
    """One decision about a message; `heldUntil` is when it is decided again."""

    decided_at: Time
    decision: Literal["send", "hold", "refuse"]
    reason: ReasonDetail | None
    held_until: Time | None
    rules: list[RuleOut]


def show_rules(trace: DecisionTrace) -> list[RuleOut]:
    """The verdict of every rule."""
    return [
        RuleOut(rule=each.rule, verdict=each.verdict, facts=dict(each.facts))
        for each in trace.rules
    ]


def show_decision(trace: DecisionTrace) -> DecisionOut:
    """The decision with its time, its reason and the verdict of every rule."""
    return DecisionOut(
        decided_at=format_time(trace.at_ms),
        decision=_DECISIONS[trace.verdict],
        reason=reason_detail(trace.reason) if trace.reason else None,
        held_until=show_time(trace.until_ms),
        rules=show_rules(trace),
    )
