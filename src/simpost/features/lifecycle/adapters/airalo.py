r"""Airalo Partner API: notifications of low data and of the end of a plan.

Source: Airalo Partner API, "Webhook definition". Signed with the client secret: HMAC-SHA512 of the
JSON as PHP writes it, with `/` as `\/`. A URL is tried with HEAD before it is accepted.
"""

from __future__ import annotations

from typing import Final

from simpost.domain.lifecycle import EventKind, LifecycleEvent
from simpost.features.lifecycle.adapters.report import SourceDelivery, named
from simpost.features.lifecycle.document import UnknownEvent, iccid, number, percent, text
from simpost.net.body_signatures import SignatureRule, compact_with_escaped_slashes

SIGNATURE: Final = SignatureRule(("airalo-signature",), "sha512", compact_with_escaped_slashes)

_DAY_MS: Final = 86_400_000


def read(delivery: SourceDelivery) -> list[LifecycleEvent]:
    """The usage of a plan, or its end in one or three days. Other notifications make no event."""
    document = delivery.document
    level = text(document, "level")
    if not level:
        if "iccid" in document:
            raise UnknownEvent("the body has an iccid and no level")
        return []
    common = {"iccid": iccid(document, "iccid"), "plan": text(document, "package_name")}
    left = number(document, "remaining_percentage")
    if level.endswith("%"):
        used = percent(document, "level") if left is None else int(min(100, max(0, 100 - left)))
        return [named(delivery.event(EventKind.USAGE_THRESHOLD, **common, used_percent=used))]
    days = {"1days": 1, "1day": 1, "3days": 3}.get(level.lower())
    if days is None:
        raise UnknownEvent(f"there is no level {level!r}")
    expires_ms = delivery.received_ms + days * _DAY_MS
    kind = EventKind.PLAN_EXPIRING if days == 1 else EventKind.USAGE_THRESHOLD
    used = None if left is None or kind is EventKind.PLAN_EXPIRING else int(100 - left)
    return [named(delivery.event(kind, **common, expires_ms=expires_ms, used_percent=used))]
