"""The trace says of every rule whether it passed, ended the decision, or was not reached."""

from __future__ import annotations

import pytest

from simpost.domain.reasons import Reason
from simpost.messaging.trace import RULE_OF, DecisionRule, Verdict, trace

ORDER = list(DecisionRule)


def said(reason: Reason | None, verdict: Verdict = Verdict.REFUSE, **more: bool) -> list[Verdict]:
    return [each.verdict for each in trace(1, verdict, reason, **more).rules]


def test_without_a_reason_all_rules_passed() -> None:
    assert set(said(None, Verdict.PASSES)) == {Verdict.PASSES}
    assert [each.rule for each in trace(1, Verdict.PASSES, None).rules] == ORDER


@pytest.mark.parametrize("reason", sorted(RULE_OF))
def test_the_rule_of_the_reason_ends_the_decision(reason: Reason) -> None:
    place = ORDER.index(RULE_OF[reason])
    rest = len(ORDER) - place - 1
    assert said(reason) == [
        *[Verdict.PASSES] * place,
        Verdict.REFUSE,
        *[Verdict.NOT_REACHED] * rest,
    ]


def test_an_expiry_is_looked_at_when_a_message_is_held() -> None:
    found = dict(zip(ORDER, said(Reason.QUIET_HOURS, Verdict.HOLD), strict=True))
    assert found[DecisionRule.QUIET_HOURS] is Verdict.HOLD
    assert found[DecisionRule.EXPIRY] is Verdict.PASSES
    assert found[DecisionRule.BUDGET] is found[DecisionRule.CAP] is Verdict.NOT_REACHED


def test_policy_is_not_looked_at_before_a_scheduled_message_is_due() -> None:
    found = dict(zip(ORDER, said(Reason.EXPIRES_AT_TOO_FAR, is_scheduled=True), strict=True))
    assert found[DecisionRule.EXPIRY] is Verdict.REFUSE
    assert found[DecisionRule.OPT_OUT] is found[DecisionRule.QUIET_HOURS] is Verdict.NOT_REACHED
    assert found[DecisionRule.STOP] is Verdict.PASSES


@pytest.mark.parametrize("reason", [Reason.ACCOUNT_DISABLED, Reason.VALIDITY_EXPIRED])
def test_what_ends_a_message_before_all_rules_reaches_none(reason: Reason) -> None:
    assert set(said(reason)) == {Verdict.NOT_REACHED}
