"""Messages as the native door shows them."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from simpost.api.v1.shapes import Replaced, Shape, Time, Why, format_time, show_replaced, why
from simpost.domain.messages import Attempt, Category, Message, Part, format_id
from simpost.domain.network_errors import explain_carrier_code
from simpost.domain.options import Ports
from simpost.domain.outcomes import ReceiptDisposition, UnappliedReceipt
from simpost.domain.reasons import Reason
from simpost.domain.states import State


class PartShown(Shape):
    number: int
    state: State
    reason: Why | None
    carrier: str
    carrier_message_id: str | None
    carrier_code: str | None
    carrier_code_meaning: str | None
    attempts: int
    sent_at: Time | None
    final_at: Time | None


class AttemptShown(Shape):
    part: int
    number: int
    carrier: str
    outcome: str
    reason: Why | None
    carrier_code: str | None
    started_at: Time
    ended_at: Time
    repeat: bool


class ReceiptShown(Shape):
    """A receipt that was not applied at once; `disposition` says why."""

    part: int
    carrier: str
    carrier_message_id: str
    state: State
    disposition: ReceiptDisposition
    reason: Why | None
    carrier_code: str | None
    carrier_code_meaning: str | None
    count: int
    first_at: Time
    last_at: Time


class PortsShown(Shape):
    destination: int
    source: int
    bits: int


class MessageShown(Shape):
    """A message of the log: with `text` as it was sent, or with `binary` in hex digits."""

    id: str
    state: State
    reason: Why | None
    esim_tran_no: str
    iccid: str
    to: str
    sender: str = Field(serialization_alias="from")
    category: Category
    text: str | None
    binary: str | None
    ports: PortsShown | None
    message_class: int | None = Field(serialization_alias="class")
    receipt: bool
    replaced: list[Replaced]
    encoding: str
    part_count: int
    request_id: str | None
    created_at: Time
    updated_at: Time
    expires_at: Time


class WaitingFor(Shape):
    """The carrier that a message waits for, and how it is at this moment.

    `problem` is for the administrator only.
    """

    carrier: str
    state: Annotated[
        str,
        Field(
            description="paused, starting, binding, bound, throttled, unbinding, lost, or unknown "
            "for a carrier that is no longer in the configuration."
        ),
    ]
    problem: str | None


class MessageInFull(MessageShown):
    """A message with its parts, all that was tried, and the receipts that were kept."""

    account: str
    waiting_for: WaitingFor | None
    parts: list[PartShown]
    attempts: list[AttemptShown]
    receipts: list[ReceiptShown]


class Page(Shape):
    """Newest first; `next` is the cursor of the page after this one, if there is one."""

    messages: list[MessageShown]
    next: str | None


def show_message(message: Message) -> MessageShown:
    options, is_binary = message.options, message.encoding == "binary"
    return MessageShown(
        id=format_id(message.id),
        state=message.state,
        reason=_why(message.reason),
        esim_tran_no=message.esim_tran_no,
        iccid=message.iccid,
        to=message.destination,
        sender=message.sender,
        category=message.category,
        text=None if is_binary else message.text,
        binary=message.text if is_binary else None,
        ports=_show_ports(options.ports),
        message_class=options.message_class,
        receipt=options.receipt,
        replaced=show_replaced(options.replaced),
        encoding=message.encoding,
        part_count=message.part_count,
        request_id=message.request_id,
        created_at=format_time(message.created_ms),
        updated_at=format_time(message.updated_ms),
        expires_at=format_time(message.expires_ms),
    )


def show_in_full(
    message: Message, account: str, waiting_for: WaitingFor | None = None
) -> MessageInFull:
    return MessageInFull(
        **dict(show_message(message)),
        account=account,
        waiting_for=waiting_for,
        parts=[_show_part(part) for part in message.parts],
        attempts=[_show_attempt(attempt) for attempt in message.attempts],
        receipts=[_show_receipt(receipt) for receipt in message.receipts],
    )


def _show_ports(ports: Ports | None) -> PortsShown | None:
    if ports is None:
        return None
    return PortsShown(destination=ports.destination, source=ports.source, bits=ports.bits)


def _show_part(part: Part) -> PartShown:
    return PartShown(
        number=part.number,
        state=part.state,
        reason=_why(part.reason),
        carrier=part.carrier,
        carrier_message_id=part.carrier_message_id,
        carrier_code=part.carrier_code,
        carrier_code_meaning=explain_carrier_code(part.carrier_code),
        attempts=part.attempts,
        sent_at=_time(part.sent_ms),
        final_at=_time(part.final_ms),
    )


def _show_attempt(attempt: Attempt) -> AttemptShown:
    return AttemptShown(
        part=attempt.part,
        number=attempt.number,
        carrier=attempt.carrier,
        outcome=attempt.outcome,
        reason=_why(attempt.reason),
        carrier_code=attempt.carrier_code,
        started_at=format_time(attempt.started_ms),
        ended_at=format_time(attempt.ended_ms),
        repeat=attempt.repeat,
    )


def _show_receipt(receipt: UnappliedReceipt) -> ReceiptShown:
    return ReceiptShown(
        part=receipt.part,
        carrier=receipt.carrier,
        carrier_message_id=receipt.carrier_message_id,
        state=receipt.state,
        disposition=receipt.disposition,
        reason=_why(receipt.reason),
        carrier_code=receipt.carrier_code,
        carrier_code_meaning=explain_carrier_code(receipt.carrier_code),
        count=receipt.times,
        first_at=format_time(receipt.first_ms),
        last_at=format_time(receipt.last_ms),
    )


def _why(reason: Reason | None) -> Why | None:
    return why(reason) if reason else None


def _time(ms: int | None) -> str | None:
    return None if ms is None else format_time(ms)
