"""What a code counts for, and when a budget can be used again."""

from datetime import UTC, datetime

import pytest

from simpost.domain.code_budgets import (
    CodeBudget,
    CodeLimits,
    CodeSubjects,
    account_quotas,
    esim_quotas,
    refusal_of,
    subjects_of,
)
from simpost.domain.esims import Esim
from simpost.domain.policy.budgets import period_end_ms
from simpost.domain.policy.quotas import QuotaReached, key_of

NOON_MS = int(datetime(2026, 11, 29, 12, 30, tzinfo=UTC).timestamp() * 1000)
EVERY = CodeLimits(hour=dict.fromkeys(CodeBudget, 5), day=dict.fromkeys(CodeBudget, 50))
SUBJECTS = CodeSubjects("8988", key="k1", prefix="6681000", country="TH", plan="TH_1_7")


def ms(*time: int) -> int:
    return int(datetime(*time, tzinfo=UTC).timestamp() * 1000)  # type: ignore[misc]


@pytest.mark.parametrize(
    ("period", "end_ms"),
    [
        ("2026-11-29T12", ms(2026, 11, 29, 13)),
        ("2026-11-29T23", ms(2026, 11, 30)),
        ("2026-12-31", ms(2027, 1, 1)),
        ("2026-12", ms(2027, 1, 1)),
        ("2028-02", ms(2028, 3, 1)),
    ],
)
def test_a_period_ends_where_the_next_begins(period: str, end_ms: int) -> None:
    assert period_end_ms(period) == end_ms


def test_a_code_uses_every_budget_that_has_a_limit() -> None:
    counters = [quota.counter for quota in account_quotas(EVERY, SUBJECTS, NOON_MS)]
    assert counters == [
        f"budget:code:{name}"
        for name in (
            "account:hour:",
            "account:day:",
            "key:hour:k1",
            "key:day:k1",
            "prefix:hour:6681000",
            "prefix:day:6681000",
            "country:hour:TH",
            "country:day:TH",
            "plan:hour:TH_1_7",
            "plan:day:TH_1_7",
        )
    ]
    assert account_quotas(CodeLimits(), SUBJECTS, NOON_MS) == ()
    unknown = account_quotas(EVERY, CodeSubjects("8988"), NOON_MS)
    assert {quota.counter for quota in unknown} == {
        "budget:code:account:hour:",
        "budget:code:account:day:",
    }


def test_counts_of_an_esim_are_shared_by_all_accounts() -> None:
    hour, day = esim_quotas(EVERY, "8988", NOON_MS)
    assert key_of(1, hour) == key_of(2, hour) == (0, "budget:code:esim:hour:8988", "2026-11-29T12")
    refusal = refusal_of(QuotaReached(day, 50))
    assert (refusal.budget, refusal.until_ms) == ("code:esim:day", ms(2026, 11, 30))


def test_an_esim_is_its_iccid_and_its_number_has_a_prefix() -> None:
    facts = {"imsi": "", "smdp_status": "", "esim_status": "", "sms_status": 1}
    esim = Esim("E1", "8988", "66810000001", **facts, slug="TH_1_7", package_code="P")  # type: ignore[arg-type]
    found = subjects_of(esim, "k1", ("TH",))
    assert found == SUBJECTS
    bare = Esim("E1", "", "", **facts)  # type: ignore[arg-type]
    assert subjects_of(bare, "", ()) == CodeSubjects("E1")
