"""The trace of a dry run, with the facts that the rules looked at."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from simpost.domain.esims import Esim
from simpost.domain.policy.budgets import budget_name
from simpost.domain.policy.quotas import Quota
from simpost.domain.reasons import Reason
from simpost.messaging.decision import Decision, Hold, Refusal, SendPlan
from simpost.messaging.trace import DecisionRule, DecisionTrace, Verdict, trace

Facts = dict[DecisionRule, Mapping[str, Any]]


class Explained(msgspec.Struct, frozen=True):
    """A decision and its trace."""

    decision: Decision
    trace: DecisionTrace


def explain_decision(
    decision: Decision, facts: Facts, now_ms: int, *, is_scheduled: bool
) -> Explained:
    """The decision with the verdict of every rule."""
    if isinstance(decision, Refusal):
        found = trace(
            now_ms, Verdict.REFUSE, decision.reason, facts=facts, is_scheduled=is_scheduled
        )
        return Explained(decision, found)
    plan = decision.plan if isinstance(decision, Hold) else decision
    facts = facts | _plan_facts(plan)
    if isinstance(decision, Hold):
        found = trace(now_ms, Verdict.HOLD, decision.reason, decision.until_ms, facts)
    else:
        found = trace(now_ms, Verdict.PASSES, None, facts=facts)
    return Explained(decision, found)


def esim_facts(esim: Esim | None) -> Facts:
    """What the rules about the eSIM look at."""
    if esim is None:
        return {}
    return {
        DecisionRule.ESIM: {"esimTranNo": esim.esim_tran_no, "isRetired": esim.retired},
        DecisionRule.PLAN: {"packageCode": esim.package_code, "smsStatus": esim.sms_status},
        DecisionRule.PROFILE: {"esimStatus": esim.esim_status, "smdpStatus": esim.smdp_status},
    }


def quota_facts(quotas: Sequence[Quota], used: Sequence[int]) -> Facts:
    """What was used of each quota before this message."""
    budgets: list[dict[str, Any]] = []
    facts: Facts = {}
    for quota, count in zip(quotas, used, strict=True):
        shown = {
            "period": quota.period,
            "used": count,
            "limit": quota.limit,
            "wanted": quota.amount,
        }
        if quota.reason is Reason.CAP_REACHED:
            facts[DecisionRule.CAP] = shown
        else:
            budgets.append({"budget": budget_name(quota.counter), **shown})
    if budgets:
        facts[DecisionRule.BUDGET] = {"budgets": budgets}
    return facts


def _plan_facts(plan: SendPlan) -> Facts:
    return {
        DecisionRule.ROUTE: {"carrier": plan.carrier.name, "to": plan.destination},
        DecisionRule.SENDER: {"from": plan.sender},
        DecisionRule.PARTS: {
            "encoding": plan.encoding,
            "count": plan.part_count,
            "limit": plan.carrier.max_parts,
        },
    }
