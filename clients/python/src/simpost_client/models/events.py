"""Models of the native API: events. Written by make_models."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """An event never changes. `sequence` numbers the account's events.

    `id` is the same here and in every webhook. `subject` is the id of the object in `type`: a
    message id for `message.delivered`.
    """

    id: str
    sequence: int
    type: str
    subject: str
    occurred_at: datetime
    data: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class EventList:
    """Oldest first. `next` is the `after` of the next request, also when there are no events."""

    events: tuple[Event, ...]
    next: int
    has_more: bool
