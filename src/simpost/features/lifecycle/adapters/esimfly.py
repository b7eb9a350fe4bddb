"""eSIMfly, both documented pages.

Source: github.com/eSimfly-Official/api-docs, `docs/api/webhooks.md` (signed as `sha256=` and hex,
with `X-Webhook-Id`) and the older `docs/webhooks.md` (bare hex in `X-eSIMfly-Signature`). The
secret is used as text, with its prefix `whsec_`.
"""

from __future__ import annotations

from typing import Any, Final

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
    parts,
    percent,
    text,
    time_ms,
)
from simpost.net.body_signatures import SignatureRule

SIGNATURE: Final = SignatureRule(("x-webhook-signature", "x-esimfly-signature"))

_GB: Final = 10**9
_PROFILES: Final = {
    "bpp installation": EventKind.PROFILE_DOWNLOADED,
    "enable": EventKind.ENABLED,
    "disable": EventKind.DISABLED,
    "delete": EventKind.DELETED,
}
_STATUSES: Final = {
    "ACTIVE": EventKind.USAGE_STARTED,
    "DEPLETED": EventKind.DEPLETED,
    "EXPIRED": EventKind.PLAN_EXPIRED,
    "CANCELLED": EventKind.STATUS_CHANGED,
}
_KINDS: Final = {
    "esim.installed": EventKind.INSTALLED,
    "esim.usage.threshold": EventKind.USAGE_THRESHOLD,
    "esim.provisioned": EventKind.ORDER_READY,
    "esim.activated": EventKind.USAGE_STARTED,
    "esim.expired": EventKind.PLAN_EXPIRED,
}
_IGNORED: Final = frozenset(
    {
        "order.created",
        "order.failed",
        "balance.low",
        "topup.completed",
        "topup.failed",
    }
)
_TIMES: Final = (
    "installed_at", "changed_at", "reported_at", "activated_at", "expired_at",
)  # fmt: skip


def read(delivery: SourceDelivery) -> list[LifecycleEvent]:
    """Events of a body of either page."""
    document = delivery.document
    name, data = text(document, "event", "type"), part(document, "data")
    if name in _IGNORED:
        return []
    if name == "order.completed":
        return [
            _event(delivery, EventKind.ORDER_READY, each | {"order": data.get("order_reference")})
            for each in parts(data, "esims")
        ]
    if name == "esim.profile.updated":
        kind = _PROFILES.get(text(data, "profile_status").lower())
    elif name == "esim.status.changed":
        status = text(data, "new_status").upper()
        kind = _STATUSES.get(status)
        if status == "NEW":
            return []
    else:
        kind = _KINDS.get(name)
    if kind is None:
        raise UnknownEvent(f"there is no event {name!r} with this status")
    return [_event(delivery, kind, data)]


def _event(delivery: SourceDelivery, kind: EventKind, data: dict[str, Any]) -> LifecycleEvent:
    event_id = delivery.headers.get("x-webhook-id") or delivery.headers.get(
        "x-esimfly-delivery-id", ""
    )
    own: dict[str, Any] = {}
    if kind is EventKind.STATUS_CHANGED:
        own["status"] = EsimStatus.CANCEL.value
    default_ms = time_ms(delivery.document, "timestamp", default=delivery.received_ms)
    return named(
        delivery.event(
            kind,
            source_event_id=identifier({"": event_id}, ""),
            at_ms=time_ms(data, *_TIMES, default=default_ms),
            iccid=iccid(data, "iccid"),
            order_no=identifier(data, "order_reference", "order"),
            plan=text(data, "package_code", "package_name"),
            used_percent=percent(data, "used_percent"),
            total_octets=octets(data, "total_gb", "data_total", unit=_GB),
            remaining_octets=octets(data, "remaining_gb", unit=_GB),
            expires_ms=optional_time_ms(data, "expiry_date", "expires_at"),
            **own,
        )
    )
