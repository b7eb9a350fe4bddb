"""Verifications: the life of one-time codes, and how often they are sent and checked."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field, ValidationInfo, field_validator

from simpost.config.section import PLACE, Section
from simpost.domain.code_budgets import CodeBudget
from simpost.domain.code_modes import CodeMode
from simpost.domain.verifications import MAX_DIGITS, MIN_DIGITS

_MOST_SENDS = 1_000_000_000


def _are_limits(limits: dict[CodeBudget, int]) -> dict[CodeBudget, int]:
    for budget, limit in limits.items():
        if not 0 <= limit <= _MOST_SENDS:
            raise ValueError(f"{budget} must be 0 to {_MOST_SENDS}")
    return limits


def _are_places(modes: dict[str, CodeMode]) -> dict[str, CodeMode]:
    for place in modes:
        if not PLACE.fullmatch(place):
            raise ValueError(
                f"{place!r} must be a country such as NG, the digits of numbers, "
                "or plan: and the slug of a plan"
            )
    return modes


class VerificationSettings(Section):
    """One-time codes that simpost makes and checks ([verifications.md](verifications.md))."""

    digits: int = Field(
        default=6,
        ge=MIN_DIGITS,
        le=MAX_DIGITS,
        description="Digits of a code if the request gives none.",
    )
    life_s: int = Field(
        default=600, ge=30, le=3600, description="Seconds a code is valid after each send."
    )
    longest_life_s: int = Field(
        default=1800,
        ge=30,
        le=36_000,
        description="Seconds after the first send in which a code ends, however often it is sent "
        "again. At least `life_s`.",
    )
    max_checks: int = Field(
        default=5, ge=1, le=20, description="Most checks of a verification, right or wrong."
    )
    max_sends: int = Field(
        default=5, ge=1, le=20, description="Most sends of a verification, with the first."
    )
    resend_wait_s: int = Field(
        default=60,
        ge=1,
        le=3600,
        description="Seconds between two sends of a verification; a start before that is answered "
        "as the last one, and sends nothing.",
    )
    max_wrong_guesses: int = Field(
        default=20,
        ge=1,
        le=100,
        description="Most wrong checks of an eSIM in a day (UTC), over all its verifications. "
        "After that, each new verification can be checked once.",
    )
    repeat_code: bool = Field(
        default=True,
        description="Whether a send again repeats the code: messages may arrive in any order. "
        "Otherwise it has a new code, and the earlier one is wrong from then on.",
    )

    esim_wait_s: int = Field(
        default=60,
        ge=0,
        le=3600,
        description="Seconds between two codes to an eSIM, of whatever account, purpose or "
        "session. A code that is verified ends the wait. 0: no wait.",
    )
    sends_per_hour: Annotated[dict[CodeBudget, int], AfterValidator(_are_limits)] = Field(
        default={CodeBudget.ESIM: 10, CodeBudget.PREFIX: 1000},
        description="Most codes sent in an hour (UTC) to an eSIM, and for each account: in all, "
        "with an API key, and to numbers with a prefix (all but their last four digits), numbers "
        "of a country, and eSIMs of a plan. 0: no limit.",
    )
    sends_per_day: Annotated[dict[CodeBudget, int], AfterValidator(_are_limits)] = Field(
        default={
            CodeBudget.ESIM: 30,
            CodeBudget.ACCOUNT: 100_000,
            CodeBudget.KEY: 50_000,
            CodeBudget.COUNTRY: 50_000,
            CodeBudget.PLAN: 50_000,
        },
        description="The same in a day (UTC).",
    )

    mode: CodeMode = Field(
        default=CodeMode.ALLOW,
        description="What happens with codes: `allow` sends them, `monitor` also logs those that "
        "`filter` would refuse, `filter` refuses codes to prefixes of which too few are verified, "
        "`known` sends them only to eSIMs that verified one before, and `block` refuses all.",
    )
    modes: Annotated[dict[str, CodeMode], AfterValidator(_are_places)] = Field(
        default={},
        description="Modes of countries, by Alpha-2 code, of numbers, by first digits, and of "
        'plans, such as `{ NG = "filter", "1876" = "block", "plan:TH_1_7" = "known" }`. The '
        "longest prefix decides, then the plan, then the country.",
    )
    filter_share: float = Field(
        default=0.2,
        ge=0,
        le=1,
        description="Fraction of the verifications of a prefix that must be verified, of those "
        "that end in an hour (UTC) as verified, expired or locked.",
    )
    filter_ended: int = Field(
        default=30,
        ge=1,
        le=1_000_000,
        description="Verifications of a prefix that must have ended in the hour before `filter` "
        "refuses any.",
    )

    @field_validator("sends_per_hour", "sends_per_day")
    @classmethod
    def _keep_defaults(
        cls, given: dict[CodeBudget, int], info: ValidationInfo
    ) -> dict[CodeBudget, int]:
        """A budget that is not given keeps its default."""
        return {**cls.model_fields[str(info.field_name)].default, **given}

    @field_validator("longest_life_s")
    @classmethod
    def _past_one_life(cls, longest_s: int, info: ValidationInfo) -> int:
        if longest_s < info.data.get("life_s", 0):
            raise ValueError("must be at least life_s")
        return longest_s
