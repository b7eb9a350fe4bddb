"""Reads the fields of a form or of a URL with the schema that the API reads them with."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, TypeVar
from urllib.parse import urlencode

from pydantic import ValidationError

from simpost.api.shared.error_messages import error_message
from simpost.api.shared.schemas import Schema

S = TypeVar("S", bound=Schema)


class InvalidFields(Exception):
    """Fields that are not as documented; `reasons` by name."""

    def __init__(self, reasons: Mapping[str, str]) -> None:
        super().__init__("invalid fields")
        self.reasons = reasons


def given(fields: Mapping[str, str], names: Iterable[str]) -> dict[str, str]:
    """The fields with these names that are not empty, without spaces around them."""
    return {name: text for name in names if (text := fields.get(name, "").strip())}


def read(schema: type[S], fields: Mapping[str, Any]) -> S:
    """The fields as the API reads them. Raises InvalidFields."""
    try:
        return schema.model_validate(dict(fields))
    except ValidationError as error:
        found = (error_message(each) for each in error.errors(include_url=False))
        raise InvalidFields({each["at"].split(".")[0]: each["reason"] for each in found}) from None


def link(path: str, fields: Mapping[str, str]) -> str:
    """The path with the fields as its query."""
    return f"{path}?{urlencode(fields)}" if fields else path
