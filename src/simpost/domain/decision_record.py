"""What is kept of a decision: facts that could not be found out later.

A record has no text, no code and no phone number. Its JSON has at most MOST_OCTETS octets.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Final

import msgspec

from simpost.domain.esims import Esim
from simpost.domain.policy.budgets import budget_name
from simpost.domain.policy.quotas import Quota
from simpost.domain.policy.sender_rules import SenderAction, SenderRuleKind
from simpost.domain.reasons import Reason

MOST_OCTETS: Final = 2_048
"""Most octets of one record as JSON."""
MOST_NAMES: Final = 8
"""Most countries, and most time zones, of a record."""
MOST_QUOTAS: Final = 12
MOST_SENDER_RULES: Final = 4
_MOST_CHARACTERS: Final = 40


class QuotaUse(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What a message uses of a quota; `budget` is empty for the daily cap of an eSIM."""

    budget: str
    period: str
    amount: int
    limit: int


class SenderRuleUse(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """A sender rule that applied.

    Attributes:
        action: what was done about it; `pass` if the sender meets it.
        until: last day of the registration.
        advice: what to do about the sender.
        source, checked_on: where and when the rule was read.

    A record that is stored has neither `until` nor `advice`, `source` and `checked_on`.
    """

    country: str
    rule: SenderRuleKind
    action: SenderAction
    until: date | None = None
    advice: str = ""
    source: str = ""
    checked_on: date | None = None


class DecisionRecord(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """The facts of one decision; a field with its default was not looked at.

    Attributes:
        at_ms, verdict, reason, until_ms: empty where the row of the message or refusal has them.
        scheduled: the message was to be sent later, so most of policy was not applied yet.
        category, package_code, sms_status, esim_status, smdp_status: of refusals only.
        decided_by: what decided the opt-out, as in `DecidedBy`.
        category_parts: most parts in the category.
        part_count: parts of the message; 0 where the row has it.
        countries, zones: where quiet hours applied; `other_zones` counts those not listed.
        opens_ms, closes_ms: the open hours around the time of the decision, or the next ones.
        quotas: what the message uses of caps and budgets.
        used: what was used of each quota before the message, in the order of `quotas`.
        cheaper_parts: parts that the text would have with look-alikes, if those save parts.
        replaceable: characters that would be replaced for that.
        sender_rules: the rules of countries that applied to the sender, the strictest first.
        monitored: of a code that a filter would refuse and that is monitored only: how many
            verifications of the prefix ended in the hour, and how many of these were verified.
    """

    at_ms: int = 0
    verdict: str = ""
    reason: Reason | None = None
    until_ms: int | None = None
    scheduled: bool = False
    category: str | None = None
    package_code: str = ""
    sms_status: int | None = None
    esim_status: str = ""
    smdp_status: str = ""
    decided_by: str = ""
    category_parts: int | None = None
    part_count: int = 0
    countries: tuple[str, ...] = ()
    zones: tuple[str, ...] = ()
    other_zones: int = 0
    opens_ms: int | None = None
    closes_ms: int | None = None
    quotas: tuple[QuotaUse, ...] = ()
    used: tuple[int, ...] = ()
    cheaper_parts: int = 0
    replaceable: int = 0
    sender_rules: tuple[SenderRuleUse, ...] = ()
    monitored: tuple[int, int] | None = None


NO_FACTS: Final = DecisionRecord()

_encode = msgspec.json.Encoder().encode
_decoder = msgspec.json.Decoder(DecisionRecord)
_decode, _decode_all = _decoder.decode, _decoder.decode_lines


def quota_uses(quotas: Iterable[Quota]) -> tuple[QuotaUse, ...]:
    """What is kept of the first MOST_QUOTAS quotas."""
    return tuple(
        QuotaUse(
            budget="" if quota.reason is Reason.CAP_REACHED else budget_name(quota.counter),
            period=quota.period,
            amount=quota.amount,
            limit=quota.limit,
        )
        for quota in (*quotas,)[:MOST_QUOTAS]
    )


def with_quotas(record: DecisionRecord | None, quotas: Sequence[Quota]) -> DecisionRecord | None:
    """The record with the quotas that a message uses; `None` if there is nothing to keep."""
    if not quotas:
        return record
    return msgspec.structs.replace(record or NO_FACTS, quotas=quota_uses(quotas))


def with_monitored(record: DecisionRecord | None, ended: int, verified: int) -> DecisionRecord:
    """The record of a code that a filter would refuse."""
    return msgspec.structs.replace(record or NO_FACTS, monitored=(ended, verified))


def with_esim(record: DecisionRecord | None, esim: Esim) -> DecisionRecord:
    """The record with what the rules about plan and profile looked at."""
    return msgspec.structs.replace(
        record or NO_FACTS,
        package_code=esim.package_code[:_MOST_CHARACTERS],
        sms_status=esim.sms_status,
        esim_status=esim.esim_status[:_MOST_CHARACTERS],
        smdp_status=esim.smdp_status[:_MOST_CHARACTERS],
    )


def encode_record(record: DecisionRecord | None) -> str | None:
    """The record as JSON in one line, without the facts of dry runs."""
    if record is None:
        return None
    if record.sender_rules:
        kept = (SenderRuleUse(each.country, each.rule, each.action) for each in record.sender_rules)
        record = msgspec.structs.replace(record, sender_rules=(*kept,)[:MOST_SENDER_RULES])
    return _encode(record).decode()


def with_used(encoded: str | None, used: Sequence[int]) -> str | None:
    """The JSON of a record with what was used of its quotas; only the commit knows that."""
    if encoded is None or not used:
        return encoded
    return f'{encoded[:-1]},"used":{list(used[:MOST_QUOTAS])}}}'


def decode_record(encoded: str | None) -> DecisionRecord | None:
    """The record of its JSON."""
    return _decode(encoded) if encoded else None


def decode_records(lines: str | None) -> tuple[DecisionRecord, ...]:
    """The records of a text with one in each line."""
    return tuple(_decode_all(lines)) if lines else ()
