"""Roamify webhooks: status and usage of eSIMs.

Source: docs.getroamify.com/webhooks. Signed in `X-Roamify-Signature` with the secret key. Usage is
reported every four hours.
"""

from __future__ import annotations

from typing import Final

from simpost.domain.esims import EsimStatus
from simpost.domain.lifecycle import EventKind, LifecycleEvent
from simpost.features.lifecycle.adapters.report import SourceDelivery, named
from simpost.features.lifecycle.document import (
    UnknownEvent,
    iccid,
    identifier,
    octets,
    optional_time_ms,
    part,
    percent,
    text,
    time_ms,
)
from simpost.net.body_signatures import SignatureRule

SIGNATURE: Final = SignatureRule(("x-roamify-signature",))

_UNITS: Final = {"KB": 10**3, "MB": 10**6, "GB": 10**9}
_STATUSES: Final = {
    "INSTALLED": EventKind.INSTALLED,
    "ACTIVATED": EventKind.USAGE_STARTED,
    "ACTIVE": EventKind.USAGE_STARTED,
    "REVOKED": EventKind.STATUS_CHANGED,
    "SUSPENDED": EventKind.STATUS_CHANGED,
    "EXPIRED": EventKind.PLAN_EXPIRED,
}
_WITHOUT_MEANING: Final = frozenset({"NEW", "INACTIVE", "DEACTIVATED", "UNKNOWN", ""})


def read(delivery: SourceDelivery) -> list[LifecycleEvent]:
    """Events of the category `esim`. Others are about the partner's account."""
    document, data = delivery.document, part(delivery.document, "data")
    if text(document, "event_category") != "esim":
        return []
    kind = text(document, "event_type")
    common = {
        "at_ms": time_ms(data, "timestamp", default=delivery.received_ms),
        "iccid": iccid(data, "iccid"),
        "esim_tran_no": identifier(data, "esim_id"),
        "order_no": identifier(data, "reference_id"),
        "plan": text(data, "package_id", "package_name"),
        "expires_ms": optional_time_ms(data, "end"),
    }
    status = text(data, "status").upper()
    if kind == "usage":
        unit = _UNITS.get(text(data, "data_units").upper(), 10**6)
        usage = {
            "used_percent": percent(data, "data_usage_percentage", "usage_percentage"),
            "total_octets": octets(data, "data_total", "total_data", unit=unit),
            "remaining_octets": octets(data, "data_remaining", "remaining_data", unit=unit),
        }
        return [named(delivery.event(EventKind.USAGE_THRESHOLD, **common, **usage))]
    if kind != "status":
        raise UnknownEvent(f"there is no event type {kind!r}")
    if status in _WITHOUT_MEANING:
        return []
    meaning = _STATUSES.get(status)
    if meaning is None:
        raise UnknownEvent(f"there is no status {status!r}")
    own = {}
    if meaning is EventKind.STATUS_CHANGED:
        is_revoked = status == "REVOKED"
        own["status"] = str(EsimStatus.REVOKED if is_revoked else EsimStatus.SUSPENDED)
    return [named(delivery.event(meaning, **common, **own))]
