"""JSON of messages, parts, attempts and receipts."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from simpost.api.shared.schemas import (
    ReasonDetail,
    ReplacedCharacter,
    Schema,
    Time,
    format_time,
    reason_detail,
    show_replaced,
    show_time,
)
from simpost.api.v1.messages.decisions import DecisionOut, show_decision
from simpost.api.v1.templates.fields import TemplateRefOut, show_template_ref
from simpost.domain.messages import (
    Attempt,
    Category,
    Message,
    Part,
    format_id,
    given_request_id,
)
from simpost.domain.network_errors import explain_carrier_code
from simpost.domain.options import Ports
from simpost.domain.outcomes import ReceiptDisposition, UnappliedReceipt
from simpost.domain.reasons import Reason
from simpost.domain.states import State
from simpost.domain.texts import TextAbsence
from simpost.messaging.stored_trace import trace_of_message


class PartOut(Schema):
    """One part of a message."""

    number: int
    state: State
    reason: ReasonDetail | None
    carrier: str
    carrier_message_id: str | None
    carrier_code: str | None
    carrier_code_meaning: str | None
    attempts: int
    sent_at: Time | None
    final_at: Time | None


class AttemptOut(Schema):
    """One attempt to send a part; `repeat` marks an attempt after one in doubt."""

    part: int
    number: int
    carrier: str
    outcome: str
    reason: ReasonDetail | None
    carrier_code: str | None
    started_at: Time
    ended_at: Time
    repeat: bool


class ReceiptOut(Schema):
    """A receipt that did not change the state of its part at once; `disposition` is the reason."""

    part: int
    carrier: str
    carrier_message_id: str
    state: State
    disposition: ReceiptDisposition
    reason: ReasonDetail | None
    carrier_code: str | None
    carrier_code_meaning: str | None
    count: int
    first_at: Time
    last_at: Time


class PortsOut(Schema):
    """Application ports in the user data header; `bits` is their width."""

    destination: int
    source: int
    bits: int


class MessageOut(Schema):
    """A message of the log, with `text` as it was sent or with `binary` in hex digits.

    If both are null, `textAbsence` says why: the text carries a one-time code, was erased, its
    key is missing, or it is damaged.

    `sendAt` is the requested time; `heldUntil` is the time at which a scheduled or held message is
    decided again.
    """

    id: str
    state: State
    reason: ReasonDetail | None
    esim_tran_no: str
    iccid: str
    to: str
    sender: str = Field(serialization_alias="from")
    category: Category
    text: str | None
    binary: str | None
    text_absence: TextAbsence | None
    ports: PortsOut | None
    message_class: int | None = Field(serialization_alias="class")
    receipt: bool
    replaced: list[ReplacedCharacter]
    template: TemplateRefOut | None
    encoding: str
    part_count: int
    request_id: str | None
    reference: str | None
    created_at: Time
    updated_at: Time
    expires_at: Time
    send_at: Time | None
    held_until: Time | None


class WaitingFor(Schema):
    """The carrier that a message waits for, and its present state.

    `problem` is null except for the administrator.
    """

    carrier: str
    state: Annotated[
        str,
        Field(
            description="paused, starting, binding, bound, throttled, unbinding, lost, or unknown "
            "for a carrier that is not in the configuration any more."
        ),
    ]
    problem: str | None


class MessageDetail(MessageOut):
    """A message with its parts, attempts, receipts that were not applied at once, and decisions."""

    account: str
    waiting_for: WaitingFor | None
    parts: list[PartOut]
    attempts: list[AttemptOut]
    receipts: list[ReceiptOut]
    decisions: list[DecisionOut]


class MessagePage(Schema):
    """Newest first; `next` is the cursor of the next page, null at the end."""

    messages: list[MessageOut]
    next: str | None


def show_message(message: Message) -> MessageOut:
    """The message as a row of the log."""
    options, is_binary = message.options, message.encoding == "binary"
    return MessageOut(
        id=format_id(message.id),
        state=message.state,
        reason=_reason(message.reason),
        esim_tran_no=message.esim_tran_no,
        iccid=message.iccid,
        to=message.destination,
        sender=message.sender,
        category=message.category,
        text=None if is_binary or message.text_absence else message.text,
        binary=message.text if is_binary and not message.text_absence else None,
        text_absence=message.text_absence,
        ports=_show_ports(options.ports),
        message_class=options.message_class,
        receipt=options.receipt,
        replaced=show_replaced(options.replaced),
        template=show_template_ref(options.template),
        encoding=message.encoding,
        part_count=message.part_count,
        request_id=given_request_id(message.request_id),
        reference=message.caller_reference,
        created_at=format_time(message.created_ms),
        updated_at=format_time(message.updated_ms),
        expires_at=format_time(message.expires_ms),
        send_at=show_time(message.send_at_ms),
        held_until=show_time(message.held_until_ms),
    )


def show_in_full(
    message: Message, account: str, waiting_for: WaitingFor | None = None
) -> MessageDetail:
    """The message with its parts, attempts and receipts."""
    return MessageDetail(
        **dict(show_message(message)),
        account=account,
        waiting_for=waiting_for,
        parts=[_show_part(part) for part in message.parts],
        attempts=[_show_attempt(attempt) for attempt in message.attempts],
        receipts=[_show_receipt(receipt) for receipt in message.receipts],
        decisions=[show_decision(each) for each in trace_of_message(message)],
    )


def _show_ports(ports: Ports | None) -> PortsOut | None:
    if ports is None:
        return None
    return PortsOut(destination=ports.destination, source=ports.source, bits=ports.bits)


def _show_part(part: Part) -> PartOut:
    return PartOut(
        number=part.number,
        state=part.state,
        reason=_reason(part.reason),
        carrier=part.carrier,
        carrier_message_id=part.carrier_message_id,
        carrier_code=part.carrier_code,
        carrier_code_meaning=explain_carrier_code(part.carrier_code),
        attempts=part.attempts,
        sent_at=show_time(part.sent_ms),
        final_at=show_time(part.final_ms),
    )


def _show_attempt(attempt: Attempt) -> AttemptOut:
    return AttemptOut(
        part=attempt.part,
        number=attempt.number,
        carrier=attempt.carrier,
        outcome=attempt.outcome,
        reason=_reason(attempt.reason),
        carrier_code=attempt.carrier_code,
        started_at=format_time(attempt.started_ms),
        ended_at=format_time(attempt.ended_ms),
        repeat=attempt.repeat,
    )


def _show_receipt(receipt: UnappliedReceipt) -> ReceiptOut:
    return ReceiptOut(
        part=receipt.part,
        carrier=receipt.carrier,
        carrier_message_id=receipt.carrier_message_id,
        state=receipt.state,
        disposition=receipt.disposition,
        reason=_reason(receipt.reason),
        carrier_code=receipt.carrier_code,
        carrier_code_meaning=explain_carrier_code(receipt.carrier_code),
        count=receipt.times,
        first_at=format_time(receipt.first_ms),
        last_at=format_time(receipt.last_ms),
    )


def _reason(reason: Reason | None) -> ReasonDetail | None:
    return reason_detail(reason) if reason else None
