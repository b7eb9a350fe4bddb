"""Records of decisions: what they keep, and how large they can be."""

from datetime import date

import msgspec

from simpost.domain.decision_record import (
    MOST_NAMES,
    MOST_OCTETS,
    MOST_QUOTAS,
    MOST_SENDER_RULES,
    DecisionRecord,
    SenderRuleUse,
    decode_record,
    decode_records,
    encode_record,
    quota_uses,
    with_esim,
    with_quotas,
    with_used,
)
from simpost.domain.esims import Esim
from simpost.domain.policy.quotas import Quota
from simpost.domain.policy.sender_rules import SenderAction, SenderRuleKind
from simpost.domain.reasons import Reason

FAR_MS = 9_999_999_999_999
LARGE = 2_147_483_647
ESIM = Esim(
    "2" * 32, "8" * 20, "6" * 15, "5" * 15, "s" * 99, "e" * 99, LARGE, package_code="p" * 99
)


SENDER_RULE = SenderRuleUse(
    "GB",
    max(SenderRuleKind, key=len),
    max(SenderAction, key=len),
    date(2026, 11, 1),
    "GB: send from 447700900123.",
    "s" * 999,
    date(2026, 11, 1),
)


def quota(counter, reason=Reason.BUDGET_REACHED):
    return Quota(counter, "2026-11-29", LARGE, LARGE, reason, FAR_MS, (50, 80, 100))


def test_the_largest_record_stays_below_its_bound():
    quotas = [quota(f"budget:month:{'9' * 15}") for _ in range(MOST_QUOTAS + 9)]
    zones = ("America/Argentina/ComodRivadavia",) * MOST_NAMES
    record = DecisionRecord(
        at_ms=FAR_MS,
        verdict="refuse",
        reason=max(Reason, key=len),
        until_ms=FAR_MS,
        scheduled=True,
        category="promotion",
        decided_by="category",
        category_parts=LARGE,
        part_count=LARGE,
        countries=("GB",) * MOST_NAMES,
        zones=zones,
        other_zones=LARGE,
        opens_ms=FAR_MS,
        closes_ms=FAR_MS,
        sender_rules=(SENDER_RULE,) * (MOST_SENDER_RULES + 9),
    )
    whole = with_quotas(with_esim(record, ESIM), quotas)
    encoded = with_used(encode_record(whole), [LARGE] * len(quotas))
    assert len(encoded.encode()) <= MOST_OCTETS
    found = decode_record(encoded)
    assert len(found.quotas) == len(found.used) == MOST_QUOTAS


def test_a_record_has_no_number_of_the_esim_and_of_the_cap():
    cap = quota(f"notice:{ESIM.esim_tran_no}", Reason.CAP_REACHED)
    encoded = encode_record(with_quotas(with_esim(None, ESIM), [cap]))
    for number in (ESIM.esim_tran_no, ESIM.iccid, ESIM.msisdn, ESIM.imsi):
        assert number not in encoded
    assert [each.budget for each in quota_uses([cap, quota("budget:day:")])] == ["", "day"]


def test_what_was_used_is_added_to_the_json_and_read_back():
    record = with_quotas(DecisionRecord(zones=("Asia/Tokyo",)), [quota("budget:day:")])
    assert decode_record(with_used(encode_record(record), [7])) == msgspec.structs.replace(
        record, used=(7,)
    )
    assert with_used(None, [7]) is None
    assert with_used("{}", []) == "{}"


def test_without_quotas_there_is_no_record_of_them():
    assert with_quotas(None, ()) is None
    assert encode_record(None) is None
    assert decode_records(None) == ()
    assert decode_record(None) is None


def test_of_a_sender_rule_the_country_the_rule_and_the_action_are_kept():
    encoded = encode_record(DecisionRecord(sender_rules=(SENDER_RULE,)))
    assert "447700900123" not in encoded
    [kept] = decode_record(encoded).sender_rules
    assert kept == SenderRuleUse(SENDER_RULE.country, SENDER_RULE.rule, SENDER_RULE.action)
