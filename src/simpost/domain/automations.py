"""Automations: a message that a transition of an eSIM starts, once. Pure."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

import msgspec

from simpost.domain.lifecycle import Transition
from simpost.domain.messages import Category

MAX_AUTOMATIONS: Final = 100
"""Automations of an account."""
MAX_DELAY_S: Final = 7 * 86_400
MAX_NOT_AFTER_S: Final = 14 * 86_400
DEFAULT_NOT_AFTER_S: Final = 6 * 3600
GIVEN_VARIABLES: Final = frozenset({"country", "percent"})
"""Variables of templates that the transition gives."""


class Automation(msgspec.Struct, frozen=True):
    """What to send when an eSIM makes a transition.

    Attributes:
        name: unique in the account.
        template: name of a template; its language is that of the eSIM.
        values: of its variables, besides `country` and `percent`, which the transition gives.
        delay_s: from the transition until the message is sent.
        not_after_s: from the transition; what could not be sent by then is not sent at all.
    """

    account_id: int
    name: str
    trigger: Transition
    template: str
    category: Category = Category.SERVICE
    values: dict[str, str] = {}
    delay_s: int = 0
    not_after_s: int = DEFAULT_NOT_AFTER_S
    enabled: bool = False
    changed_ms: int = 0


class RunState(StrEnum):
    """What became of an automation for one transition. All but `waiting` are final."""

    WAITING = "waiting"
    """Its delay is not over."""
    ACCEPTED = "accepted"
    """Its message is committed, sent now or held."""
    REFUSED = "refused"
    """Its message was refused, with a reason."""
    TOO_LATE = "too_late"
    """`notAfterSeconds` was over."""
    SWITCHED_OFF = "switched_off"
    """The automation was switched off or deleted while it waited."""
    CANCELLED = "cancelled"
    """It waited when a copy of the store was confirmed, or when the traveller was forgotten."""


class Run(msgspec.Struct, frozen=True):
    """An automation for one transition of one eSIM.

    Attributes:
        occurrence: of the transition; with the automation and the eSIM the key of the run.
        at_ms: when the transition happened; `due_ms`: when the message is due.
        late_ms: from then on it is too late.
        message_id: of its message; `None` without one.
        reason: of a refusal.
    """

    account_id: int
    automation: str
    esim_tran_no: str
    occurrence: str
    id: bytes
    transition: Transition
    country: str
    at_ms: int
    due_ms: int
    late_ms: int
    state: RunState
    message_id: bytes | None = None
    reason: str | None = None
    ended_ms: int | None = None


def due_times(automation: Automation, at_ms: int) -> tuple[int, int]:
    """When the message for a transition is due, and from when on it is too late."""
    return at_ms + 1000 * automation.delay_s, at_ms + 1000 * automation.not_after_s


def percent_of(transition: Transition) -> int | None:
    """The share of data that a transition says is used; `None` for all others."""
    return _PERCENT.get(transition)


_PERCENT: Final = {
    Transition.DATA_USED_50: 50,
    Transition.DATA_USED_80: 80,
    Transition.DATA_USED_100: 100,
}
