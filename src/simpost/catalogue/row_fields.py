"""Fields of imported rows: their names in every spelling, and values in the documented types."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import msgspec

from simpost.domain.identifiers import DigitsLost, digits_from_number
from simpost.domain.tags import MAX_TAGS, TAG_RULE, is_tag
from simpost.errors import InvalidRequest


class RefusedRow(InvalidRequest):
    """The row is not valid."""


def _by_plain_name(names: str) -> dict[str, str]:
    return {name.lower(): name for name in names.split()}


PLAN_FIELDS = _by_plain_name("""
    packageCode slug name price currencyCode volume smsStatus dataType unusedValidTime duration
    durationUnit location locationCode description activeType favorite retailPrice speed
    locationNetworkList ipExport supportTopUpType fupPolicy
""")
ESIM_FIELDS = _by_plain_name("""
    esimTranNo orderNo transactionId imsi iccid msisdn smsStatus dataType ac qrCodeUrl shortUrl
    smdpStatus eid activeType activateTime installationTime expiredTime totalVolume totalDuration
    durationUnit orderUsage esimStatus pin puk apn packageList deviceBrand deviceType deviceModel
""")
PACKAGE_FIELDS = _by_plain_name("""
    packageName packageCode slug duration volume locationCode createTime
""")
_NUMBERS = frozenset(
    _by_plain_name("""
    price volume retailPrice unusedValidTime duration activeType supportTopUpType totalVolume
    totalDuration orderUsage dataType smsStatus
""").values()
)
_TYPED = _NUMBERS | {"packageList", "locationNetworkList", "favorite"}
_TRUTHS = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}
_SEPARATORS = re.compile(r"[,;|]")
_WHOLE = re.compile(r"[+-]?[0-9]{1,18}(?:\.0*)?")
_GAPS_IN_NAMES = re.compile(r"[\s_\-]+")


TAGS = {"tags": "tags"}
"""Of an eSIM, beside its documented fields: they are not in its document."""


def field_names(key: str) -> str:
    """The field names of rows with this key, for an error about a heading."""
    fields = ESIM_FIELDS if key in ESIM_FIELDS.values() else PLAN_FIELDS
    flat = {"packageCode": "", "slug": "", "tags": ""} if fields is ESIM_FIELDS else {}
    return ", ".join([*fields.values(), *flat])


def is_field(key: str, name: str) -> bool:
    """Whether rows with this key have this field, in any spelling."""
    plain = _GAPS_IN_NAMES.sub("", name).lower()
    if key in ESIM_FIELDS.values():
        return plain in ESIM_FIELDS or plain in PACKAGE_FIELDS or plain in TAGS
    return plain in PLAN_FIELDS or plain == "type"


def known_fields(
    row: Mapping[str, Any], known: Mapping[str, str], *, skips_null: bool = False
) -> dict[str, Any]:
    """The known fields by their camelCase names; a heading may be snake_case or capitals."""
    if not isinstance(row, Mapping):
        raise RefusedRow("is not an object")
    fields = {}
    for name, value in row.items():
        field = known.get(name.lower()) or known.get(_GAPS_IN_NAMES.sub("", name).lower())
        if field and not (skips_null and value is None):
            fields[field] = value
    return fields


def document_of(fields: dict[str, Any], known: Mapping[str, str]) -> dict[str, Any]:
    """The known fields with values in their documented types. Raises RefusedRow."""
    return {
        name: value if type(value) is str and name not in _TYPED else _as_json(name, value)
        for name, value in fields.items()
        if name.lower() in known
    }


def _as_json(name: str, value: Any) -> Any:
    """The value in its documented type; in a CSV file every value is text."""
    if name in _NUMBERS:
        return _number(name, value)
    if name in ("packageList", "locationNetworkList"):
        return objects_of(name, value)
    if name == "favorite":
        return _TRUTHS.get(value.strip().lower(), False) if isinstance(value, str) else value
    if isinstance(value, bool | dict | list):
        raise RefusedRow(f"{name} must be text")
    if isinstance(value, int | float):
        return _digits(name, value)
    return value


def _digits(name: str, number: float) -> str:
    try:
        return digits_from_number(number)
    except DigitsLost:
        raise RefusedRow(
            f"{name} {quoted(number)} is a number and lost digits: send it as text"
        ) from None


def _number(name: str, value: Any) -> int | float | None:
    if value is None or value == "":
        return None
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, int | float) and not isinstance(value, bool):
        return value
    if isinstance(value, str) and _WHOLE.fullmatch(text := value.strip()):
        return int(text.partition(".")[0])
    raise RefusedRow(f"{name} must be a number, not {quoted(value)}")


def objects_of(name: str, value: Any) -> list[Any]:
    """A list of objects, also when it is written as JSON text. Raises RefusedRow."""
    if value is None or value == "":
        return []
    if isinstance(value, str):
        try:
            value = msgspec.json.decode(value)
        except msgspec.DecodeError:
            raise RefusedRow(f"{name} is not JSON") from None
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        raise RefusedRow(f"{name} must be a list of objects")
    return value


def text_of(fields: Mapping[str, Any], name: str) -> str:
    """The text of a field without spaces around it; empty when it is absent or no text."""
    value = fields.get(name)
    return value.strip() if isinstance(value, str) else ""


def tags_of(fields: Mapping[str, Any]) -> tuple[str, ...] | None:
    """The tags of a row, of a list or of a text with separators; `None` without the field."""
    value = fields.get("tags")
    if value is None:
        return None
    listed = _SEPARATORS.split(value) if isinstance(value, str) else value
    if not isinstance(listed, list) or not all(isinstance(each, str) for each in listed):
        raise RefusedRow("tags must be a list of texts, or a text with commas")
    tags = tuple(sorted({each.strip().lower() for each in listed} - {""}))
    if len(tags) > MAX_TAGS:
        raise RefusedRow(f"has {len(tags)} tags, {MAX_TAGS} at most")
    if wrong := next((each for each in tags if not is_tag(each)), None):
        raise RefusedRow(f"the tag {quoted(wrong)} {TAG_RULE}")
    return tags


def quoted(value: Any) -> str:
    """A value for an error message, at most 40 characters long."""
    return clipped(repr(value))


def clipped(text: str) -> str:
    """A text for an error message, at most 40 characters long."""
    return text if len(text) <= 40 else f"{text[:37]}..."
