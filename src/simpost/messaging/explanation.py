"""The trace of a dry run, with the facts that the rules looked at."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import msgspec

from simpost.domain.decision_record import DecisionRecord, with_esim
from simpost.domain.esims import Esim
from simpost.domain.messages import Category
from simpost.domain.reasons import Reason
from simpost.messaging.decision import Decision, Hold
from simpost.messaging.decision_facts import Facts, esim_facts, facts_of, merge, saving_facts
from simpost.messaging.plan import Refusal, SendPlan
from simpost.messaging.trace import RULE_OF, DecisionRule, DecisionTrace, Verdict, trace
from simpost.text import UCS2, CostDriver, explain, parse_encoding

_MOST_CHARACTERS: Final = 20
"""Most characters of a text that its trace shows."""


class Explained(msgspec.Struct, frozen=True):
    """A decision and its trace."""

    decision: Decision
    trace: DecisionTrace


def explain_decision(
    decision: Decision,
    facts: Facts,
    now_ms: int,
    *,
    is_scheduled: bool,
    text: str | None,
    look_alikes: bool,
) -> Explained:
    """The decision with the verdict of every rule.

    `text` is that of the request; `None` if it is binary or could not be made. `look_alikes` are
    used in it where that saves parts.
    """
    if isinstance(decision, Refusal):
        if text is not None and _is_encoded(decision.reason):
            facts = merge(facts, {DecisionRule.ENCODING: _cost(text, look_alikes=look_alikes)})
        found = trace(
            now_ms, Verdict.REFUSE, decision.reason, facts=facts, is_scheduled=is_scheduled
        )
        return Explained(decision, found)
    plan = decision.plan if isinstance(decision, Hold) else decision
    facts = merge(facts, _plan_facts(plan))
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
        DecisionRule.ENCODING: {
            "encoding": plan.encoding,
            "parts": plan.part_count,
            **_characters(plan.text, plan.encoding, plan.carrier.alphabet),
        },
        DecisionRule.PARTS: {"count": plan.part_count, "limit": plan.carrier.max_parts},
    }


def _is_encoded(reason: Reason) -> bool:
    """Whether the rule of the reason comes after the encoding."""
    rules, rule = list(DecisionRule), RULE_OF.get(reason)
    return rule is not None and rules.index(rule) > rules.index(DecisionRule.ENCODING)


def _cost(text: str, *, look_alikes: bool) -> dict[str, Any]:
    """The encoding of a text that is refused, for a carrier that takes GSM 7 bit and UCS-2."""
    found = explain(text, look_alikes=look_alikes)
    cut = found.segments
    facts: dict[str, Any] = {"encoding": cut.encoding.label, "parts": len(cut.parts)}
    if found.replaced:
        replaced = sum(each.count for each in found.forced if each.look_alike is not None)
        facts |= saving_facts(found.replaced.parts, replaced)
    return facts | _shown(found.forced)


def _characters(text: str, encoding: str, alphabet: str) -> dict[str, Any]:
    """The characters that keep a text in UCS-2 out of the alphabet of the carrier."""
    if encoding != UCS2.label:
        return {}
    return _shown(explain(text, default=parse_encoding(alphabet), alternatives=False).forced)


def _shown(forced: Sequence[CostDriver]) -> dict[str, Any]:
    if not forced:
        return {}
    shown: dict[str, Any] = {
        "characters": [
            {
                "character": each.character,
                "codePoint": each.code_point,
                "count": each.count,
                "lookAlike": each.look_alike,
            }
            for each in forced[:_MOST_CHARACTERS]
        ]
    }
    if len(forced) > _MOST_CHARACTERS:
        shown["otherCharacters"] = len(forced) - _MOST_CHARACTERS
    return shown
