"""The settings of sending by MCP."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from simpost.config.section import Section

ANY = "*"
"""Allows every recipient, or every template; it must be written."""


def _not_blank(names: tuple[str, ...]) -> tuple[str, ...]:
    if ANY in names and len(names) > 1:
        raise ValueError(f"has {ANY!r} and other entries: keep one of them")
    return names


_Entry = Annotated[str, StringConstraints(pattern=r"^[!-~]{1,64}$")]


class McpSendingSettings(Section):
    """An account that may send by `simpost mcp`, and what ([mcp.md](mcp.md)).

    Without a block nothing is sent by MCP: the tools that send do not exist.
    """

    account: str = Field(
        pattern=r"^[A-Za-z0-9._-]{1,64}$", description="Access code of the account."
    )
    recipients: Annotated[tuple[_Entry, ...], AfterValidator(_not_blank)] = Field(
        min_length=1,
        max_length=10_000,
        description="`esimTranNo` of each eSIM that may be sent to; `*`: all of the account.",
    )
    categories: frozenset[Literal["service", "support", "notice", "promotion"]] = Field(
        min_length=1, description="Categories that may be sent. Codes cannot be sent by MCP."
    )
    templates: Annotated[tuple[_Entry, ...], AfterValidator(_not_blank)] = Field(
        default=(),
        max_length=1_000,
        description="Names of the templates that may be sent; `*`: all of the account.",
    )
    free_text: bool = Field(
        default=False, description="Texts that are made from no template may be sent too."
    )
    per_hour: int = Field(
        default=20,
        ge=1,
        le=1_000,
        description="Most messages of the account by MCP in 60 minutes, on each node.",
    )

    @model_validator(mode="after")
    def _allows_something(self) -> Self:
        if not self.templates and not self.free_text:
            raise ValueError("allows no text: name templates, or set free_text = true")
        return self
