"""JSON of inbound messages and conversations."""

from __future__ import annotations

from enum import StrEnum

from pydantic import Field

from simpost.api.shared.schemas import ReasonDetail, Schema, Time, format_time, reason_detail
from simpost.domain.inbound import UNDECODABLE, InboundMessage, InboundState
from simpost.domain.messages import Message, format_id
from simpost.domain.states import State
from simpost.domain.texts import TextAbsence
from simpost.messaging.conversation import Entry


class InboundOut(Schema):
    """An inbound message, with `text` or with `binary` in hex digits; neither when it was refused.

    `textAbsence` says why the text is not shown: `redacted`, `forgotten`, `key_missing`
    or `damaged`.

    `encoding` is `undecodable` when the user data header is broken; `binary` has all octets then.

    `missingParts` are the numbers of the parts that were never received. `messageId` is the message
    that forwarded it.
    """

    id: str
    state: InboundState
    reason: ReasonDetail | None
    esim_tran_no: str | None
    carrier: str
    sender: str = Field(serialization_alias="from")
    to: str
    text: str | None
    binary: str | None
    text_absence: TextAbsence | None
    encoding: str
    part_count: int
    missing_parts: list[int]
    message_id: str | None
    received_at: Time


class InboundPartOut(Schema):
    """User data of one PDU as received, in hex digits, including the user data header.

    `size` is the number of octets received; `octets` has the first 8,192 of them.
    """

    number: int
    data_coding: int
    esm_class: int
    octets: str
    size: int


class InboundDetail(InboundOut):
    """An inbound message with the octets of its parts.

    `parts` is empty for a message that an older release stored. A refused text has its parts, but
    no `text`: it was not read for anyone, and its octets are there to find out what was sent.
    """

    parts: list[InboundPartOut]


class InboundPage(Schema):
    """Newest first; `next` is the cursor of the next page, null at the end."""

    inbound: list[InboundOut]
    next: str | None


class Direction(StrEnum):
    """The way of a message in a conversation."""

    TO_ESIM = "toEsim"
    FROM_ESIM = "fromEsim"


class ConversationEntry(Schema):
    """A message to the eSIM, a text from it, or a phone's text to it that was refused."""

    direction: Direction
    id: str
    state: State | InboundState
    reason: ReasonDetail | None
    sender: str = Field(serialization_alias="from")
    to: str
    text: str | None
    binary: str | None
    text_absence: TextAbsence | None
    missing_parts: list[int]
    at: Time


class ConversationEntries(Schema):
    """Newest first; `next` is the cursor of the next page, null at the end."""

    entries: list[ConversationEntry]
    next: str | None


def show_inbound(inbound: InboundMessage) -> InboundOut:
    """The inbound message as JSON shows it."""
    text, binary = _content(inbound)
    return InboundOut(
        id=format_id(inbound.id),
        state=inbound.state,
        reason=reason_detail(inbound.reason) if inbound.reason else None,
        esim_tran_no=inbound.esim_tran_no,
        carrier=inbound.carrier,
        sender=inbound.source,
        to=inbound.destination,
        text=text,
        binary=binary,
        text_absence=inbound.text_absence,
        encoding=inbound.encoding,
        part_count=inbound.part_count,
        missing_parts=list(inbound.missing),
        message_id=format_id(inbound.message_id) if inbound.message_id else None,
        received_at=format_time(inbound.received_ms),
    )


def show_in_full(inbound: InboundMessage) -> InboundDetail:
    """The inbound message with its raw parts."""
    parts = [
        InboundPartOut(
            number=part.number,
            data_coding=part.data_coding,
            esm_class=part.esm_class,
            octets=part.octets.hex(),
            size=part.size,
        )
        for part in inbound.raw
    ]
    return InboundDetail(**dict(show_inbound(inbound)), parts=parts)


def show_entry(entry: Entry) -> ConversationEntry:
    """One entry of a conversation."""
    if isinstance(entry, Message):
        is_from_esim, missing, at_ms = False, [], entry.created_ms
        sender, text, binary = entry.sender, *_by_encoding(entry)
    else:
        is_from_esim = entry.state is InboundState.RECEIVED
        missing, at_ms = list(entry.missing), entry.received_ms
        sender, text, binary = entry.source, *_content(entry)
    return ConversationEntry(
        direction=Direction.FROM_ESIM if is_from_esim else Direction.TO_ESIM,
        id=format_id(entry.id),
        state=entry.state,
        reason=reason_detail(entry.reason) if entry.reason else None,
        sender=sender,
        to=entry.destination,
        text=text,
        binary=binary,
        text_absence=entry.text_absence,
        missing_parts=missing,
        at=format_time(at_ms),
    )


def _content(inbound: InboundMessage) -> tuple[str | None, str | None]:
    is_refused = inbound.state is InboundState.REFUSED
    return (None, None) if is_refused else _by_encoding(inbound)


def _by_encoding(entry: Entry) -> tuple[str | None, str | None]:
    """The text, or the octets in hex digits; the other one is `None`."""
    if entry.text_absence:
        return None, None
    is_binary = entry.encoding in ("binary", UNDECODABLE)
    return (None, entry.text) if is_binary else (entry.text, None)
