"""Requests of the generic carrier, from the templates in its settings."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final
from urllib.parse import quote, urlencode

import msgspec

from simpost.carriers.http.upstream import path_segment, request_id_of, text_of
from simpost.domain.messages import format_id
from simpost.ports.carrier import OutboundPart

_PLACEHOLDER: Final = re.compile(r"\{([a-z_]+)\}")
_MISSING: Final = object()


def values_of(part: OutboundPart, encodings: Mapping[Any, Any]) -> dict[str, Any]:
    """What each placeholder is for a part."""
    return {
        "destination": part.destination,
        "text": text_of(part),
        "sender": part.sender,
        "message_id": format_id(part.message_id),
        "part": str(part.number),
        "parts": str(part.total),
        "request_id": request_id_of(part),
        "encoding": encodings["ucs2" if part.encoding == "ucs2" else "gsm7"],
    }


def fill_url(template: str, values: Mapping[str, Any]) -> str:
    """The URL; values are percent-encoded, a slash included. Raises NoPathSegment."""
    path, mark, query = template.partition("?")
    path = _PLACEHOLDER.sub(lambda found: path_segment(str(values[found[1]])), path)
    query = _PLACEHOLDER.sub(lambda found: quote(str(values[found[1]]), safe=""), query)
    return path + mark + query


def fill(template: Any, values: Mapping[str, Any]) -> Any:
    """The body. Placeholders in values are not replaced.

    A text that is only a placeholder becomes the value with its type. A key whose text is only
    `{sender}` is left out if there is no sender.
    """
    filled = _filled(template, values)
    return {} if filled is _MISSING else filled


def write_form(body: Mapping[str, Any]) -> bytes:
    """The body as a form; a list repeats its name."""
    return urlencode(list(_pairs(body))).encode("ascii")


def _filled(value: Any, values: Mapping[str, Any]) -> Any:
    if isinstance(value, str):
        whole = _PLACEHOLDER.fullmatch(value)
        if whole is None:
            return _PLACEHOLDER.sub(lambda found: str(values[found[1]]), value)
        found = values[whole[1]]
        return _MISSING if whole[1] == "sender" and not found else found
    if isinstance(value, Mapping):
        pairs = ((key, _filled(each, values)) for key, each in value.items())
        return {key: each for key, each in pairs if each is not _MISSING}
    if isinstance(value, list):
        return [each for each in (_filled(each, values) for each in value) if each is not _MISSING]
    return value


def _pairs(body: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for name, value in body.items():
        for each in value if isinstance(value, list) else [value]:
            yield name, each if isinstance(each, str) else msgspec.json.encode(each).decode()
