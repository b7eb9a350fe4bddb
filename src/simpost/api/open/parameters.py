"""Parameters out of a JSON body, checked the same way at every endpoint."""

from __future__ import annotations

import re
from typing import TypeAlias, TypeVar

import msgspec

from simpost.api.open.envelope import ApiError, Code

MAX_ID = 64
"""Longest identifier looked up; no documented one is near it."""

Given: TypeAlias = str | msgspec.UnsetType | None

_T = TypeVar("_T")


def parse_body(body: bytes, decoder: msgspec.json.Decoder[_T]) -> _T:
    """The parameters of a body; an empty one is `{}`. Raises ApiError when it is not such JSON."""
    try:
        if not body.isascii():
            body.decode()  # msgspec skips unknown fields without looking at their octets
        return decoder.decode(body or b"{}")
    except msgspec.ValidationError as error:
        words = _words_of(error)
        raise ApiError(Code.JSON_INVALID, f"The request is not as documented: {words}") from None
    except msgspec.DecodeError as error:
        raise ApiError(Code.JSON_INVALID, f"The request is not valid JSON: {error}") from None
    except UnicodeDecodeError:
        raise ApiError(Code.JSON_INVALID, "The request is not UTF-8") from None
    except RecursionError:
        raise ApiError(Code.JSON_INVALID, "The request is nested too deeply") from None


_TYPES = {
    "str": "a string",
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "array": "an array",
    "object": "an object",
    "null": "null",
}
_TYPE = re.compile(r"`([^`$]+)`")
_AT = re.compile(r" - at `\$\.?([^`]*)`$")


def _words_of(error: msgspec.ValidationError) -> str:
    """The error with JSON's words instead of Python's, and with the name of the parameter."""
    text = _AT.sub(lambda at: f", at {at[1]}" if at[1] else "", str(error))
    return _TYPE.sub(_in_json_words, text)


def _in_json_words(found: re.Match[str]) -> str:
    kinds = [_TYPES.get(kind.strip(), kind.strip()) for kind in found[1].split("|")]
    return " or ".join(kinds)


def is_blank(value: Given) -> bool:
    """Absent, null and empty all mean "not given" where a parameter is optional."""
    return not value or value.isspace()


def optional(name: str, value: Given, limit: int = MAX_ID) -> str | None:
    """An optional text, or none when it is not given."""
    if not value or value.isspace():
        return None
    return bounded(name, value, limit)


def optional_iccid(value: Given) -> str | None:
    """An optional ICCID without the filler F that some systems print (ITU-T E.118)."""
    iccid = optional("iccid", value)
    return iccid and (iccid.rstrip("Ff") or iccid)


def bounded(name: str, value: str, limit: int) -> str:
    """The text itself, when it is not too long and free of NUL."""
    if len(value) > limit:
        raise ApiError(
            Code.PARAMETER_LENGTH, f"{name} has {len(value)} characters, {limit} at most"
        )
    if "\x00" in value:
        raise ApiError(Code.JSON_INVALID, f"{name} holds a NUL character")
    return value
