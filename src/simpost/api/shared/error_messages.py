"""Messages for invalid fields: no Python types, no regular expressions, no given values."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

_FALLBACK = "is not as documented"
_MESSAGES = {
    "missing": "is missing",
    "extra_forbidden": "is not a field of this request",
    "json_invalid": "is not valid JSON",
    "string_type": "must be a string",
    "string_unicode": "must be valid Unicode",
    "string_too_short": "must have at least {min_length} characters",
    "string_too_long": "must have at most {max_length} characters",
    "too_short": "must have at least {min_length} entries",
    "too_long": "must have at most {max_length} entries",
    "int_type": "must be a whole number",
    "int_parsing": "must be a whole number",
    "int_parsing_size": "must be a smaller number",
    "int_from_float": "must be a whole number",
    "float_type": "must be a number",
    "float_parsing": "must be a number",
    "finite_number": "must be a finite number",
    "bool_type": "must be true or false",
    "bool_parsing": "must be true or false",
    "list_type": "must be an array",
    "dict_type": "must be an object",
    "model_type": "must be an object",
    "model_attributes_type": "must be an object",
    "enum": "must be {expected}",
    "literal_error": "must be {expected}",
    "greater_than_equal": "must be at least {ge}",
    "less_than_equal": "must be at most {le}",
    "datetime_type": "must be an RFC 3339 time, as 2026-01-31T12:00:00Z",
    "datetime_parsing": "must be an RFC 3339 time, as 2026-01-31T12:00:00Z",
    "datetime_from_date_parsing": "must be an RFC 3339 time, as 2026-01-31T12:00:00Z",
    "datetime_object_invalid": "must be an RFC 3339 time, as 2026-01-31T12:00:00Z",
    "timezone_aware": "needs a time zone, as 2026-01-31T12:00:00Z",
}
_NAME = re.compile(r"[A-Za-z_][\w-]*")


class Matching:
    """A pattern for a string, and the error message for strings that do not match it."""

    def __init__(self, pattern: str, message: str) -> None:
        self.pattern = pattern
        self.message = message
        self._matches = re.compile(pattern.removesuffix("$") + r"\Z").match

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        return core_schema.no_info_after_validator_function(self._check, handler(source))

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        return {**handler(schema), "pattern": self.pattern}

    def _check(self, text: str) -> str:
        if not self._matches(text):
            raise ValueError(self.message)
        return text


def error_message(error: Mapping[str, Any]) -> dict[str, str]:
    """One error of pydantic: the place and the reason."""
    # A name that no field can have is left out: it may be a code in the wrong place.
    at = ".".join(
        str(step) for step in error["loc"] if isinstance(step, int) or _NAME.fullmatch(step)
    )
    context = error.get("ctx") or {}
    if error["type"] == "value_error":
        return {"at": at, "reason": str(context.get("error") or _FALLBACK)}
    try:
        return {"at": at, "reason": _MESSAGES[error["type"]].format(**context)}
    except KeyError:
        return {"at": at, "reason": _FALLBACK}
