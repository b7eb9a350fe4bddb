"""Verifications: the life of one-time codes, and how often they are sent and checked."""

from __future__ import annotations

from pydantic import Field, ValidationInfo, field_validator

from simpost.config.section import Section
from simpost.domain.verifications import MAX_DIGITS, MIN_DIGITS


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

    @field_validator("longest_life_s")
    @classmethod
    def _past_one_life(cls, longest_s: int, info: ValidationInfo) -> int:
        if longest_s < info.data.get("life_s", 0):
            raise ValueError("must be at least life_s")
        return longest_s
