"""Every reason of a decision has a rule in its trace, and every rule is in docs/api.md."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from simpost.domain.policy.sender_rules import REFUSED_BY, SenderRuleKind
from simpost.domain.reasons import Reason
from simpost.messaging.trace import RULE_OF, DecisionRule, Verdict

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src" / "simpost"
DECIDING = (
    *(SOURCE / "messaging" / name for name in ("decision.py", "intake.py", "phone_texts.py")),
    *sorted((SOURCE / "messaging" / "policy").glob("*.py")),
    *sorted((SOURCE / "domain" / "policy").glob("*.py")),
    *sorted((SOURCE / "features" / "templates").glob("*.py")),
    SOURCE / "domain" / "esims.py",
    SOURCE / "api" / "v1" / "messages" / "content.py",
)
BEFORE_ALL_RULES = {Reason.REQUEST_ID_REUSED, Reason.ACCOUNT_DISABLED}
"""The request was decided earlier, or the account may not send at all."""
PAGE = (ROOT / "docs" / "api.md").read_text("utf-8")
PARAGRAPH = PAGE.partition("`rules` has every rule")[2].partition("\n\n")[0]


def reasons_of(path: Path) -> Iterator[Reason]:
    """The reasons that the code of a file names."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Attribute) and ast.unparse(node.value) == "Reason":
            yield Reason[node.attr]


def test_every_reason_of_a_decision_has_a_rule() -> None:
    given = {reason for path in DECIDING for reason in reasons_of(path)}
    assert {Reason.OPTED_OUT, Reason.NO_ROUTE, Reason.SENDER_FORM, Reason.ESIM_EXPIRED} <= given
    assert given - set(RULE_OF) == BEFORE_ALL_RULES


def test_every_rule_of_countries_has_a_reason() -> None:
    assert set(REFUSED_BY) == set(SenderRuleKind)


def test_every_rule_that_can_refuse_has_a_reason() -> None:
    only_warns = {DecisionRule.ENCODING}
    assert set(RULE_OF.values()) == set(DecisionRule) - only_warns


def test_the_page_lists_every_rule_in_its_order_and_every_verdict() -> None:
    listed = re.findall(r"`(\w+)`", PARAGRAPH.partition(". Its `verdict`")[0])
    assert listed == [str(rule) for rule in DecisionRule]
    assert {str(verdict) for verdict in Verdict} <= set(re.findall(r"`(\w+)`", PARAGRAPH))
