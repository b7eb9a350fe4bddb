"""The form of a new broadcast, as a request of the API. The names of its fields are those there."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from simpost.api.v1.broadcasts.requests import BroadcastRequest
from simpost.console.field_errors import read_request
from simpost.domain.esims import EsimStatus
from simpost.domain.reasons import Reason

LABELS: Final = {
    "name": "Name",
    "template": "Template",
    "values": "Values",
    "category": "Category",
    "audience": "Audience",
    "audience.file": "File",
    "audience.esims": "Only these eSIMs",
    "audience.statuses": "Order",
    "audience.plans": "Plans",
    "audience.countries": "Countries",
    "audience.languages": "Languages",
    "audience.tags": "Tags",
    "startAt": "Start",
    "notAfter": "Not after",
    "localTime": "Local time",
    "perSecond": "Messages a second",
    "stopRefusedPercent": "Refused",
    "stopFailedPercent": "Failed",
    "stopOptedOutPercent": "Opted out",
    "stopParts": "Parts",
    "stopCost": "Cost",
}
PLACES: Final = dict.fromkeys(
    (
        Reason.TEMPLATE_UNKNOWN.value,
        Reason.TEMPLATE_VALUE_MISSING.value,
        Reason.TEMPLATE_VALUE_INVALID.value,
    ),
    "values",
)
"""Where refusals of the API are shown that name no field."""
DEFAULTS: Final = {
    "category": "notice",
    "perSecond": "10",
    "stopRefusedPercent": "50",
    "stopFailedPercent": "50",
    "stopOptedOutPercent": "5",
}
STATUSES: Final = tuple(each.value for each in EsimStatus)
_LISTS: Final = ("plans", "countries", "languages", "tags", "esims")
_TIMES: Final = ("startAt", "notAfter")
_PERCENTS: Final = ("stopRefusedPercent", "stopFailedPercent", "stopOptedOutPercent")
_GAPS: Final = re.compile(r"[\s,;]+")
_LOCAL: Final = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d+)?)?")


def document_of(form: Mapping[str, str]) -> dict[str, Any]:
    """The body of `POST /v1/broadcasts` that the form stands for. What is empty is not given."""
    given = {name: text.strip() for name, text in form.items()}
    document: dict[str, Any] = {
        "name": given.get("name", ""),
        "template": given.get("template", ""),
        "category": given.get("category", ""),
    }
    if values := {
        name.removeprefix("values."): form[name]
        for name in form
        if name.startswith("values.") and form[name]
    }:
        document["values"] = values
    if audience := _audience_of(given):
        document["audience"] = audience
    document |= {name: _time(given[name]) for name in _TIMES if given.get(name)}
    if given.get("localTime"):
        document["localTime"] = given["localTime"][:5]
    if given.get("perSecond"):
        document["perSecond"] = _number(given["perSecond"])
    document |= {name: _number(given[name]) if given.get(name) else None for name in _PERCENTS}
    if given.get("stopParts"):
        document["stopParts"] = _number(given["stopParts"])
    if given.get("stopCost"):
        document["stopCost"] = given["stopCost"]
    return document


def request_of(document: Mapping[str, Any], actor: str) -> BroadcastRequest:
    """The request of a user. Raises FieldErrors."""
    return read_request(BroadcastRequest, {**document, "actor": actor})


def _audience_of(given: Mapping[str, str]) -> dict[str, Any]:
    audience: dict[str, Any] = {}
    for name in _LISTS:
        if words := [each for each in _GAPS.split(given.get(f"audience.{name}", "")) if each]:
            audience[name] = words
    if "countries" in audience:
        audience["countries"] = [each.upper() for each in audience["countries"]]
    if statuses := [each for each in STATUSES if given.get(f"audience.statuses.{each}")]:
        audience["statuses"] = statuses
    if file := given.get("audience.file"):
        audience["file"] = file
    return audience


def _time(text: str) -> str:
    """RFC 3339: fields of browsers have no zone, and the page says that they are UTC."""
    found = _LOCAL.fullmatch(text)
    if not found:
        return text
    return f"{text}Z" if found[1] else f"{text}:00Z"


def _number(text: str) -> Any:
    """The number; another text as it is, which the API refuses with the reason."""
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text
