"""JSON of inbound messages and conversations."""

from __future__ import annotations

from enum import StrEnum

from pydantic import Field

from simpost.api.shared.schemas import ReasonDetail, Schema, Time, format_time, reason_detail
from simpost.domain.inbound import UNDECODABLE, InboundMessage, InboundState
from simpost.domain.messages import Message, format_id
from simpost.domain.states import State


class InboundOut(Schema):
    """With `text`, or with `binary` in hex digits; neither when it was refused.

    `encoding` is `undecodable` when the user data header is broken; `binary` has all octets then.

    `missingParts` are the numbers of the parts that never came. `messageId` is the message that
    was made of it.
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
    encoding: str
    part_count: int
    missing_parts: list[int]
    message_id: str | None
    received_at: Time


class InboundPartOut(Schema):
    """User data of one PDU as it came, in hex digits, its header included.

    `size` is how many octets came; `octets` has the first 8,192 of them.
    """

    number: int
    data_coding: int
    esm_class: int
    octets: str
    size: int


class InboundDetail(InboundOut):
    """With the octets of its parts; none of what an older release kept, nor of a refused text."""

    parts: list[InboundPartOut]


class InboundPage(Schema):
    """Newest first; `next` is the cursor of the page after this one, if there is one."""

    inbound: list[InboundOut]
    next: str | None


class Direction(StrEnum):
    TO_ESIM = "toEsim"
    FROM_ESIM = "fromEsim"


class ConversationEntry(Schema):
    """A message to the eSIM, a reply from it, or a phone's text that it was refused."""

    direction: Direction
    id: str
    state: State | InboundState
    reason: ReasonDetail | None
    sender: str = Field(serialization_alias="from")
    to: str
    text: str | None
    binary: str | None
    missing_parts: list[int]
    at: Time


class Conversation(Schema):
    """Newest first; `next` is the cursor of the page after this one, if there is one."""

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


def show_entry(said: Message | InboundMessage) -> ConversationEntry:
    """One entry of a conversation."""
    if isinstance(said, Message):
        is_from_esim, missing, at_ms = False, [], said.created_ms
        sender, text, binary = said.sender, *_by_encoding(said)
    else:
        is_from_esim = said.state is InboundState.RECEIVED
        missing, at_ms = list(said.missing), said.received_ms
        sender, text, binary = said.source, *_content(said)
    return ConversationEntry(
        direction=Direction.FROM_ESIM if is_from_esim else Direction.TO_ESIM,
        id=format_id(said.id),
        state=said.state,
        reason=reason_detail(said.reason) if said.reason else None,
        sender=sender,
        to=said.destination,
        text=text,
        binary=binary,
        missing_parts=missing,
        at=format_time(at_ms),
    )


def _content(inbound: InboundMessage) -> tuple[str | None, str | None]:
    is_refused = inbound.state is InboundState.REFUSED
    return (None, None) if is_refused else _by_encoding(inbound)


def _by_encoding(said: Message | InboundMessage) -> tuple[str | None, str | None]:
    is_binary = said.encoding in ("binary", UNDECODABLE)
    return (None, said.text) if is_binary else (said.text, None)
