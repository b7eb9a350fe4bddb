"""What a message centre reports about a part, in the words of the domain."""

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
    parse_receipt,
    reads_as_receipt,
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
    """What a message says that reads as a receipt and is not marked as one; none if it does not.

    Only the handset's number counts: a stranger may write to any number, and of any id.
    """
    if not request.source_addr or not reads_as_receipt(request):
        return None
    receipt = receipt_of(request, carrier, received_ms)
    return msgspec.structs.replace(receipt, numbers=(request.source_addr,))


def receipt_of(request: DeliverSm | DataSm, carrier: str, received_ms: int) -> Receipt:
    """Translate a receipt. An intermediate notice never ends a part; nor does an unreadable one."""
    report = parse_receipt(request)
    state, reason = _UNREADABLE if report.state is None else STATE_OF[report.state]
    if report.intermediate and state.is_final:
        state, reason = State.SENT, Reason.HANDSET_UNREACHABLE
    return Receipt(
        carrier=carrier,
        carrier_message_id=report.message_id or "",
        state=state,
        reason=reason,
        carrier_code=_code(report),
        received_ms=received_ms,
        numbers=_numbers(request),
        text_id=report.text_id or "",
    )


def _code(report: ParsedReceipt) -> str | None:
    own = report.error if report.error and report.error.strip("0") else None
    return network_error(*report.network_error, own) if report.network_error else own


def _numbers(request: DeliverSm | DataSm) -> tuple[str, ...]:
    """The handset's number, and ours: some message centres do not swap them in a receipt.

    Without the first, the second says nothing.
    """
    if not request.source_addr:
        return ()
    return tuple(filter(None, (request.source_addr, request.destination_addr)))
