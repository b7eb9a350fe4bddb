"""Parameters out of a JSON body, checked the same way at every endpoint."""

from __future__ import annotations

from typing import TypeAlias, TypeVar

import msgspec

from simpost.api.open.envelope import Code, Fault

MAX_ID = 64
"""Longest identifier looked up; no documented one is near it."""

Given: TypeAlias = str | msgspec.UnsetType | None

_T = TypeVar("_T")


def parse_body(body: bytes, decoder: msgspec.json.Decoder[_T]) -> _T:
    """The parameters of a body; an empty one is `{}`. Raises Fault when it is not such JSON."""
    try:
        if not body.isascii():
            body.decode()  # msgspec skips unknown fields without looking at their octets
        return decoder.decode(body or b"{}")
    except msgspec.ValidationError as error:
        raise Fault(Code.JSON_INVALID, f"The request is not as documented: {error}") from None
    except msgspec.DecodeError as error:
        raise Fault(Code.JSON_INVALID, f"The request is not valid JSON: {error}") from None
    except UnicodeDecodeError:
        raise Fault(Code.JSON_INVALID, "The request is not UTF-8") from None
    except RecursionError:
        raise Fault(Code.JSON_INVALID, "The request is nested too deeply") from None


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
        raise Fault(Code.PARAMETER_LENGTH, f"{name} has {len(value)} characters, {limit} at most")
    if "\x00" in value:
        raise Fault(Code.JSON_INVALID, f"{name} holds a NUL character")
    return value
