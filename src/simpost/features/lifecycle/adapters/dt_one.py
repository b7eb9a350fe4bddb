"""DT One webhooks: the type is in the header `X-Webhook-Type`.

Source: developers.dtone.com/docs/webhooks and /webhook-events. Deliveries are not signed.
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
    optional_time_ms,
    part,
    percent,
    text,
    time_ms,
)

_STATUSES: Final = {
    "DOWNLOADED": EventKind.PROFILE_DOWNLOADED,
    "INSTALLED": EventKind.INSTALLED,
    "ENABLED": EventKind.ENABLED,
    "ACTIVE": EventKind.ENABLED,
    "DISABLED": EventKind.DISABLED,
    "DELETED": EventKind.DELETED,
}
_WITHOUT_MEANING: Final = frozenset({"RELEASED", "AVAILABLE", "LINKED", "CONFIRMED"})
_KINDS: Final = {
    "ESIM_BALANCE_ACTIVATION": EventKind.USAGE_STARTED,
    "ESIM_BALANCE_ALERT": EventKind.USAGE_THRESHOLD,
    "ESIM_COUNTRY_CHANGE": EventKind.COUNTRY_CHANGED,
}


def read(delivery: SourceDelivery) -> list[LifecycleEvent]:
    """The event of a body."""
    document, data = delivery.document, part(delivery.document, "data")
    name = delivery.headers.get("x-webhook-type", "").strip().upper()
    kind = _KINDS.get(name)
    if name == "ESIM_STATUS":
        status = text(data, "status", "profile_state", "state", "esim_status").upper()
        if status in _WITHOUT_MEANING:
            return []
        kind = _STATUSES.get(status)
    if kind is None:
        raise UnknownEvent(f"there is no type {name!r} with this status: see X-Webhook-Type")
    profile = part(data, "profile")
    event = delivery.event(
        kind,
        source_event_id=identifier(document, "id"),
        at_ms=time_ms(
            data, "timestamp", "event_date",
            default=time_ms(document, "created_at", default=delivery.received_ms),
        ),
        iccid=iccid(data, "iccid", "serial") or iccid(profile, "iccid"),
        order_no=identifier(data, "external_id", "transaction_external_id"),
        country=_country(data),
        plan=text(data, "package", "product_id", "plan"),
        used_percent=percent(data, "used_percentage"),
        total_octets=octets(data, "total_balance", "total_bytes"),
        remaining_octets=octets(data, "remaining_balance", "balance_bytes", "remaining_bytes"),
        expires_ms=optional_time_ms(data, "expiry_date", "expires_at", "expiration_date"),
    )  # fmt: skip
    return [named(event)]


def _country(data: dict[str, Any]) -> str:
    names = ("current_country", "new_country", "country", "country_iso_code")
    for name in names:
        found = country(part(data, name), "iso_code", "code") or country(data, name)
        if found:
            return found
    return ""
