"""Reads parameters from a JSON body; every endpoint checks them in the same way."""

from __future__ import annotations

import re
from typing import TypeAlias, TypeVar

import msgspec

from simpost.api.open.envelope import ApiError, Code

MAX_ID = 64
"""Characters of the longest identifier that is looked up; documented ones are much shorter."""

Given: TypeAlias = str | msgspec.UnsetType | None

_T = TypeVar("_T")


def parse_body(body: bytes, decoder: msgspec.json.Decoder[_T]) -> _T:
    """The parameters of a body; an empty body is `{}`. Raises ApiError if it is not valid."""
    try:
        if not body.isascii():
            body.decode()  # msgspec skips unknown fields without looking at their octets
        return decoder.decode(body or b"{}")
    except msgspec.ValidationError as error:
        message = _in_json_terms(error)
        raise ApiError(Code.JSON_INVALID, f"The request is not as documented: {message}") from None
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


def _in_json_terms(error: msgspec.ValidationError) -> str:
    """The message with the type names of JSON instead of Python, and the name of the parameter."""
    text = _AT.sub(lambda at: f", at {at[1]}" if at[1] else "", str(error))
    return _TYPE.sub(_type_names, text)


def _type_names(found: re.Match[str]) -> str:
    kinds = [_TYPES.get(kind.strip(), kind.strip()) for kind in found[1].split("|")]
    return " or ".join(kinds)


def is_blank(value: Given) -> bool:
    """Whether an optional parameter counts as absent: absent, null or blank."""
    return not value or value.isspace()


def optional(name: str, value: Given, limit: int = MAX_ID) -> str | None:
    """The text, or `None` if it is blank. Raises ApiError beyond `limit` characters."""
    if not value or value.isspace():
        return None
    return bounded(name, value, limit)


def optional_iccid(value: Given) -> str | None:
    """The ICCID without the filler F that some systems print (ITU-T E.118); `None` if blank."""
    iccid = optional("iccid", value)
    return iccid and (iccid.rstrip("Ff") or iccid)


def bounded(name: str, value: str, limit: int) -> str:
    """The text. Raises ApiError if it is too long or contains NUL."""
    if len(value) > limit:
        raise ApiError(
            Code.PARAMETER_LENGTH, f"{name} has {len(value)} characters, {limit} at most"
        )
    if "\x00" in value:
        raise ApiError(Code.JSON_INVALID, f"{name} contains a NUL character")
    return value
