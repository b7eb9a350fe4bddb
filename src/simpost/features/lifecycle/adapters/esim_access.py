"""eSIM Access and HiRoaming, both documented shapes.

Source: docs.esimaccess.com, "Webhooks" (`notifyType` and `content`), and the HiRoaming B2B API,
"Webhook" (`eventType` and flat fields). Deliveries are not signed.
"""

from __future__ import annotations

from typing import Any, Final

from simpost.domain.esims import EsimStatus, SmdpStatus
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

_PROFILES: Final[dict[str, EventKind]] = {
    SmdpStatus.DOWNLOAD: EventKind.PROFILE_DOWNLOADED,
    SmdpStatus.INSTALLATION: EventKind.INSTALLED,
    SmdpStatus.ENABLED: EventKind.ENABLED,
    SmdpStatus.DISABLED: EventKind.DISABLED,
    SmdpStatus.DELETED: EventKind.DELETED,
    "INSTALLED": EventKind.INSTALLED,
    "ACTIVATED": EventKind.ENABLED,
    "DEACTIVATED": EventKind.DISABLED,
}
_STATUSES: Final[dict[str, EventKind]] = {
    EsimStatus.GOT_RESOURCE: EventKind.ORDER_READY,
    EsimStatus.IN_USE: EventKind.USAGE_STARTED,
    EsimStatus.USED_UP: EventKind.DEPLETED,
    EsimStatus.USED_EXPIRED: EventKind.PLAN_EXPIRED,
    EsimStatus.UNUSED_EXPIRED: EventKind.PLAN_EXPIRED,
    EsimStatus.CANCEL: EventKind.STATUS_CHANGED,
    EsimStatus.REVOKE: EventKind.STATUS_CHANGED,
    EsimStatus.REVOKED: EventKind.STATUS_CHANGED,
    EsimStatus.SUSPENDED: EventKind.STATUS_CHANGED,
}


def read(delivery: SourceDelivery) -> list[LifecycleEvent]:
    """Events of either shape. A status that means nothing to simpost makes none."""
    document = delivery.document
    if kind := text(document, "notifyType"):
        content = {"timestamp": document.get("eventGenerateTime")} | part(document, "content")
        return _read(delivery, kind, content, identifier(document, "notifyId"))
    return _read(delivery, text(document, "eventType"), document, "")


def _read(
    delivery: SourceDelivery, kind: str, content: dict[str, Any], notify_id: str
) -> list[LifecycleEvent]:
    common = {
        "source_event_id": notify_id,
        "at_ms": time_ms(content, "timestamp", "lastUpdateTime", default=delivery.received_ms),
        "iccid": iccid(content, "iccid"),
        "esim_tran_no": identifier(content, "esimTranNo"),
        "order_no": identifier(content, "orderNo"),
    }
    usage = {
        "total_octets": octets(content, "totalVolume"),
        "used_percent": percent(content, "usagePercent"),
        "remaining_octets": _remaining(content),
    }
    match kind:
        case "CHECK_HEALTH":
            return [delivery.event(EventKind.TEST)]
        case "ORDER_STATUS":
            if text(content, "orderStatus", "status") != EsimStatus.GOT_RESOURCE:
                return []
            return _ready(delivery, content, common)
        case "ESIM_STATUS" | "SMDP_EVENT" | "PROFILE_STATUS":
            return _states(delivery, content, common, is_profile=kind != "ESIM_STATUS")
        case "DATA_USAGE":
            return [named(delivery.event(EventKind.USAGE_THRESHOLD, **common, **usage))]
        case "VALIDITY_USAGE":
            expires_ms = optional_time_ms(content, "expiredTime")
            event = delivery.event(EventKind.PLAN_EXPIRING, **common, expires_ms=expires_ms)
            return [named(event)]
    raise UnknownEvent(f"there is no event {kind!r}" if kind else "the body names no event")


def _ready(
    delivery: SourceDelivery, content: dict[str, Any], common: dict[str, Any]
) -> list[LifecycleEvent]:
    profiles = parts(content, "profiles")
    if not profiles:
        return [named(delivery.event(EventKind.ORDER_READY, **common))]
    return [
        named(
            delivery.event(
                EventKind.ORDER_READY,
                **common
                | {
                    "iccid": iccid(each, "iccid"),
                    "esim_tran_no": identifier(each, "esimTranNo"),
                },
            )
        )
        for each in profiles
    ]


def _states(
    delivery: SourceDelivery, content: dict[str, Any], common: dict[str, Any], *, is_profile: bool
) -> list[LifecycleEvent]:
    """The state of the profile, of the order, or both; an SMDP_EVENT is about the profile."""
    found = []
    profile = _PROFILES.get(text(content, "smdpStatus", "currentStatus"))
    if profile is not None:
        found.append(named(delivery.event(profile, **common)))
    status = text(content, "esimStatus", *(() if profile else ("currentStatus",)))
    kind = _STATUSES.get(status)
    if kind is not None and not (is_profile and profile):
        own = {"status": status} if kind is EventKind.STATUS_CHANGED else {}
        found.append(named(delivery.event(kind, **common, **own)))
    return found


def _remaining(content: dict[str, Any]) -> int | None:
    remaining, total = octets(content, "remain", "remainVolume"), octets(content, "totalVolume")
    used = octets(content, "usedVolume", "orderUsage")
    if remaining is None and total is not None and used is not None:
        return max(0, total - used)
    return remaining
