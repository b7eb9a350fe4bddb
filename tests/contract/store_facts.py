"""Messages, attempt results and receipts for the store contract, with unique ids and times."""

from __future__ import annotations

import itertools
from typing import Any

from simpost.domain.conversations import Conversation, ConversationStatus
from simpost.domain.lifecycle import EventKind, LifecycleEvent
from simpost.domain.messages import Category, Priority
from simpost.domain.outcomes import OutcomeKind, Receipt
from simpost.domain.reasons import Reason
from simpost.domain.states import State
from simpost.ports.store import (
    AttemptResult,
    EsimRow,
    NewMessage,
    PlanRow,
    RequestKey,
    Store,
)
from simpost.ports.store.conversations import ConversationFilter
from simpost.ports.store.held import HeldMessage
from simpost.ports.store.lifecycle import EventOutcome, NewLifecycleEvent

NOW_MS = 1_767_225_600_000
DAY_MS = 86_400_000
LEASE_MS = 180_000
DUE_MS = NOW_MS + DAY_MS
"""When held messages are due."""
CARRIER = "smsc"
OWNER = "embedded"

_count = itertools.count()


def new_id(time_ms: int) -> bytes:
    """A UUIDv7 of that time; later ones of one millisecond sort behind earlier ones."""
    return time_ms.to_bytes(6, "big") + b"\x70\x00" + next(_count).to_bytes(8, "big")


def message(*parts: str, at_ms: int = NOW_MS, **changes: Any) -> NewMessage:
    parts = parts or ("hello",)
    facts: dict[str, Any] = {
        "id": new_id(at_ms),
        "account_id": 1,
        "esim_tran_no": "23072017992029",
        "iccid": "8985200000000000001",
        "destination": "66812345678",
        "sender": "Shop",
        "carrier": CARRIER,
        "category": Category.SERVICE,
        "priority": Priority.CONVERSATION,
        "text": "".join(parts),
        "encoding": "gsm7",
        "parts": parts,
        "created_ms": at_ms,
        "expires_ms": at_ms + DAY_MS,
    }
    return NewMessage(**{**facts, **changes})


def leased(*parts: str, **changes: Any) -> NewMessage:
    """A message that is leased from the moment it is accepted, as a lane does it."""
    return message(*parts, lease_ms=NOW_MS + LEASE_MS, **changes)


def held(
    *parts: str,
    until_ms: int = DUE_MS,
    state: State = State.SCHEDULED,
    reason: Reason = Reason.SCHEDULED,
    **changes: Any,
) -> HeldMessage:
    """A held message: it has a due time and no parts."""
    one = message(*parts, **{"expires_ms": until_ms + DAY_MS, **changes})
    send_at_ms = until_ms if state is State.SCHEDULED else None
    return HeldMessage(one, state, reason, until_ms, send_at_ms, '{"validity_s":86400}')


def key(request_id: str = "r-1", fingerprint: bytes = b"same", at_ms: int = NOW_MS) -> RequestKey:
    return RequestKey(request_id, fingerprint, stale_ms=at_ms - DAY_MS)


def settlement(of: NewMessage, number: int = 1, **changes: Any) -> AttemptResult:
    """The result of an accepted attempt, with `changes` applied."""
    facts: dict[str, Any] = {
        "account_id": of.account_id,
        "message_id": of.id,
        "number": number,
        "total": len(of.parts),
        "attempt": 1,
        "repeat": False,
        "carrier": CARRIER,
        "state": State.SENT,
        "reason": None,
        "outcome": OutcomeKind.ACCEPTED,
        "carrier_message_id": None,
        "carrier_code": None,
        "started_ms": NOW_MS + 10,
        "ended_ms": NOW_MS + 20,
        "due_ms": None,
    }
    return AttemptResult(**{**facts, **changes})


def turned_back(of: NewMessage, number: int = 1, **changes: Any) -> AttemptResult:
    facts: dict[str, Any] = {
        "state": State.SENDING,
        "reason": Reason.THROTTLED,
        "outcome": OutcomeKind.THROTTLED,
        "due_ms": NOW_MS + 1_000,
    }
    return settlement(of, number, **{**facts, **changes})


def refused(of: NewMessage, number: int = 1, **changes: Any) -> AttemptResult:
    facts: dict[str, Any] = {
        "state": State.REJECTED,
        "reason": Reason.CARRIER_REFUSED,
        "outcome": OutcomeKind.REFUSED,
        "carrier_code": "0x0000000B",
    }
    return settlement(of, number, **{**facts, **changes})


def in_doubt(of: NewMessage, number: int = 1, **changes: Any) -> AttemptResult:
    facts: dict[str, Any] = {
        "state": State.IN_DOUBT,
        "reason": Reason.NO_RESPONSE,
        "outcome": OutcomeKind.IN_DOUBT,
        "due_ms": of.expires_ms,
    }
    return settlement(of, number, **{**facts, **changes})


def receipt(
    carrier_message_id: str,
    state: State = State.DELIVERED,
    reason: Reason | None = None,
    *,
    at_ms: int = NOW_MS + 5_000,
    code: str | None = None,
    numbers: tuple[str, ...] = (),
) -> Receipt:
    return Receipt(CARRIER, carrier_message_id, state, reason, code, at_ms, numbers)


def esim(tran_no: str = "23072017992029", **changes: Any) -> EsimRow:
    facts: dict[str, Any] = {
        "esim_tran_no": tran_no,
        "iccid": "8985200000000000001",
        "msisdn": "66812345678",
        "imsi": "454000000000001",
        "order_no": "B23072017992029",
        "package_code": "PKG-TH-01",
        "sms_status": None,
        "smdp_status": "ENABLED",
        "esim_status": "IN_USE",
        "created_ms": NOW_MS,
        "document": {"esimTranNo": tran_no, "totalVolume": 1073741824},
    }
    return EsimRow(**{**facts, **changes})


def plan(code: str = "PKG-TH-01", **changes: Any) -> PlanRow:
    facts: dict[str, Any] = {
        "package_code": code,
        "slug": "TH_1_7",
        "sms_status": 1,
        "type": "BASE",
        "location": "TH",
        "data_type": 1,
        "document": {"packageCode": code, "price": 45000},
    }
    return PlanRow(**{**facts, **changes})


async def enter_country(store: Store, esim_tran_no: str, country: str) -> None:
    """Record that an eSIM of account 1 is now in another country."""
    at_ms = NOW_MS + 1_000 * next(_count)
    event = LifecycleEvent(
        "api", EventKind.COUNTRY_CHANGED, at_ms, esim_tran_no=esim_tran_no, country=country
    )
    new = NewLifecycleEvent(event, new_id(at_ms))
    [recorded] = await store.lifecycle.record(
        1, [new], new_id=lambda: new_id(NOW_MS), now_ms=NOW_MS
    )
    assert recorded.outcome is EventOutcome.APPLIED


async def find_current(store: Store, account_id: int, esim_tran_no: str) -> Conversation | None:
    """The conversation of the eSIM that is not closed."""
    which = ConversationFilter(esim_tran_no=esim_tran_no)
    found = await store.conversations.list_conversations(account_id, which)
    return next((each for each in found if each.status is not ConversationStatus.CLOSED), None)
