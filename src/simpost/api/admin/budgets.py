"""Budgets of an account: most parts per day and month, in all or to a country prefix."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends
from pydantic import Field, StrictInt, StrictStr, field_validator, model_validator

from simpost.api.shared.auth import ServicesDep, admit_admin
from simpost.api.shared.error_messages import Matching
from simpost.api.shared.schemas import Schema
from simpost.api.shared.services import Services
from simpost.domain.accounts import Account, AccountChange
from simpost.domain.policy.budgets import Budget, day_counter, month_counter, periods_of
from simpost.domain.policy.quotas import QuotaKey

router = APIRouter(prefix="/v1/admin", tags=["admin"], dependencies=[Depends(admit_admin)])

_MOST_BUDGETS = 100
_DAY_MS = 86_400_000

Prefix = Annotated[
    StrictStr, Matching(r"^([1-9][0-9]{0,6})?$", "must be up to 7 digits, without a leading 0")
]
Limit = Annotated[StrictInt, Field(ge=1, le=1_000_000_000)]


class BudgetIn(Schema):
    """Most parts per `day` and `month` (UTC) to MSISDNs with the prefix; null: no limit."""

    prefix: Prefix = ""
    day: Limit | None = None
    month: Limit | None = None

    @model_validator(mode="after")
    def _has_a_limit(self) -> BudgetIn:
        if self.day is None and self.month is None:
            raise ValueError("give day or month")
        return self


class Budgets(Schema):
    """All budgets of the account, one per prefix; the empty prefix is for all eSIMs."""

    budgets: Annotated[list[BudgetIn], Field(max_length=_MOST_BUDGETS)]

    @field_validator("budgets")
    @classmethod
    def _have_different_prefixes(cls, budgets: list[BudgetIn]) -> list[BudgetIn]:
        if len({each.prefix for each in budgets}) < len(budgets):
            raise ValueError("must have each prefix once")
        return budgets


class BudgetOut(Schema):
    """A budget, and the parts of it that are used in this day and month."""

    prefix: str
    day: int | None
    day_used: int
    month: int | None
    month_used: int


class BudgetList(Schema):
    """The budgets of an account, in the order in which they were given."""

    budgets: list[BudgetOut]


@router.get("/accounts/{accessCode}/budgets", summary="Show the budgets of an account")
async def show_budgets(
    accessCode: str,  # noqa: N803  as it stands in the path
    services: ServicesDep,
) -> BudgetList:
    """With what is used of them in this day and month. Parts count only while there is a budget."""
    return await _list(services, await services.accounts.find_stored(accessCode))


@router.put("/accounts/{accessCode}/budgets", summary="Set the budgets of an account")
async def set_budgets(
    accessCode: str,  # noqa: N803  as it stands in the path
    wanted: Budgets,
    services: ServicesDep,
) -> BudgetList:
    """Replace all of them; an empty list removes them. What is used of a prefix stays counted."""
    account = await services.accounts.find_stored(accessCode)
    budgets = tuple(Budget(each.prefix, each.day, each.month) for each in wanted.budgets)
    change = AccountChange(id=account.id, access_code=account.access_code, budgets=budgets)
    return await _list(services, await services.accounts.change(change))


async def _list(services: Services, account: Account) -> BudgetList:
    periods = periods_of(services.clock_ms() // _DAY_MS)
    keys = [
        key
        for budget in account.budgets
        for key in (
            QuotaKey(account.id, day_counter(budget), periods.day),
            QuotaKey(account.id, month_counter(budget), periods.month),
        )
    ]
    used = iter(await services.store.quotas.find_used(keys))
    return BudgetList(
        budgets=[
            BudgetOut(
                prefix=budget.prefix,
                day=budget.day,
                day_used=next(used),
                month=budget.month,
                month_used=next(used),
            )
            for budget in account.budgets
        ]
    )
