"""The trace of a dry run, with the facts that the rules looked at."""

from __future__ import annotations

import msgspec

from simpost.domain.decision_record import DecisionRecord, with_esim
from simpost.domain.esims import Esim
from simpost.domain.messages import Category
from simpost.messaging.decision import Decision, Hold, Refusal, SendPlan
from simpost.messaging.decision_facts import Facts, esim_facts, facts_of
from simpost.messaging.trace import DecisionRule, DecisionTrace, Verdict, trace


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


def described_facts(record: DecisionRecord, esim: Esim | None, category: Category) -> Facts:
    """What the rules about the eSIM look at, and those of policy."""
    if esim is None:
        return {}
    identity = {"esimTranNo": esim.esim_tran_no, "isRetired": bool(esim.retired)}
    record = with_esim(record, esim)
    return {DecisionRule.ESIM: identity} | facts_of(record, category) | esim_facts(record)


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
