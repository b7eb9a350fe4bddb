"""Policy: how much and when travellers are sent notices and promotions."""

from __future__ import annotations

import tomllib
from datetime import date
from functools import cache
from importlib.resources import files
from typing import Annotated

from pydantic import AfterValidator, Field, StringConstraints, ValidationInfo, field_validator

from simpost.config.section import Section
from simpost.domain.messages import Category
from simpost.domain.policy.open_hours import OpenWindow
from simpost.domain.policy.window_text import MAX_WINDOWS, parse_window

Country = Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$")]
_OPEN_CATEGORIES = frozenset({Category.NOTICE, Category.PROMOTION})
_MOST_A_DAY = 1_000
_MOST_PARTS = 255


def _are_limits(limits: dict[Category, int]) -> dict[Category, int]:
    for category, limit in limits.items():
        if not 0 <= limit <= _MOST_A_DAY:
            raise ValueError(f"{category} must be 0 to {_MOST_A_DAY}")
        if category is Category.CODE:
            raise ValueError("codes cannot have a daily limit")
    return limits


def _are_part_limits(limits: dict[Category, int]) -> dict[Category, int]:
    for category, limit in limits.items():
        if not 1 <= limit <= _MOST_PARTS:
            raise ValueError(f"{category} must be 1 to {_MOST_PARTS}")
    return limits


class OpenHoursSettings(Section):
    """Hours in which categories may arrive in some countries; replaces the built-in row."""

    countries: tuple[Country, ...] = Field(
        default=(),
        description="Alpha-2 codes of the countries; empty: all countries without a row.",
    )
    categories: frozenset[Category] = Field(
        default=_OPEN_CATEGORIES, description="Categories that the row applies to."
    )
    hours: tuple[str, ...] = Field(
        min_length=1,
        max_length=MAX_WINDOWS,
        description="Windows in local time, such as `08:00-20:00` or `Mon-Sat 08:00-22:00`. One "
        "whose end is not after its start ends on the next day.",
    )
    holidays: bool = Field(
        default=True, description="Whether the hours apply on days in `policy.holidays`, too."
    )
    source: str = Field(default="", description="Where the hours come from, for people.")
    checked_on: date | None = Field(
        default=None, description="When the source was read, for people."
    )

    @field_validator("hours")
    @classmethod
    def _are_windows(cls, hours: tuple[str, ...]) -> tuple[str, ...]:
        for text in hours:
            parse_window(text)
        return hours

    @field_validator("categories")
    @classmethod
    def _have_hours(cls, categories: frozenset[Category]) -> frozenset[Category]:
        if Category.CODE in categories:
            raise ValueError("codes cannot have open hours: they are sent at any time")
        return categories

    @property
    def windows(self) -> tuple[OpenWindow, ...]:
        """The hours, parsed."""
        return tuple(parse_window(text, holidays=self.holidays) for text in self.hours)


class PolicySettings(Section):
    """Limits of notices and promotions, for every way to send."""

    daily_limit: Annotated[dict[Category, int], AfterValidator(_are_limits)] = Field(
        default={Category.NOTICE: 5, Category.PROMOTION: 2},
        description="Most messages of a category that an eSIM is sent per day, in its local "
        "time; 0: no limit.",
    )
    max_parts: Annotated[dict[Category, int], AfterValidator(_are_part_limits)] = Field(
        default={Category.PROMOTION: 3},
        description="Most parts of a message of a category; a longer one is refused.",
    )
    quiet_hours: bool = Field(
        default=True,
        description="Hold notices and promotions outside open hours, and send them when those "
        "begin.",
    )
    spread_s: int = Field(
        default=600,
        ge=0,
        le=3600,
        description="Seconds at the start of open hours over which held messages are spread.",
    )
    holidays: dict[Country, tuple[date, ...]] = Field(
        default={},
        description="Public holidays by country, such as `FR = [2026-12-25]`. Rows with "
        "`holidays = false` are closed on them.",
    )

    @field_validator("daily_limit", "max_parts")
    @classmethod
    def _keep_defaults(
        cls, given: dict[Category, int], info: ValidationInfo
    ) -> dict[Category, int]:
        """A category that is not given keeps its default."""
        default = cls.model_fields[str(info.field_name)].default
        return {**default, **given}


@cache
def builtin_open_hours() -> tuple[OpenHoursSettings, ...]:
    """The rows that are shipped; the last one applies to all other countries."""
    document = tomllib.loads(files("simpost.config").joinpath("open_hours.toml").read_text())
    return tuple(
        OpenHoursSettings.model_validate(row, strict=False) for row in document["open_hours"]
    )
