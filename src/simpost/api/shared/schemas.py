"""Base and shared schemas of the native API: camelCase JSON."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated

from pydantic import BaseModel, ConfigDict, WithJsonSchema
from pydantic.alias_generators import to_camel

from simpost.domain.options import Replacement
from simpost.domain.reasons import Reason

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

Time = Annotated[str, WithJsonSchema({"type": "string", "format": "date-time"})]
"""RFC 3339 in UTC, with milliseconds."""


class Schema(BaseModel):
    """camelCase in JSON, snake_case in Python; unknown fields are refused."""

    model_config = ConfigDict(
        alias_generator=to_camel,
        validate_by_name=True,
        validate_by_alias=True,
        serialize_by_alias=True,
        extra="forbid",
    )


class ReasonDetail(Schema):
    """A reason with its explanation and remedy."""

    code: Reason
    explanation: str
    remedy: str
    detail: str = ""


def reason_detail(reason: Reason, detail: str = "") -> ReasonDetail:
    """The reason with its explanation and remedy."""
    return ReasonDetail(
        code=reason, explanation=reason.explanation, remedy=reason.remedy, detail=detail
    )


class ReplacedCharacter(Schema):
    """A character of the text, its replacement, and how often it was replaced."""

    character: str
    code_point: str
    replacement: str
    count: int


def show_replaced(replaced: tuple[Replacement, ...]) -> list[ReplacedCharacter]:
    """The replaced characters as JSON shows them."""
    return [
        ReplacedCharacter(
            character=each.character,
            code_point=" ".join(f"U+{ord(char):04X}" for char in each.character),
            replacement=each.replacement,
            count=each.count,
        )
        for each in replaced
    ]


def format_time(ms: int) -> str:
    """RFC 3339 in UTC, from milliseconds since 1970."""
    time = _EPOCH + timedelta(milliseconds=ms)
    return time.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def show_time(ms: int | None) -> str | None:
    """RFC 3339 in UTC; `None` without a time."""
    return None if ms is None else format_time(ms)


def to_ms(time: datetime) -> int:
    """Milliseconds since 1970."""
    return (time - _EPOCH) // timedelta(milliseconds=1)
