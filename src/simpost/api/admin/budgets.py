"""Budgets of an account: most parts and cost per day and month, in all or to a prefix."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends
from pydantic import AfterValidator, Field, StrictInt, StrictStr, field_validator, model_validator

from simpost.api.shared.auth import ServicesDep, admit_admin
from simpost.api.shared.error_messages import Matching
from simpost.api.shared.schemas import Schema
from simpost.api.shared.services import Services
from simpost.domain.accounts import Account, AccountChange
from simpost.domain.policy.budgets import (
    Budget,
    day_cost_counter,
    day_counter,
    month_cost_counter,
    month_counter,
    periods_of,
)
from simpost.domain.policy.quotas import QuotaKey
from simpost.domain.prices import format_cost, parse_cost

router = APIRouter(prefix="/v1/admin", tags=["admin"], dependencies=[Depends(admit_admin)])

_MOST_BUDGETS = 100
_DAY_MS = 86_400_000

Prefix = Annotated[
    StrictStr, Matching(r"^([1-9][0-9]{0,6})?$", "must be up to 7 digits, without a leading 0")
]


def _check_cost(text: str) -> str:
    if not parse_cost(text):
        raise ValueError("must be more than 0")
    return text


CostLimit = Annotated[StrictStr, AfterValidator(_check_cost)]
Limit = Annotated[StrictInt, Field(ge=1, le=1_000_000_000)]


class BudgetIn(Schema):
    """Most parts per `day` and `month` (UTC) to MSISDNs with the prefix; null: no limit.

    `dayCost` and `monthCost` limit what the parts cost, in cost units, such as "25.5000".
    """

    prefix: Prefix = ""
    day: Limit | None = None
    month: Limit | None = None
    day_cost: CostLimit | None = None
    month_cost: CostLimit | None = None

    @model_validator(mode="after")
    def _has_a_limit(self) -> BudgetIn:
        if not any((self.day, self.month, self.day_cost, self.month_cost)):
            raise ValueError("give day, month, dayCost or monthCost")
        return self

    @property
    def budget(self) -> Budget:
        """The budget, as accounts have it."""
        return Budget(
            self.prefix, self.day, self.month, _amount(self.day_cost), _amount(self.month_cost)
        )


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
    """A budget, and what is used of it in this day and month."""

    prefix: str
    day: int | None
    day_used: int
    month: int | None
    month_used: int
    day_cost: str | None
    day_cost_used: str
    month_cost: str | None
    month_cost_used: str


class BudgetList(Schema):
    """The budgets of an account, in the order in which they were given."""

    budgets: list[BudgetOut]


@router.get("/accounts/{accessCode}/budgets", summary="Show the budgets of an account")
async def show_budgets(
    accessCode: str,  # noqa: N803  as it stands in the path
    services: ServicesDep,
) -> BudgetList:
    """What is used of them in this day and month, too. It counts only while there is a budget."""
    return await _list(services, await services.accounts.find_stored(accessCode))


@router.put("/accounts/{accessCode}/budgets", summary="Set the budgets of an account")
async def set_budgets(
    accessCode: str,  # noqa: N803  as it stands in the path
    wanted: Budgets,
    services: ServicesDep,
) -> BudgetList:
    """Replace all of them; an empty list removes them. What is used of a prefix stays counted."""
    account = await services.accounts.find_stored(accessCode)
    budgets = tuple(each.budget for each in wanted.budgets)
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
            QuotaKey(account.id, day_cost_counter(budget), periods.day),
            QuotaKey(account.id, month_cost_counter(budget), periods.month),
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
                day_cost=_shown(budget.day_cost),
                day_cost_used=format_cost(next(used)),
                month_cost=_shown(budget.month_cost),
                month_cost_used=format_cost(next(used)),
            )
            for budget in account.budgets
        ]
    )


def _amount(text: str | None) -> int | None:
    return None if text is None else parse_cost(text)


def _shown(amount: int | None) -> str | None:
    return None if amount is None else format_cost(amount)
