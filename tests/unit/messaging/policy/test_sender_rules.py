"""Sender rules: by the country that issued the eSIM, with the registrations of an account."""

from datetime import UTC, date, datetime

import msgspec
import pytest

from simpost.config.policy import PolicySettings
from simpost.config.sender_rules import (
    RegisteredSenderSettings,
    SenderRuleSettings,
    builtin_sender_rules,
)
from simpost.domain.accounts import Account
from simpost.domain.esims import Esim
from simpost.domain.messages import Category
from simpost.domain.policy.sender_rules import SenderAction, SenderRuleKind
from simpost.domain.reasons import Reason
from simpost.messaging.plan import Refusal, SendPlan
from simpost.messaging.policy.places import is_country
from simpost.messaging.policy.rules import PolicyRules
from simpost.messaging.policy.sender_rules import SenderRules
from simpost.messaging.policy.stops import Stops
from simpost.ports.carrier import CarrierCapabilities

ACME = Account(id=1, access_code="acme", secret="s")
OTHER = Account(id=2, access_code="other", secret="s")
NOW_MS = int(datetime(2026, 6, 15, 12, tzinfo=UTC).timestamp()) * 1000
NOT_STOPPED = Stops(store=None, clock_ms=lambda: 0)
CARRIER = CarrierCapabilities(name="main", sender="ACME", senders=frozenset({"AD-ACME", "12345"}))
TH, US, FR, AE, JP = "66812345678", "14155550100", "33612345678", "971501234567", "81901234567"
SenderRule, Registered = SenderRuleSettings, RegisteredSenderSettings


def decide(
    msisdn, sender="ACME", category=Category.SERVICE, account=ACME, rows=(), registered=(), **facts
):
    esim = Esim("1", facts.pop("iccid", ""), msisdn, "", "ENABLED", "IN_USE", 1, **facts)
    plan = SendPlan(CARRIER, msisdn, category, "gsm7", "x", ("x",), sender)
    policy = PolicySettings(quiet_hours=False)
    rules = PolicyRules(policy, (), NOT_STOPPED, SenderRules(rows, registered))
    return rules(account, esim, plan, NOW_MS)


def found(*facts, **more):
    """The country, rule and action of every rule that applied."""
    record = decide(*facts, **more).record
    rules = record.sender_rules if record else ()
    return [(each.country, each.rule.value, each.action.value) for each in rules]


@pytest.mark.parametrize(
    ("msisdn", "sender", "expected"),
    [
        (TH, "ACME", [("TH", "registration", "warn")]),
        (TH, "12345", []),
        (TH, "+12345", []),
        (TH, "", []),
        (US, "ACME", [("US", "not_supported", "warn"), ("CA", "not_supported", "warn")]),
        (FR, "ACME", []),
        (FR, "33612345678", [("FR", "replaced", "warn")]),
        (JP, "ACME", []),
        ("447700900001", "ACME", [("GB", "registration", "pass")]),
    ],
)
def test_by_default_a_rule_warns_and_refuses_nothing(msisdn, sender, expected):
    assert found(msisdn, sender) == expected
    assert isinstance(decide(msisdn, sender), SendPlan)


def test_the_issuer_decides_and_not_the_country_of_the_traveller():
    assert found(JP, country="TH", coverage="TH") == []
    assert found(TH, country="US", coverage="US") == [("TH", "registration", "warn")]


@pytest.mark.parametrize(
    ("iccid", "expected"),
    [
        ("8966000000000000012", [("TH", "registration", "warn")]),
        ("8901410000000000000", [("US", "not_supported", "warn"), ("CA", "not_supported", "warn")]),
        ("8988303000000000000", []),
        ("6690000000000000000", []),
        ("", []),
    ],
)
def test_without_a_number_the_iccid_names_the_issuer(iccid, expected):
    assert found("", iccid=iccid) == expected
    # A number of no country, as those of the Internet of Things.
    assert found("883110000000001", iccid=iccid) == expected


def test_the_number_counts_before_the_iccid():
    assert found(JP, iccid="8966000000000000012") == []


def test_a_registered_sender_meets_the_rule_until_its_last_day():
    today, yesterday = date(2026, 6, 15), date(2026, 6, 14)
    passes, warns = [("TH", "registration", "pass")], [("TH", "registration", "warn")]
    assert found(TH, registered=[Registered(sender="ACME")]) == passes
    assert found(TH, registered=[Registered(sender="ACME", until=today)]) == passes
    assert found(TH, registered=[Registered(sender="ACME", until=yesterday)]) == warns
    renewed = [Registered(sender="ACME", until=yesterday), Registered(sender="ACME", until=today)]
    assert found(TH, registered=renewed) == passes
    assert found(TH, registered=[Registered(sender="ACME", countries=("TH", "SG"))]) == passes
    assert found(TH, registered=[Registered(sender="ACME", countries=("SG",))]) == warns
    assert found(TH, registered=[Registered(sender="Acme")]) == warns


def test_a_registration_belongs_to_its_account():
    registered = [Registered(sender="ACME", account="acme")]
    assert found(TH, registered=registered) == [("TH", "registration", "pass")]
    assert found(TH, registered=registered, account=OTHER) == [("TH", "registration", "warn")]


def test_a_registration_does_not_help_where_names_are_not_supported():
    assert found(US, registered=[Registered(sender="ACME")])[0] == ("US", "not_supported", "warn")


def test_promotions_in_the_emirates_need_a_prefix():
    promotion = Category.PROMOTION
    registered = [Registered(sender="ACME"), Registered(sender="AD-ACME")]
    passes = ("AE", "registration", "pass")
    assert found(AE, registered=registered) == [passes]
    assert found(AE, "ACME", promotion, registered=registered) == [("AE", "form", "warn"), passes]
    assert found(AE, "AD-ACME", promotion, registered=registered) == [
        passes,
        ("AE", "form", "pass"),
    ]
    [advice, _] = decide(AE, "ACME", promotion, registered=registered).record.sender_rules
    assert advice.advice == "AE: the sender must begin with AD- and have at most 11 characters."


@pytest.mark.parametrize(
    ("rule", "more", "reason", "detail"),
    [
        ("not_supported", {}, Reason.SENDER_NOT_SUPPORTED, "JP: send from 12345."),
        ("registration", {}, Reason.SENDER_NOT_REGISTERED, "JP: the sender is not registered."),
        ("replaced", {}, Reason.SENDER_REPLACED, "JP: send from 12345."),
        (
            "form",
            {"max_length": 3},
            Reason.SENDER_FORM,
            "JP: the sender must have at most 3 characters.",
        ),
    ],
)
def test_the_settings_can_refuse(rule, more, reason, detail):
    row = SenderRule(
        countries=("JP",), rule=SenderRuleKind(rule), action=SenderAction.REFUSE, **more
    )
    decision = decide(JP, rows=[row])
    assert isinstance(decision, Refusal)
    assert (decision.reason, decision.detail) == (reason, detail)
    assert decision.record.sender_rules[0].action is SenderAction.REFUSE
    assert decision.record.decided_by
    assert isinstance(decide(JP, "12345", rows=[row]), SendPlan)


def test_a_number_is_replaced_by_a_name():
    row = SenderRule(
        countries=("FR",),
        rule=SenderRuleKind.REPLACED,
        action=SenderAction.REFUSE,
        senders="numbers",
    )
    assert decide(FR, "12345", rows=[row]).detail == "FR: send from ACME."


def test_without_a_number_of_the_carrier_the_advice_describes_one():
    row = SenderRule(
        countries=("JP",), rule=SenderRuleKind.NOT_SUPPORTED, action=SenderAction.REFUSE
    )
    rules = PolicyRules(PolicySettings(), (), NOT_STOPPED, SenderRules([row]))
    carrier = CarrierCapabilities(name="main", sender="ACME", senders=frozenset({"*"}))
    plan = SendPlan(carrier, JP, Category.SERVICE, "gsm7", "x", ("x",), "ACME")
    esim = Esim("1", "", JP, "", "ENABLED", "IN_USE", 1)
    said = rules(ACME, esim, plan, NOW_MS).detail
    assert said == "JP: send from a number that the carrier main allows."


def test_a_row_of_the_settings_replaces_all_rules_of_its_countries():
    row = SenderRule(countries=("AE",), rule=SenderRuleKind.REPLACED)
    assert found(AE, "ACME", Category.PROMOTION, rows=[row]) == [("AE", "replaced", "warn")]
    assert found(TH, rows=[row]) == [("TH", "registration", "warn")]
    both = [row, SenderRule(countries=("AE",), rule=SenderRuleKind.REGISTRATION)]
    assert len(found(AE, rows=both)) == 2
    no_rule = SenderRule(
        countries=("TH",), rule=SenderRuleKind.REGISTRATION, action=SenderAction.PASS
    )
    assert found(TH, rows=[no_rule]) == [("TH", "registration", "pass")]


def test_a_row_without_countries_applies_where_there_is_no_rule():
    row = SenderRule(rule=SenderRuleKind.FORM, max_length=3)
    assert found(JP, rows=[row]) == [("JP", "form", "warn")]
    assert found(TH, rows=[row]) == [("TH", "registration", "warn")]
    assert found("", rows=[row]) == [("", "form", "warn")]


def test_a_refusal_comes_before_the_opt_out_and_warnings_stay_in_its_record():
    refuse = SenderRule(
        countries=("TH",), rule=SenderRuleKind.REGISTRATION, action=SenderAction.REFUSE
    )
    promotion = Category.PROMOTION
    choices = {"choices": "promotion=no"}
    assert decide(TH, "ACME", promotion, rows=[refuse], **choices).reason is (
        Reason.SENDER_NOT_REGISTERED
    )
    opted_out = decide(TH, "ACME", promotion, **choices)
    assert opted_out.reason is Reason.OPTED_OUT
    assert opted_out.record.sender_rules[0].action is SenderAction.WARN


async def test_new_settings_apply_at_once():
    rules = PolicyRules(PolicySettings(), (), NOT_STOPPED)
    esim = Esim("1", "", TH, "", "ENABLED", "IN_USE", 1)
    plan = SendPlan(CARRIER, TH, Category.SERVICE, "gsm7", "x", ("x",), "ACME")
    assert rules(ACME, esim, plan, NOW_MS).record.sender_rules[0].action is SenderAction.WARN
    registered = (Registered(sender="ACME"),)
    settings = type(
        "Settings",
        (),
        {
            "policy": PolicySettings(),
            "open_hours": (),
            "sender_rules": (),
            "registered_senders": registered,
        },
    )
    await rules.reconfigure(settings)
    assert rules(ACME, esim, plan, NOW_MS).record.sender_rules[0].action is SenderAction.PASS


def test_the_shipped_rules_have_countries_a_source_and_its_date():
    rows = builtin_sender_rules()
    assert rows
    for row in rows:
        assert row.countries
        assert row.source
        assert row.checked_on
        assert row.action is not SenderAction.REFUSE
        assert all(map(is_country, row.countries))


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        ({"rule": "form"}, "needs prefix or max_length"),
        ({"rule": "replaced", "prefix": "AD-"}, "needs prefix or max_length"),
        ({"rule": "forbidden"}, "should be 'not_supported'"),
        ({"rule": "replaced", "countries": ["us"]}, "pattern"),
    ],
)
def test_a_row_with_a_mistake_is_no_setting(row, problem):
    with pytest.raises(ValueError, match=problem):
        SenderRule.model_validate_json(msgspec.json.encode(row))


@pytest.mark.parametrize("sender", ["", "TWELVE CHARS", "🙂"])
def test_a_registered_sender_must_be_a_sender(sender):
    with pytest.raises(ValueError, match="must"):
        Registered(sender=sender)
