"""Sender rules of countries, and the senders that accounts have registered."""

from __future__ import annotations

import tomllib
from datetime import date
from functools import cache
from importlib.resources import files
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from simpost.config.policy import Country
from simpost.config.section import Section, checked_sender
from simpost.domain.messages import Category
from simpost.domain.policy.sender_rules import SenderAction, SenderRuleKind


def _is_given(text: str) -> str:
    if not text:
        raise ValueError("must not be empty")
    return checked_sender(text)


Sender = Annotated[str, AfterValidator(_is_given)]


class SenderRuleSettings(Section):
    """A rule about senders in some countries; replaces all built-in rules of these countries."""

    countries: tuple[Country, ...] = Field(
        default=(),
        description="Alpha-2 codes of the countries that issued the eSIM; empty: all countries "
        "without a rule.",
    )
    rule: SenderRuleKind = Field(
        description="What networks do with such a sender: they do not support it, require a "
        "`registration`, show another one, or require a `form`: `prefix` or `max_length`."
    )
    action: SenderAction = Field(
        default=SenderAction.WARN,
        description="What simpost does about a sender that does not meet the rule.",
    )
    senders: Literal["names", "numbers"] = Field(
        default="names",
        description="Senders that the rule applies to: names have a letter, numbers only digits.",
    )
    categories: frozenset[Category] = Field(
        default=frozenset(), description="Categories that the rule applies to; empty: all."
    )
    prefix: str = Field(
        default="", max_length=10, description="First characters of a sender with this `form`."
    )
    max_length: int = Field(
        default=0, ge=0, le=16, description="Most characters of a sender with this `form`; 0: any."
    )
    source: str = Field(default="", description="Where the rule comes from, for people.")
    checked_on: date | None = Field(
        default=None, description="When the source was read, for people."
    )

    @model_validator(mode="after")
    def _has_a_form(self) -> Self:
        is_form = self.rule is SenderRuleKind.FORM
        if is_form != bool(self.prefix or self.max_length):
            raise ValueError('rule = "form" needs prefix or max_length, and no other rule has them')
        return self


class RegisteredSenderSettings(Section):
    """A sender that is registered in some countries, so that it meets their `registration`."""

    sender: Sender = Field(description="The sender, exactly as messages name it.")
    countries: tuple[Country, ...] = Field(
        default=(), description="Alpha-2 codes of the countries; empty: all."
    )
    account: str = Field(
        default="", description="Access code of the account that it belongs to; empty: all."
    )
    until: date | None = Field(
        default=None, description="Last day (UTC) of the registration; without it: no end."
    )


@cache
def builtin_sender_rules() -> tuple[SenderRuleSettings, ...]:
    """The rules that are shipped."""
    document = tomllib.loads(files("simpost.config").joinpath("sender_rules.toml").read_text())
    return tuple(
        SenderRuleSettings.model_validate(row, strict=False) for row in document["sender_rules"]
    )
