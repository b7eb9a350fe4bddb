"""The types of events, what each says, and the patterns that select them.

docs/events.md is made from this table, and a test of both stores compares it with real events.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from simpost.domain.lifecycle import Transition
from simpost.domain.states import State


class EventField(NamedTuple):
    """A field of `data`. It is in all events of its object, or only in some."""

    name: str
    meaning: str
    is_always: bool = True


class EventType(NamedTuple):
    """A type of events, and when one is written."""

    name: str
    when: str


class EventObject(NamedTuple):
    """What events are about: their `subject`, the fields of their `data`, and their types."""

    title: str
    subject: str
    page: str
    fields: tuple[EventField, ...]
    types: tuple[EventType, ...]


_MESSAGE: Final = {
    State.ACCEPTED: "It was committed. Also when a scheduled or held message is released.",
    State.SCHEDULED: "It was committed, and waits for the time of its request.",
    State.HELD: "It was committed, and policy holds it until a time.",
    State.SENDING: "An attempt failed, and another follows; or some of its parts were sent.",
    State.IN_DOUBT: "Octets of a part may have been sent, and no response came.",
    State.SENT: "The carrier accepted all parts.",
    State.DELIVERED: "The carrier reported that the handset received all parts.",
    State.FAILED: "The carrier reported that it could not be delivered.",
    State.EXPIRED: "Its validity ended first, or no receipt came.",
    State.REJECTED: "The carrier refused it, or simpost did when it was due.",
    State.CANCELLED: "It was cancelled before it was sent.",
}
_TRANSITIONS: Final = {
    Transition.ORDER_READY: "The order is ready to be downloaded; once.",
    Transition.DOWNLOADED: "The profile was downloaded; once.",
    Transition.INSTALLED: "The profile was installed on a device; once.",
    Transition.ENABLED: "The profile was enabled.",
    Transition.DISABLED: "The profile was disabled.",
    Transition.DELETED: "The profile was deleted from the device.",
    Transition.ATTACHED: "The eSIM attached to a network for the first time; once.",
    Transition.COUNTRY_CHANGED: "The eSIM is in another country than before.",
    Transition.USAGE_STARTED: "The first data was used; once.",
    Transition.DATA_USED_50: "Half of the data is used.",
    Transition.DATA_USED_80: "80 percent of the data is used.",
    Transition.DATA_USED_100: "All data is used.",
    Transition.EXPIRES_TOMORROW: "The plan ends in 24 hours.",
    Transition.EXPIRED: "The plan has ended.",
    Transition.SMS_LOST: "The supplier took the number for SMS away; once.",
}
EVENTS: Final = (
    EventObject(
        "Messages",
        "the id of the message",
        "api.md#get-v1messages",
        (
            EventField("carrier", "the carrier, or null"),
            EventField("reason", "the [reason](reasons.md), or null"),
            EventField("parts", "number of parts"),
            EventField("deliveredParts", "number of parts that were delivered"),
            EventField("category", "the category, as long as the message is stored", False),
            EventField("esimTranNo", "the eSIM, as long as the message is stored", False),
            EventField("iccid", "its ICCID, as long as the message is stored", False),
            EventField("reference", "your reference or null, as long as it is stored", False),
        ),
        tuple(EventType(f"message.{state}", when) for state, when in _MESSAGE.items()),
    ),
    EventObject(
        "eSIMs",
        "the esimTranNo",
        "lifecycle.md#transitions",
        (
            EventField("source", "the kind of the source that reported it; `api`; or `clock`"),
            EventField("country", "where the eSIM is, as ISO 3166-1 Alpha-2, or null"),
        ),
        tuple(EventType(f"esim.{each}", when) for each, when in _TRANSITIONS.items()),
    ),
    EventObject(
        "Forgotten travellers",
        "the esimTranNo",
        "sealing.md#forget-a-traveller",
        (
            EventField("erasureId", "the id of the erasure"),
            EventField("counts", "how many rows were erased, by kind"),
        ),
        (EventType("esim.forgotten", "The texts and numbers of an eSIM were erased."),),
    ),
    EventObject(
        "Conversations",
        "the id of the conversation",
        "conversations.md",
        (
            EventField("esimTranNo", "the eSIM"),
            EventField("status", "`open`, `waiting` or `closed`"),
            EventField("because", "`text`, `request` or `reply_failed`", False),
            EventField("inboundId", "the id of the text that came", False),
            EventField("messageId", "the id of the reply", False),
            EventField("assignee", "of `conversation.overdue`: who had it, or null", False),
        ),
        (
            EventType("conversation.opened", "It began, or is open again."),
            EventType("conversation.received", "A further text came."),
            EventType("conversation.answered", "A reply was accepted."),
            EventType(
                "conversation.changed",
                "Somebody changed the status, the assignee, the tags or what is unread.",
            ),
            EventType("conversation.closed", "Somebody closed it."),
            EventType("conversation.overdue", "The first reply is overdue."),
        ),
    ),
    EventObject(
        "Changed preferences",
        "the esimTranNo, or `defaults` for those of the account",
        "preferences.md",
        (
            EventField("way", "how it was changed, such as `handset` or `api`"),
            EventField("differences", "the old and the new value of each preference"),
        ),
        (EventType("preferences.changed", "Preferences were changed."),),
    ),
    EventObject(
        "Flagged texts",
        "the esimTranNo",
        "preferences.md",
        (),
        (EventType("preferences.flagged", "A text may be an opt-out: a person should read it."),),
    ),
    EventObject(
        "Budgets",
        "`day` or `month`, with a prefix as `day:66`",
        "policy.md#budgets",
        (
            EventField("period", "the day or month (UTC)"),
            EventField("percent", "50, 80 or 100"),
            EventField("used", "parts that are used; cost units as text"),
            EventField("limit", "the budget, in the same unit"),
        ),
        (
            EventType(
                "budget.reached",
                "A budget is used by 50, 80 or 100 percent, or refused its first message.",
            ),
        ),
    ),
    EventObject(
        "Parts of the SMPP port",
        "the id that the message would have had",
        "smpp-server.md#long-texts",
        (
            EventField("state", "`expired` or `rejected`"),
            EventField("reason", "`parts_missing`, or the [reason](reasons.md) of the refusal"),
            EventField("parts", "the numbers of the parts"),
            EventField("references", "the reference of each of them"),
        ),
        (EventType("smpp.parts_dropped", "Parts that a client submitted will be no message."),),
    ),
    EventObject(
        "Webhook endpoints",
        "the id of the endpoint",
        "webhooks.md#what-happens-when-it-fails",
        (
            EventField("url", "its URL"),
            EventField("failures", "requests that failed, one after another"),
        ),
        (
            EventType("webhook.failing", "It refused five times in a row."),
            EventType("webhook.disabled", "It accepted nothing for three days, or answered 410."),
            EventType("webhook.recovered", "It accepts events again."),
        ),
    ),
    EventObject(
        "Tests of an endpoint",
        "an id of this test",
        "webhooks.md",
        (EventField("endpointId", "the endpoint"),),
        (EventType("webhook.test", "You asked for it. Sent to the endpoint, and not kept."),),
    ),
)
EVENT_TYPES: Final = tuple(each.name for about in EVENTS for each in about.types)


def selects_events(pattern: str) -> bool:
    """Whether a pattern, a type or `message.*` or `*`, selects events of any type."""
    if pattern == "*":
        return True
    if pattern.endswith(".*"):
        return any(each.startswith(pattern[:-1]) for each in EVENT_TYPES)
    return pattern in EVENT_TYPES
