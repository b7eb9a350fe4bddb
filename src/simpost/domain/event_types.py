"""The types of events, and the patterns that select them."""

from __future__ import annotations

from typing import Final

from simpost.domain.lifecycle import Transition
from simpost.domain.states import State

EVENT_TYPES: Final = (
    *(f"message.{state}" for state in State),
    "preferences.changed",
    "preferences.flagged",
    *(f"esim.{transition}" for transition in Transition),
    "conversation.opened",
    "conversation.received",
    "conversation.answered",
    "conversation.changed",
    "conversation.closed",
    "conversation.overdue",
    "esim.forgotten",
    "budget.reached",
    "smpp.parts_dropped",
    "webhook.failing",
    "webhook.disabled",
    "webhook.recovered",
    "webhook.test",
)


def selects_events(pattern: str) -> bool:
    """Whether a pattern, a type or `message.*` or `*`, selects events of any type."""
    if pattern == "*":
        return True
    if pattern.endswith(".*"):
        return any(each.startswith(pattern[:-1]) for each in EVENT_TYPES)
    return pattern in EVENT_TYPES
