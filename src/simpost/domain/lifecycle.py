"""What happens to eSIMs: events in one form, the facts that they leave, and the transitions."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

import msgspec

CLOCK: Final = "clock"
"""The source of what simpost notices by itself: that a plan ends within a day, or has ended."""


class EventKind(StrEnum):
    """What an event reports."""

    ORDER_READY = "order_ready"
    PROFILE_DOWNLOADED = "profile_downloaded"
    INSTALLED = "installed"
    ENABLED = "enabled"
    DISABLED = "disabled"
    DELETED = "deleted"
    ATTACHED_FIRST = "attached_first"
    COUNTRY_CHANGED = "country_changed"
    USAGE_STARTED = "usage_started"
    USAGE_THRESHOLD = "usage_threshold"
    PLAN_EXPIRING = "plan_expiring"
    PLAN_EXPIRED = "plan_expired"
    DEPLETED = "depleted"
    STATUS_CHANGED = "status_changed"
    SMS_LOST = "sms_lost"
    MESSAGE_FAILED = "message_failed"
    TEST = "test"


class Transition(StrEnum):
    """A change of our own facts about an eSIM; automations start on it.

    `esim.` and the name is the type of its event.
    """

    ORDER_READY = "order_ready"
    DOWNLOADED = "downloaded"
    INSTALLED = "installed"
    ENABLED = "enabled"
    DISABLED = "disabled"
    DELETED = "deleted"
    ATTACHED = "attached"
    COUNTRY_CHANGED = "country_changed"
    USAGE_STARTED = "usage_started"
    DATA_USED_50 = "data_used_50"
    DATA_USED_80 = "data_used_80"
    DATA_USED_100 = "data_used_100"
    EXPIRES_TOMORROW = "expires_tomorrow"
    EXPIRED = "expired"
    SMS_LOST = "sms_lost"


class LifecycleEvent(msgspec.Struct, frozen=True, omit_defaults=True):
    """Something that happened to an eSIM. Empty fields are unknown.

    Attributes:
        source: the kind of source, such as `esimgo`; `api` for the account itself.
        source_event_id: the source's own id of the event.
        iccid: in digits, with or without the check digit.
        order_no: an event that names nothing else is about all eSIMs of the order.
        country: ISO 3166-1 Alpha-2.
        status: of the order, for `status_changed`.
        expires_ms: when the plan ends.
        detail: what the source says beyond that, without texts and numbers.
    """

    source: str
    kind: EventKind
    at_ms: int
    source_event_id: str = ""
    iccid: str = ""
    esim_tran_no: str = ""
    order_no: str = ""
    country: str = ""
    status: str = ""
    plan: str = ""
    used_percent: int | None = None
    remaining_octets: int | None = None
    total_octets: int | None = None
    expires_ms: int | None = None
    detail: str = ""


class EsimFacts(msgspec.Struct, frozen=True, omit_defaults=True):
    """What the events of an eSIM left. A state has the time of its report beside it.

    Attributes:
        ready_ms, downloaded_ms, installed_ms, attached_ms, used_ms, sms_lost_ms: the earliest
            report.
        expired_ms: the latest report.
        used_noticed: the highest threshold that had its transition since the last top-up.
        expiry_noticed_ms: the expiry that had its transition `expires_tomorrow`.
    """

    profile: str = ""
    profile_at_ms: int = 0
    status: str = ""
    status_at_ms: int = 0
    country: str = ""
    country_at_ms: int = 0
    plan: str = ""
    used_percent: int | None = None
    remaining_octets: int | None = None
    total_octets: int | None = None
    usage_at_ms: int = 0
    expires_ms: int | None = None
    expires_at_ms: int = 0
    ready_ms: int | None = None
    downloaded_ms: int | None = None
    installed_ms: int | None = None
    attached_ms: int | None = None
    used_ms: int | None = None
    sms_lost_ms: int | None = None
    expired_ms: int | None = None
    used_noticed: int = 0
    expiry_noticed_ms: int = 0


class Change(msgspec.Struct, frozen=True):
    """A transition and its occurrence: with the eSIM they are its key.

    Attributes:
        occurrence: empty for what happens once to an eSIM; otherwise the second at which it
            happened, which stands for the trip, the plan or the profile's new state; of
            `expires_tomorrow` the second of the expiry.
    """

    transition: Transition
    occurrence: str = ""


class Applied(msgspec.Struct, frozen=True):
    """The facts after an event.

    Attributes:
        is_late: something later was known, so that the event changed no state.
    """

    facts: EsimFacts
    changes: tuple[Change, ...] = ()
    is_late: bool = False
