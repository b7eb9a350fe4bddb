"""eSIM Go notifications, version 3.

Source: docs.esim-go.com, "Notifications" and "Webhooks & Callbacks". The type is in `alertType`,
of the newest notifications in `event`. Signed with the API key: the guide writes the signature in
hex, the API pages in base64.
"""

from __future__ import annotations

from typing import Final

from simpost.domain.lifecycle import EventKind, LifecycleEvent
from simpost.features.lifecycle.adapters.report import SourceDelivery, named
from simpost.features.lifecycle.document import (
    UnknownEvent,
    country,
    iccid,
    octets,
    optional_time_ms,
    part,
    text,
    time_ms,
)
from simpost.net.body_signatures import SignatureRule

SIGNATURE: Final = SignatureRule(("x-signature-sha256",))

_KINDS: Final = {
    "firstattachment": EventKind.ATTACHED_FIRST,
    "firstuse": EventKind.USAGE_STARTED,
    "utilisation": EventKind.USAGE_THRESHOLD,
    "usage": EventKind.USAGE_THRESHOLD,
    "countrychange": EventKind.COUNTRY_CHANGED,
    "locationupdate": EventKind.COUNTRY_CHANGED,
    "msisdndisabled": EventKind.SMS_LOST,
    "smsfailed": EventKind.MESSAGE_FAILED,
    "esim.deleted": EventKind.DELETED,
}
_PROFILES: Final = {
    "downloaded": EventKind.PROFILE_DOWNLOADED,
    "installed": EventKind.INSTALLED,
    "released": EventKind.DELETED,  # "has been deleted from the device"
}
_IGNORED: Final = frozenset({"esim.deletion_scheduled", "balance", "lowbalance"})


def read(delivery: SourceDelivery) -> list[LifecycleEvent]:
    """The event of a notification. A country is reported every 24 hours, without a time."""
    document = delivery.document
    name = text(document, "alertType", "event").lower()
    kind = _PROFILES.get(text(document, "profileStatus").lower()) or _KINDS.get(name)
    if kind is None and name in _IGNORED:
        return []
    if kind is None:
        raise UnknownEvent(f"there is no notification {name!r}")
    bundle = part(document, "bundle")
    event = delivery.event(
        kind,
        at_ms=time_ms(document, "date", "timestamp", "changedAt", default=delivery.received_ms),
        iccid=iccid(document, "iccid"),
        country=country(part(document, "country"), "code"),
        plan=text(bundle, "name"),
        total_octets=octets(bundle, "initialQuantity"),
        remaining_octets=octets(bundle, "remainingQuantity"),
        expires_ms=optional_time_ms(bundle, "endTime"),
        detail=text(document, "reason"),
    )
    return [named(event)]
