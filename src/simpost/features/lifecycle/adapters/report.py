"""What every adapter works with: a delivery, and the events that are made of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from simpost.domain.lifecycle import EventKind, LifecycleEvent
from simpost.features.lifecycle.document import NotUnderstood


class SourceDelivery(msgspec.Struct, frozen=True):
    """One body from a source.

    Attributes:
        headers: names in lower case.
        received_ms: the time of an event that has none.
    """

    source: str
    document: dict[str, Any]
    headers: Mapping[str, str]
    received_ms: int

    def event(self, kind: EventKind, **fields: Any) -> LifecycleEvent:
        """An event at the time of receipt, unless `at_ms` is given."""
        return LifecycleEvent(self.source, kind, **({"at_ms": self.received_ms} | fields))


Read = Callable[[SourceDelivery], list[LifecycleEvent]]
"""Raises NotUnderstood or UnknownEvent. No events: a test, or nothing about an eSIM."""


def named(event: LifecycleEvent) -> LifecycleEvent:
    """The event. Raises NotUnderstood if it names no eSIM."""
    if not (event.iccid or event.esim_tran_no or event.order_no):
        raise NotUnderstood("the body names no eSIM: no iccid, no order")
    return event
