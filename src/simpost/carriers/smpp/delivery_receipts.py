"""Translates the delivery receipts of an SMSC to receipts of the domain."""

from __future__ import annotations

import msgspec

from simpost.domain.network_errors import network_error
from simpost.domain.outcomes import Receipt
from simpost.domain.reasons import Reason
from simpost.domain.states import State
from simpost.smpp import (
    DataSm,
    DeliverSm,
    MessageState,
    ParsedReceipt,
    looks_like_receipt,
    parse_receipt,
)

STATE_OF: dict[MessageState, tuple[State, Reason | None]] = {
    MessageState.SCHEDULED: (State.SENT, None),
    MessageState.ENROUTE: (State.SENT, Reason.HANDSET_UNREACHABLE),
    MessageState.ACCEPTED: (State.SENT, None),
    MessageState.UNKNOWN: (State.SENT, Reason.UNKNOWN_AT_CARRIER),
    MessageState.DELIVERED: (State.DELIVERED, None),
    MessageState.EXPIRED: (State.EXPIRED, Reason.EXPIRED_AT_CARRIER),
    MessageState.DELETED: (State.FAILED, Reason.DELETED_AT_CARRIER),
    MessageState.UNDELIVERABLE: (State.FAILED, Reason.UNDELIVERABLE),
    MessageState.REJECTED: (State.REJECTED, Reason.REJECTED_BY_CARRIER),
    MessageState.SKIPPED: (State.FAILED, Reason.UNDELIVERABLE),
}
_UNREADABLE = (State.SENT, Reason.UNKNOWN_AT_CARRIER)


def unmarked_receipt_of(
    request: DeliverSm | DataSm, carrier: str, received_ms: int
) -> Receipt | None:
    """Return the receipt in a text that is not marked as one; `None` if it does not read as one.

    It names the source number only: any stranger may send a text with any destination and id.
    """
    if not request.source_addr or not looks_like_receipt(request):
        return None
    receipt = receipt_of(request, carrier, received_ms)
    return msgspec.structs.replace(receipt, numbers=(request.source_addr,))


def receipt_of(request: DeliverSm | DataSm, carrier: str, received_ms: int) -> Receipt:
    """Return the receipt. If it is intermediate or unreadable, its state is `SENT`: not final."""
    report = parse_receipt(request)
    state, reason = _UNREADABLE if report.state is None else STATE_OF[report.state]
    if report.intermediate and state.is_final:
        state, reason = State.SENT, Reason.HANDSET_UNREACHABLE
    return Receipt(
        carrier=carrier,
        carrier_message_id=report.message_id or "",
        state=state,
        reason=reason,
        carrier_code=_carrier_code(report),
        received_ms=received_ms,
        numbers=_numbers(request),
        text_id=report.text_id or "",
    )


def _carrier_code(report: ParsedReceipt) -> str | None:
    own = report.error if report.error and report.error.strip("0") else None
    return network_error(*report.network_error, own) if report.network_error else own


def _numbers(request: DeliverSm | DataSm) -> tuple[str, ...]:
    """Return both addresses: some SMSCs do not swap them in a receipt.

    Without a source address there are none: the destination alone proves nothing.
    """
    if not request.source_addr:
        return ()
    return tuple(filter(None, (request.source_addr, request.destination_addr)))
