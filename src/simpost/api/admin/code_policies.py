"""The policy of an account for its verifications, over the settings."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends
from pydantic import AfterValidator, Field, StrictBool, StrictInt

from simpost.api.shared.auth import ServicesDep, admit_admin
from simpost.api.shared.schemas import Schema
from simpost.api.v1.messages.send_schema import Sender
from simpost.api.v1.templates.fields import LanguageTag
from simpost.domain.accounts import AccountChange
from simpost.domain.code_budgets import CodeBudget
from simpost.domain.code_policy import CodePolicy
from simpost.domain.verifications import MAX_DIGITS, MIN_DIGITS

router = APIRouter(prefix="/v1/admin", tags=["admin"], dependencies=[Depends(admit_admin)])


def _without_esim(limits: dict[CodeBudget, int]) -> dict[CodeBudget, int]:
    if CodeBudget.ESIM in limits:
        raise ValueError("cannot have esim: it counts for all accounts, and is a setting only")
    return limits


Sends = Annotated[
    dict[CodeBudget, Annotated[StrictInt, Field(ge=0, le=1_000_000_000)]],
    AfterValidator(_without_esim),
    Field(description="By budget; 0: no limit."),
]


class CodePolicyIn(Schema):
    """What the account has of its own; null is as the settings have it."""

    digits: Annotated[StrictInt, Field(ge=MIN_DIGITS, le=MAX_DIGITS)] | None = None
    life_seconds: Annotated[StrictInt, Field(ge=30, le=3600)] | None = None
    max_checks: Annotated[StrictInt, Field(ge=1, le=20)] | None = None
    max_sends: Annotated[StrictInt, Field(ge=1, le=20)] | None = None
    resend_wait_seconds: Annotated[StrictInt, Field(ge=1, le=3600)] | None = None
    repeat_code: StrictBool | None = None
    language: LanguageTag | None = None
    from_: Sender | None = Field(default=None, alias="from")
    sends_per_hour: Sends | None = None
    sends_per_day: Sends | None = None


class CodePolicyOut(Schema):
    """What the account has of its own; null is as the settings have it."""

    digits: int | None
    life_seconds: int | None
    max_checks: int | None
    max_sends: int | None
    resend_wait_seconds: int | None
    repeat_code: bool | None
    language: str | None
    sender: str | None = Field(serialization_alias="from")
    sends_per_hour: dict[CodeBudget, int] | None
    sends_per_day: dict[CodeBudget, int] | None


@router.get(
    "/accounts/{accessCode}/verifications",
    summary="Show the policy of an account for verifications",
)
async def show_code_policy(
    accessCode: str,  # noqa: N803  as it stands in the path
    services: ServicesDep,
) -> CodePolicyOut:
    """Null fields are as the section `[verifications]` has them."""
    return _shown((await services.accounts.find_stored(accessCode)).code_policy)


@router.put(
    "/accounts/{accessCode}/verifications",
    summary="Set the policy of an account for verifications",
)
async def set_code_policy(
    accessCode: str,  # noqa: N803  as it stands in the path
    wanted: CodePolicyIn,
    services: ServicesDep,
) -> CodePolicyOut:
    """Replace all of it. Applies to verifications that begin or are sent again from then on."""
    account = await services.accounts.find_stored(accessCode)
    policy = CodePolicy(
        digits=wanted.digits,
        life_s=wanted.life_seconds,
        max_checks=wanted.max_checks,
        max_sends=wanted.max_sends,
        resend_wait_s=wanted.resend_wait_seconds,
        repeat_code=wanted.repeat_code,
        language=wanted.language,
        sender=wanted.from_,
        sends_per_hour=wanted.sends_per_hour,
        sends_per_day=wanted.sends_per_day,
    )
    change = AccountChange(id=account.id, access_code=account.access_code, code_policy=policy)
    return _shown((await services.accounts.change(change)).code_policy)


def _shown(policy: CodePolicy) -> CodePolicyOut:
    return CodePolicyOut(
        digits=policy.digits,
        life_seconds=policy.life_s,
        max_checks=policy.max_checks,
        max_sends=policy.max_sends,
        resend_wait_seconds=policy.resend_wait_s,
        repeat_code=policy.repeat_code,
        language=policy.language,
        sender=policy.sender,
        sends_per_hour=dict(policy.sends_per_hour) if policy.sends_per_hour else None,
        sends_per_day=dict(policy.sends_per_day) if policy.sends_per_day else None,
    )
