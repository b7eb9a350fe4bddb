"""emnify and 1NCE: events of the Data Streamer, one or an array of them in a body.

Source: the event schema of emnify (api-evangelist/emnify), and help.1nce.com, "Network Events" and
"Event Records", which have the same form. Types are known by their description: ids differ.
"""

from __future__ import annotations

from typing import Any, Final

from simpost.domain.lifecycle import EventKind, LifecycleEvent
from simpost.features.lifecycle.adapters.report import SourceDelivery, named
from simpost.features.lifecycle.document import (
    UnknownEvent,
    country,
    iccid,
    identifier,
    octets,
    part,
    text,
    time_ms,
)

_KINDS: Final = {
    "update location": EventKind.COUNTRY_CHANGED,
    "update gprs location": EventKind.COUNTRY_CHANGED,
    "create pdp context": EventKind.COUNTRY_CHANGED,
    "sim activation": EventKind.ENABLED,
    "sim suspension": EventKind.STATUS_CHANGED,
    "sim deletion": EventKind.DELETED,
    "data quota threshold reached": EventKind.USAGE_THRESHOLD,
    "data quota exhausted": EventKind.DEPLETED,
    "quota threshold reached": EventKind.USAGE_THRESHOLD,
    "quota used up": EventKind.DEPLETED,
    "data quota used up": EventKind.DEPLETED,
    "quota exhausted": EventKind.DEPLETED,
}


def read(delivery: SourceDelivery) -> list[LifecycleEvent]:
    """The event of a record. A location without a country, and an SMS, make none."""
    document, detail = delivery.document, part(delivery.document, "detail")
    described = text(part(document, "event_type"), "description").lower()
    if not described:
        raise UnknownEvent("the body has no event_type.description")
    kind = _KINDS.get(described.replace("_", " "))
    where = _country(detail)
    if kind is None or (kind is EventKind.COUNTRY_CHANGED and not where):
        return []
    quota = part(detail, "quota")
    own: dict[str, Any] = {}
    if kind is EventKind.STATUS_CHANGED:
        own["status"] = "SUSPENDED"
    if kind is EventKind.USAGE_THRESHOLD:
        own["total_octets"] = octets(quota, "total_volume", "volume", unit=10**6)
        own["remaining_octets"] = octets(quota, "remaining_volume", "volume_left", unit=10**6)
    sim, endpoint = part(document, "sim"), part(document, "endpoint")
    event = delivery.event(
        kind,
        source_event_id=identifier(document, "id"),
        at_ms=time_ms(document, "timestamp", default=delivery.received_ms),
        iccid=iccid(sim, "iccid") or iccid(endpoint, "name"),
        country=where,
        **own,
    )
    return [named(event)]


def _country(detail: dict[str, Any]) -> str:
    found = country(part(detail, "country"), "iso_code", "code")
    return found or country(part(part(detail, "pdp_context"), "country"), "iso_code", "code")
