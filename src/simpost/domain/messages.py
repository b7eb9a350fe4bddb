"""Messages, their parts and attempts, as stored and as shown by the APIs.

Times are integer milliseconds since 1970-01-01 UTC; APIs turn them into RFC 3339.
A message id is the 16 octets of a UUIDv7 (RFC 9562 5.7), so ids sort by age.
"""

from __future__ import annotations

import uuid
from enum import IntEnum, StrEnum

import msgspec

from simpost.domain.decision_record import DecisionRecord
from simpost.domain.options import DEFAULT_OPTIONS, Options
from simpost.domain.outcomes import UnappliedReceipt
from simpost.domain.reasons import Reason
from simpost.domain.states import State
from simpost.domain.texts import TextAbsence


class Category(StrEnum):
    """The purpose of a message; decides its priority and whether it is repeated in doubt."""

    CODE = "code"
    SERVICE = "service"
    SUPPORT = "support"
    NOTICE = "notice"
    PROMOTION = "promotion"


class Priority(IntEnum):
    """Lanes serve the lowest number first."""

    CODE = 0
    CONVERSATION = 1
    BULK = 2


PRIORITY = {
    Category.CODE: Priority.CODE,
    Category.SERVICE: Priority.CONVERSATION,
    Category.SUPPORT: Priority.CONVERSATION,
    Category.NOTICE: Priority.BULK,
    Category.PROMOTION: Priority.BULK,
}


_ITEM = "§"


def format_id(message_id: bytes) -> str:
    """A message id in its canonical form of 36 characters."""
    text = message_id.hex()
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def parse_id(text: str) -> bytes | None:
    """The id of a text; `None` if it is not an id."""
    try:
        return uuid.UUID(text).bytes
    except ValueError:
        return None


def item_request_id(request_id: str, place: int) -> str:
    """The request id of a message in a batch. Callers give ASCII only, so it is never theirs."""
    return f"{request_id}{_ITEM}{place}"


def own_request_id(purpose: str) -> str:
    """A request id that simpost gives to a message of its own. It is never a caller's, too."""
    return f"{_ITEM}{purpose}"


def given_request_id(request_id: str | None) -> str | None:
    """The request id as the caller gave it: for a message in a batch, that of the batch.

    `None` if the caller gave none.
    """
    return request_id.partition(_ITEM)[0] or None if request_id else None


class Part(msgspec.Struct, frozen=True):
    """One PDU of a message, the unit that carriers count, as the log shows it."""

    number: int
    state: State
    reason: Reason | None
    carrier: str
    carrier_message_id: str | None
    carrier_code: str | None
    attempts: int
    sent_ms: int | None
    final_ms: int | None


class Attempt(msgspec.Struct, frozen=True):
    """One attempt of one part, and its outcome."""

    part: int
    number: int
    carrier: str
    outcome: str
    reason: Reason | None
    carrier_code: str | None
    started_ms: int
    ended_ms: int
    repeat: bool
    """Whether the part was in doubt before this attempt."""
    carrier_message_id: str | None = None
    """The id that this attempt got."""


class HeldRecord(msgspec.Struct, frozen=True):
    """That a message was held or scheduled: until when at last, and when that last changed."""

    until_ms: int
    decided_ms: int


class Message(msgspec.Struct, frozen=True):
    """One message, as the log shows it; with parts, attempts and receipts only in a single look-up.

    Attributes:
        text: the text as sent; hex digits when the encoding is binary.
        text_absence: why there is no text; `None` if there is one.
        part_count: what the handset gets; more than `parts` where the carrier cuts them itself.
        send_at_ms: the time that the caller asked for; `None` when it asked for none.
        caller_reference: the caller's own string for the message; `None` if it gave none.
        hold: `None` for a message that was sent at once.
        held_until_ms: when a message that is held is decided again; `None` for all others.
        decisions: what was kept of each decision; of a message sent at once only its facts.
    """

    id: bytes
    account_id: int
    esim_tran_no: str
    iccid: str
    destination: str
    category: Category
    text: str
    encoding: str
    part_count: int
    state: State
    reason: Reason | None
    created_ms: int
    updated_ms: int
    expires_ms: int
    request_id: str | None = None
    sender: str = ""
    options: Options = DEFAULT_OPTIONS
    parts: tuple[Part, ...] = ()
    attempts: tuple[Attempt, ...] = ()
    receipts: tuple[UnappliedReceipt, ...] = ()
    send_at_ms: int | None = None
    held_until_ms: int | None = None
    caller_reference: str | None = None
    text_absence: TextAbsence | None = None
    hold: HeldRecord | None = None
    decisions: tuple[DecisionRecord, ...] = ()
