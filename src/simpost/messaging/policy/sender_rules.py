"""The sender rules that a message meets, from the settings."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime
from typing import Final, NamedTuple, TypeAlias

from simpost.config.sender_rules import (
    RegisteredSenderSettings,
    SenderRuleSettings,
    builtin_sender_rules,
)
from simpost.domain.accounts import Account
from simpost.domain.decision_record import MOST_SENDER_RULES, SenderRuleUse
from simpost.domain.esims import Esim
from simpost.domain.policy.sender_rules import REFUSED_BY, SenderAction, SenderRuleKind
from simpost.messaging.plan import Refusal, SendPlan
from simpost.messaging.policy.places import issuing_countries
from simpost.ports.carrier import CarrierCapabilities

_MOST_REMEMBERED: Final = 4_096
_STRICTNESS: Final = (SenderAction.REFUSE, SenderAction.WARN, SenderAction.PASS)
_Row: TypeAlias = tuple[str, SenderRuleSettings]
"""A country and one of its rules."""


class SenderFinding(NamedTuple):
    """A rule that applies to a sender; `action` is `pass` when the sender meets it.

    `until` is the last day of the registration that meets the rule.
    """

    country: str
    rule: SenderRuleSettings
    action: SenderAction
    until: date | None = None

    def use(self, carrier: CarrierCapabilities) -> SenderRuleUse:
        """What a dry run shows of it."""
        is_met, rule = self.action is SenderAction.PASS, self.rule
        return SenderRuleUse(
            self.country,
            rule.rule,
            self.action,
            self.until,
            "" if is_met else advice_on(self, carrier),
            rule.source,
            rule.checked_on,
        )


class SenderRules:
    """The table of sender rules, and the registered senders."""

    def __init__(
        self,
        rows: Iterable[SenderRuleSettings] = (),
        registered: Iterable[RegisteredSenderSettings] = (),
    ) -> None:
        own = tuple(rows)
        replaced = {country for row in own for country in row.countries}
        self._of_country: dict[str, list[SenderRuleSettings]] = {}
        for row in builtin_sender_rules():
            self._add(row, without=replaced)
        for row in own:
            self._add(row)
        self._of_any = [row for row in own if not row.countries]
        self._registered: dict[tuple[str, str], list[RegisteredSenderSettings]] = {}
        for each in registered:
            self._registered.setdefault((each.account, each.sender), []).append(each)
        self._rows: dict[tuple[str, tuple[str, ...], str], tuple[_Row, ...]] = {}

    def find(
        self, account: Account, esim: Esim, plan: SendPlan, now_ms: int
    ) -> tuple[SenderFinding, ...]:
        """The rules that apply to the sender of the plan, the strictest ones first.

        A number that can belong to several countries has the rules of all of them. Without a sender
        the carrier chooses one, and no rule applies.
        """
        if not plan.sender:
            return ()
        key = (plan.sender, issuing_countries(esim), plan.category)
        rows = self._rows.get(key)
        if rows is None:
            rows = self._find_rows(*key)
        return self._judge_all(account, plan.sender, rows, now_ms) if rows else ()

    def _judge_all(
        self, account: Account, sender: str, rows: Sequence[_Row], now_ms: int
    ) -> tuple[SenderFinding, ...]:
        today = datetime.fromtimestamp(now_ms / 1000, UTC).date()
        found = (self._judge(account, sender, row, today) for row in rows)
        return tuple(sorted(found, key=_strictness)[:MOST_SENDER_RULES])

    def _find_rows(
        self, sender: str, countries: tuple[str, ...], category: str
    ) -> tuple[_Row, ...]:
        if len(self._rows) >= _MOST_REMEMBERED:
            self._rows.clear()
        kind = "numbers" if _is_number(sender) else "names"
        found = self._rows[sender, countries, category] = tuple(
            (country, row)
            for country in countries or ("",)
            for row in self._of_country.get(country, self._of_any)
            if row.senders == kind and (not row.categories or category in row.categories)
        )
        return found

    def _judge(self, account: Account, sender: str, row: _Row, today: date) -> SenderFinding:
        country, rule = row
        if rule.rule is SenderRuleKind.FORM and _has_form(sender, rule):
            return SenderFinding(country, rule, SenderAction.PASS)
        if rule.rule is SenderRuleKind.REGISTRATION:
            for each in self._registrations(account, sender):
                is_valid = each.until is None or today <= each.until
                if is_valid and (not each.countries or country in each.countries):
                    return SenderFinding(country, rule, SenderAction.PASS, each.until)
        return SenderFinding(country, rule, rule.action)

    def _registrations(self, account: Account, sender: str) -> Iterable[RegisteredSenderSettings]:
        yield from self._registered.get((account.access_code, sender), ())
        yield from self._registered.get(("", sender), ())

    def _add(self, row: SenderRuleSettings, without: Iterable[str] = ()) -> None:
        for country in row.countries:
            if country not in without:
                self._of_country.setdefault(country, []).append(row)


def find_sender_refusal(findings: Sequence[SenderFinding], plan: SendPlan) -> Refusal | None:
    """The refusal by the strictest rule; `None` if it does not refuse."""
    if not findings or findings[0].action is not SenderAction.REFUSE:
        return None
    first = findings[0]
    return Refusal(REFUSED_BY[first.rule.rule], advice_on(first, plan.carrier))


def advice_on(finding: SenderFinding, carrier: CarrierCapabilities) -> str:
    """The country, and what to do about a sender that does not meet the rule."""
    rule, where = finding.rule, finding.country or "The country of the eSIM"
    match rule.rule:
        case SenderRuleKind.FORM:
            wanted = [f"begin with {rule.prefix}"] if rule.prefix else []
            if rule.max_length:
                wanted.append(f"have at most {rule.max_length} characters")
            return f"{where}: the sender must {' and '.join(wanted)}."
        case SenderRuleKind.REGISTRATION:
            return f"{where}: the sender is not registered."
        case SenderRuleKind.NOT_SUPPORTED | SenderRuleKind.REPLACED:
            return f"{where}: send from {_substitute(rule, carrier)}."


def _substitute(rule: SenderRuleSettings, carrier: CarrierCapabilities) -> str:
    """A sender of the carrier that the rule does not apply to, or a description of one."""
    wants_number = rule.senders == "names"
    for sender in (carrier.sender, *sorted(carrier.senders - {"*"})):
        if sender and _is_number(sender) == wants_number:
            return sender
    kind = "number" if wants_number else "name"
    return f"a {kind} that the carrier {carrier.name} allows"


def _strictness(finding: SenderFinding) -> int:
    return _STRICTNESS.index(finding.action)


def _is_number(sender: str) -> bool:
    return sender.removeprefix("+").isdigit()


def _has_form(sender: str, rule: SenderRuleSettings) -> bool:
    return sender.startswith(rule.prefix) and (
        not rule.max_length or len(sender) <= rule.max_length
    )
