"""Inbound parts for the store contract."""

from __future__ import annotations

from typing import Any

from simpost.domain.inbound import InboundMessage, InboundPart, InboundState, PartPosition
from simpost.ports.store.inbound import NewInbound
from tests.contract.store_facts import CARRIER, NOW_MS, new_id

PHONE = "447700900123"
NUMBER = "12345"
LINK, OTHER_LINK = b"link-1", b"link-2"


def alone(text: str = "hi", **changes: Any) -> InboundPart:
    facts: dict[str, Any] = {
        "carrier": CARRIER,
        "source": PHONE,
        "destination": NUMBER,
        "octets": text.encode(),
        "encoding": "gsm7",
        "place": PartPosition("alone", int.from_bytes(text.encode()[:7].ljust(7), "big")),
        "received_ms": NOW_MS,
        "link": LINK,
        "links": (LINK,),
    }
    return InboundPart(**{**facts, **changes})


def one_of(number: int, total: int = 3, *, reference: int = 7, **changes: Any) -> InboundPart:
    place = PartPosition(changes.pop("kind", "udh8"), reference, total, number)
    return alone(changes.pop("text", f"part {number} "), place=place, **changes)


def inbound(at_ms: int = NOW_MS, **changes: Any) -> InboundMessage:
    facts: dict[str, Any] = {
        "id": new_id(at_ms),
        "account_id": 1,
        "esim_tran_no": "23072017992029",
        "carrier": CARRIER,
        "source": PHONE,
        "destination": NUMBER,
        "state": InboundState.RECEIVED,
        "reason": None,
        "encoding": "gsm7",
        "text": "hi",
        "part_count": 1,
        "missing": (),
        "message_id": None,
        "received_ms": at_ms,
    }
    return InboundMessage(**{**facts, **changes})


def new(of: Any, message: Any = None, **changes: Any) -> NewInbound:
    return NewInbound(inbound(**changes), of, message)
