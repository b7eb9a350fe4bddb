"""Budgets of one-time codes: how often codes are sent to an eSIM, and on behalf of whom.

Those of an eSIM count over all accounts, and are enforced by the start of a verification. The
others count per account, and are enforced by the commit of the message that has the code.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

import msgspec

from simpost.domain.esims import Esim
from simpost.domain.policy.budgets import budget_name, hour_of, period_end_ms, periods_of
from simpost.domain.policy.quotas import Quota, QuotaKey, QuotaReached
from simpost.domain.reasons import Reason

_DAY_MS: Final = 86_400_000
_HOUR_MS: Final = 3_600_000
_ALARM_PERCENTS: Final = (50, 80, 100)
_SUBSCRIBER_DIGITS: Final = 4
_LONGEST_NAME: Final = 64
ALL_ACCOUNTS: Final = 0
"""The account of counts that all accounts share."""


class CodeBudget(StrEnum):
    """What a budget of codes counts."""

    ESIM = "esim"
    ACCOUNT = "account"
    KEY = "key"
    PREFIX = "prefix"
    COUNTRY = "country"
    PLAN = "plan"


class CodeLimits(msgspec.Struct, frozen=True, gc=False):
    """How many codes may be sent; a budget that is missing or 0 has no limit.

    Attributes:
        esim_wait_ms: between two codes to an eSIM, whatever verification they are of. A code that
            is verified ends the wait.
        hour, day: sends in an hour and in a day, both in UTC.
    """

    esim_wait_ms: int = 0
    hour: Mapping[CodeBudget, int] = {}
    day: Mapping[CodeBudget, int] = {}


class CodeSubjects(msgspec.Struct, frozen=True, gc=False):
    """What a code is counted for; an empty string where it is not known.

    Attributes:
        esim: the ICCID, else the esimTranNo.
        key: id of the API key of the caller; empty if the caller gave the secret of the account.
        prefix: the number without its last four digits.
        country: Alpha-2 code of the country of the number.
        plan: slug of the plan, else its package code.
    """

    esim: str
    key: str = ""
    prefix: str = ""
    country: str = ""
    plan: str = ""


class CodeRefusal(msgspec.Struct, frozen=True):
    """Why no code may be sent to an eSIM now.

    Attributes:
        budget: such as `code:esim:hour`.
        until_ms: from then on a code may be sent; `None` if that is not known.
    """

    reason: Reason
    budget: str
    until_ms: int | None
    detail: str = ""


def subjects_of(esim: Esim, key: str, countries: tuple[str, ...]) -> CodeSubjects:
    """What codes to an eSIM count for. `countries` are those of its number, the main one first."""
    return CodeSubjects(
        esim=esim.iccid or esim.esim_tran_no,
        key=key,
        prefix=esim.msisdn[:-_SUBSCRIBER_DIGITS],
        country=countries[0] if countries else "",
        plan=(esim.slug or esim.package_code)[:_LONGEST_NAME],
    )


def account_quotas(limits: CodeLimits, subjects: CodeSubjects, now_ms: int) -> tuple[Quota, ...]:
    """The quotas of the account that one code uses."""
    names = {
        CodeBudget.ACCOUNT: "",
        CodeBudget.KEY: subjects.key,
        CodeBudget.PREFIX: subjects.prefix,
        CodeBudget.COUNTRY: subjects.country,
        CodeBudget.PLAN: subjects.plan,
    }
    return tuple(
        quota
        for budget, name in names.items()
        if name or budget is CodeBudget.ACCOUNT
        for quota in _quotas(limits, budget, name, now_ms)
    )


def esim_quotas(limits: CodeLimits, esim: str, now_ms: int) -> tuple[Quota, ...]:
    """The quotas of an eSIM that one code uses."""
    found = _quotas(limits, CodeBudget.ESIM, esim, now_ms)
    return tuple(msgspec.structs.replace(each, is_shared=True, alarms=()) for each in found)


def wait_key(esim: str) -> QuotaKey:
    """The key of the row that lasts until the next code may be sent to an eSIM."""
    return QuotaKey(ALL_ACCOUNTS, f"code-wait:{esim}", "")


def refusal_of(reached: QuotaReached) -> CodeRefusal:
    """The refusal by a budget; its name is without the ICCID of an eSIM."""
    quota = reached.quota
    name = budget_name(quota.counter)
    name = name.rpartition(":")[0] if quota.is_shared else name
    return CodeRefusal(quota.reason, name, period_end_ms(quota.period), reached.detail)


def _quotas(limits: CodeLimits, budget: CodeBudget, name: str, now_ms: int) -> list[Quota]:
    quotas: list[Quota] = []
    if most := limits.hour.get(budget):
        hour, expires_ms = hour_of(now_ms // _HOUR_MS)
        quotas.append(_quota(budget, "hour", name, hour, most, expires_ms))
    if most := limits.day.get(budget):
        periods = periods_of(now_ms // _DAY_MS)
        quotas.append(_quota(budget, "day", name, periods.day, most, periods.day_expires_ms))
    return quotas


def _quota(
    budget: CodeBudget, unit: str, name: str, period: str, limit: int, expires_ms: int
) -> Quota:
    counter = f"budget:code:{budget}:{unit}:{name}"
    reason = Reason.CODE_BUDGET_REACHED
    return Quota(counter, period, 1, limit, reason, expires_ms, _ALARM_PERCENTS)
