"""The rules of policy: who may be sent what, and when. Times were worked out by hand."""

from datetime import UTC, date, datetime, timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simpost.config.policy import OpenHoursSettings, PolicySettings
from simpost.domain.accounts import Account
from simpost.domain.esims import Esim
from simpost.domain.messages import Category
from simpost.domain.reasons import Reason
from simpost.messaging.decision import Hold
from simpost.messaging.plan import Refusal, SendPlan
from simpost.messaging.policy.places import zones_of
from simpost.messaging.policy.rules import PolicyRules
from simpost.messaging.policy.stops import Stops
from simpost.ports.carrier import CarrierCapabilities

ACCOUNT = Account(id=1, access_code="acme", secret="s")
ESIM = Esim("1", "89", "", "", "ENABLED", "IN_USE", 1)
CARRIER = CarrierCapabilities(name="main")
AT_ONCE = PolicySettings(spread_s=0)
NOT_STOPPED = Stops(store=None, clock_ms=lambda: 0)


def plan(category=Category.PROMOTION, parts=1):
    return SendPlan(CARRIER, "447700900001", category, "gsm7", "x" * parts, ("x",) * parts)


def ms(text):
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) * 1000


def decide(at, category=Category.PROMOTION, settings=AT_ONCE, rows=(), parts=1, **facts):
    esim = msgspec.structs.replace(ESIM, **facts)
    return PolicyRules(settings, rows, NOT_STOPPED)(ACCOUNT, esim, plan(category, parts), ms(at))


def held_until(decision):
    assert isinstance(decision, Hold)
    assert decision.reason is Reason.QUIET_HOURS
    return datetime.fromtimestamp(decision.until_ms / 1000, UTC).isoformat()[:16]


@pytest.mark.parametrize(
    ("country", "at", "until"),
    [
        # Great Britain: 09:00 to 20:00; UTC in winter, one hour ahead in summer.
        ("GB", "2026-01-15T08:59:59", "2026-01-15T09:00"),
        ("GB", "2026-01-15T20:00:00", "2026-01-16T09:00"),
        ("GB", "2026-07-15T19:00:00", "2026-07-16T08:00"),
        # The night in which the clocks go back (25 October) and forward (29 March).
        ("GB", "2026-10-24T20:00:00", "2026-10-25T09:00"),
        ("GB", "2026-03-28T20:00:00", "2026-03-29T08:00"),
        # France: not on Sundays. 15 February is one.
        ("FR", "2026-02-14T19:00:00", "2026-02-16T07:00"),
        # India: 10:00 to 21:00, five and a half hours ahead.
        ("IN", "2026-01-15T15:30:00", "2026-01-16T04:30"),
        # The Emirates: from 07:00, four hours ahead.
        ("AE", "2026-01-15T02:00:00", "2026-01-15T03:00"),
        # The United States: 08:00 in Adak (UTC-10) is the last morning, 21:00 in New York
        # (UTC-5) the first evening.
        ("US", "2026-01-15T17:00:00", "2026-01-15T18:00"),
        ("US", "2026-01-16T02:00:00", "2026-01-16T18:00"),
        # Kiribati: from UTC+12 to UTC+14. 09:00 in Tarawa, 20:00 in Kiritimati.
        ("KI", "2026-01-15T20:00:00", "2026-01-15T21:00"),
        ("KI", "2026-01-15T06:00:00", "2026-01-15T21:00"),
        # Nepal: five hours and three quarters ahead.
        ("NP", "2026-01-15T03:00:00", "2026-01-15T03:15"),
        # Nothing is known: UTC.
        ("", "2026-01-15T20:00:00", "2026-01-16T09:00"),
    ],
)
def test_outside_open_hours_it_is_held_until_they_begin(country, at, until):
    assert held_until(decide(at, country=country)) == until
    assert isinstance(decide(until, country=country), SendPlan)


@pytest.mark.parametrize(
    ("country", "at"),
    [
        ("GB", "2026-01-15T09:00:00"),
        ("GB", "2026-01-15T19:59:59"),
        ("GB", "2026-07-15T08:00:00"),
        ("IN", "2026-01-15T04:30:00"),
        ("US", "2026-01-15T18:00:00"),
        ("US", "2026-01-16T01:59:59"),
        ("CA", "2026-01-17T18:00:00"),
    ],
)
def test_inside_open_hours_it_is_sent(country, at):
    assert isinstance(decide(at, country=country), SendPlan)


@pytest.mark.parametrize("category", [Category.CODE, Category.SERVICE, Category.SUPPORT])
def test_codes_service_and_support_pass_at_any_hour(category):
    passed = decide("2026-01-15T03:00:00", category, country="GB", parts=9)
    assert passed == plan(category, 9)


def test_the_last_known_country_counts_before_the_plan_and_the_number():
    facts = {"country": "GB", "coverage": "TH", "msisdn": "33612345678"}
    assert held_until(decide("2026-01-15T03:00:00", **facts)) == "2026-01-15T09:00"


def test_a_plan_for_one_country_counts_before_the_number():
    facts = {"coverage": "TH", "msisdn": "33612345678"}
    assert held_until(decide("2026-01-15T01:00:00", **facts)) == "2026-01-15T02:00"


@pytest.mark.parametrize("coverage", ["", "!RG", "!GL", "TH,MY"])
def test_otherwise_the_country_of_the_number_counts(coverage):
    found = decide("2026-01-15T01:00:00", coverage=coverage, msisdn="66812345678")
    assert held_until(found) == "2026-01-15T02:00"


def test_all_countries_of_a_shared_code_must_be_open():
    # +7 is Russia and Kazakhstan: 09:00 in Kaliningrad (UTC+2), 20:00 in Kamchatka (UTC+12).
    assert held_until(decide("2026-01-15T06:59:59", msisdn="79161234567")) == "2026-01-15T07:00"
    assert isinstance(decide("2026-01-15T07:59:59", msisdn="79161234567"), SendPlan)
    assert held_until(decide("2026-01-15T08:00:00", msisdn="79161234567")) == "2026-01-16T07:00"


def test_without_open_hours_within_two_weeks_it_is_refused():
    rows = (OpenHoursSettings(countries=("RU",), hours=("10:00-18:00",)),)
    found = decide("2026-01-15T07:00:00", rows=rows, country="RU")
    assert isinstance(found, Refusal)
    assert found.reason is Reason.NO_OPEN_HOURS


def test_own_hours_of_the_traveller_replace_those_of_the_country():
    always = decide("2026-01-15T03:00:00", country="GB", open_hours="always")
    assert isinstance(always, SendPlan)
    evening = decide("2026-01-15T12:00:00", country="GB", open_hours="18:00-22:00")
    assert held_until(evening) == "2026-01-15T18:00"


def test_hours_of_a_later_time_do_not_hold_what_is_sent_now():
    """A preview asks about a later time. Great Britain: 09:00 to 20:00, UTC in winter."""
    rules = PolicyRules(AT_ONCE, (), NOT_STOPPED)
    esim = msgspec.structs.replace(ESIM, country="GB")
    later = ("2026-01-16T12:00:00", "2026-01-15T21:00:00", "2026-01-15T14:00:00")
    decisions = [rules(ACCOUNT, esim, plan(), ms(at)) for at in (*later, "2026-01-15T12:00:00")]
    assert [type(each) for each in decisions] == [SendPlan, Hold, SendPlan, SendPlan]


TRAVELLERS = [
    (msgspec.structs.replace(ACCOUNT, **of_account), msgspec.structs.replace(ESIM, **facts))
    for of_account, facts in [
        ({}, {"country": "GB"}),
        ({}, {"country": "NP"}),
        ({}, {"country": "GB", "esim_tran_no": "2"}),
        ({}, {"country": "GB", "open_hours": "10:00-11:00"}),
        ({}, {"country": "GB", "choices": "promotion=yes"}),
        ({"open_hours": "12:00-13:00"}, {"country": "GB"}),
        ({"choices": "promotion=yes"}, {"country": "GB"}),
    ]
]


@given(
    st.lists(
        st.tuples(
            st.integers(ms("2026-03-27T00:00:00"), ms("2026-04-02T00:00:00")),
            st.sampled_from(TRAVELLERS),
            st.sampled_from([Category.NOTICE, Category.PROMOTION]),
        ),
        max_size=9,
    )
)
def test_a_decision_does_not_depend_on_what_was_asked_before(asked):
    rules = PolicyRules(AT_ONCE, (), NOT_STOPPED)
    for now_ms, (account, esim), category in asked:
        fresh = PolicyRules(AT_ONCE, (), NOT_STOPPED)
        first, again = (each(account, esim, plan(category), now_ms) for each in (rules, fresh))
        assert type(first) in (SendPlan, Hold)
        assert first == again


def test_rows_of_the_settings_replace_those_that_are_shipped():
    rows = (
        OpenHoursSettings(
            countries=("GB",),
            categories=frozenset({Category.NOTICE}),
            hours=("Mon 12:00-13:00",),
        ),
    )
    notice = decide("2026-01-15T10:00:00", Category.NOTICE, rows=rows, country="GB")
    assert held_until(notice) == "2026-01-19T12:00"
    assert isinstance(decide("2026-01-15T10:00:00", rows=rows, country="GB"), SendPlan)


def test_public_holidays_are_closed_where_the_row_says_so():
    holidays = PolicySettings(spread_s=0, holidays={"FR": (date(2026, 5, 1),)})
    found = decide("2026-04-30T20:00:00", settings=holidays, country="FR")
    assert held_until(found) == "2026-05-02T06:00"
    assert held_until(decide("2026-04-30T20:00:00", country="FR")) == "2026-05-01T06:00"


def test_quiet_hours_can_be_switched_off():
    off = PolicySettings(quiet_hours=False)
    assert isinstance(decide("2026-01-15T03:00:00", settings=off, country="GB"), SendPlan)


def test_releases_are_spread_over_the_first_minutes():
    settings = PolicySettings(spread_s=600)
    rules = PolicyRules(settings, (), NOT_STOPPED)
    esim = msgspec.structs.replace(ESIM, country="GB")
    start_ms = ms("2026-01-15T09:00:00")
    found = [
        rules(ACCOUNT, esim, plan(), ms("2026-01-15T03:00:00")).until_ms - start_ms
        for _ in range(300)
    ]
    assert min(found) >= 0
    assert max(found) <= 600_000
    assert max(found) - min(found) > 300_000


def test_a_daily_limit_counts_by_esim_category_and_local_day():
    # 20:30 UTC on the 15th is the morning of the 16th in Auckland.
    quotas = decide("2026-01-15T20:30:00", country="NZ", settings=PolicySettings(quiet_hours=False))
    [quota] = quotas.quotas
    assert (quota.counter, quota.period) == ("promotion:1", "2026-01-16")
    assert (quota.amount, quota.limit, quota.reason) == (1, 2, Reason.CAP_REACHED)
    assert quota.expires_ms >= ms("2026-01-18T00:00:00")


@given(
    # A quarter, half or three quarters of an hour beside the hours of UTC, with and without summer.
    country=st.sampled_from(["NP", "AF", "IR", "AU", "CA", "NZ", "IE", "CL", "EG", "US", "KI"]),
    day=st.dates(date(2026, 1, 2), date(2037, 1, 1)),
)
def test_the_day_of_a_daily_limit_begins_to_the_millisecond(country, day):
    rules = PolicyRules(PolicySettings(quiet_hours=False), (), NOT_STOPPED)
    esim = msgspec.structs.replace(ESIM, country=country)
    midnight = datetime(day.year, day.month, day.day, tzinfo=zones_of((country,))[0])
    for after_ms, expected in ((-1, day - timedelta(days=1)), (0, day)):
        now_ms = int(midnight.timestamp()) * 1000 + after_ms
        [quota] = rules(ACCOUNT, esim, plan(), now_ms).quotas
        assert quota.period == expected.isoformat()


@pytest.mark.parametrize(("category", "limit"), [(Category.NOTICE, 5), (Category.PROMOTION, 2)])
def test_notices_and_promotions_have_daily_limits(category, limit):
    [quota] = decide("2026-01-15T12:00:00", category, country="GB").quotas
    assert quota.limit == limit


def test_a_limit_of_0_is_none_and_others_keep_their_default():
    settings = PolicySettings(daily_limit={Category.PROMOTION: 0, Category.SUPPORT: 7})
    at = "2026-01-15T12:00:00"
    assert decide(at, settings=settings, country="GB").quotas == ()
    assert decide(at, Category.NOTICE, settings, country="GB").quotas[0].limit == 5
    assert decide(at, Category.SUPPORT, settings, country="GB").quotas[0].limit == 7


def test_a_promotion_of_more_parts_than_allowed_is_refused():
    at = "2026-01-15T12:00:00"
    assert isinstance(decide(at, parts=3, country="GB"), SendPlan)
    refused = decide(at, parts=4, country="GB")
    assert isinstance(refused, Refusal)
    assert refused.reason is Reason.CATEGORY_PARTS
    assert refused.detail == "4 parts, 3 at most in promotion"
    assert (refused.record.part_count, refused.record.category_parts) == (4, 3)
    assert isinstance(decide(at, Category.NOTICE, parts=9, country="GB"), SendPlan)


@pytest.mark.parametrize(
    "settings",
    [
        {"daily_limit": {"code": 5}},
        {"daily_limit": {"notice": -1}},
        {"daily_limit": {"notice": 1001}},
        {"daily_limit": {"advert": 1}},
        {"max_parts": {"promotion": 0}},
        {"max_parts": {"promotion": 256}},
        {"spread_s": 3601},
        {"holidays": {"France": ["2026-12-25"]}},
        {"holidays": {"FR": ["tomorrow"]}},
    ],
)
def test_impossible_settings_are_refused(settings):
    with pytest.raises(ValueError, match="1 validation error"):
        PolicySettings.model_validate_json(msgspec.json.encode(settings))


@pytest.mark.parametrize(
    "row",
    [
        {"hours": []},
        {"hours": ["8 to 20"]},
        {"hours": ["08:00-20:00"] * 15},
        {"hours": ["08:00-20:00"], "countries": ["fr"]},
        {"hours": ["08:00-20:00"], "categories": ["code"]},
    ],
)
def test_impossible_rows_are_refused(row):
    with pytest.raises(ValueError, match="1 validation error"):
        OpenHoursSettings.model_validate_json(msgspec.json.encode(row))
