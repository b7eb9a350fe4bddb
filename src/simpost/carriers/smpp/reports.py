"""What a message centre reports about a part, in the words of the domain."""

from __future__ import annotations

from simpost.domain.outcomes import Receipt
from simpost.domain.reasons import Reason
from simpost.domain.states import State
from simpost.smpp import DeliveryReceipt, ReceiptState

_MEANINGS: dict[ReceiptState, tuple[State, Reason | None]] = {
    ReceiptState.SCHEDULED: (State.SENT, None),
    ReceiptState.ENROUTE: (State.SENT, Reason.HANDSET_UNREACHABLE),
    ReceiptState.ACCEPTED: (State.SENT, None),
    ReceiptState.UNKNOWN: (State.SENT, Reason.UNKNOWN_AT_CARRIER),
    ReceiptState.DELIVERED: (State.DELIVERED, None),
    ReceiptState.EXPIRED: (State.EXPIRED, Reason.EXPIRED_AT_CARRIER),
    ReceiptState.DELETED: (State.FAILED, Reason.DELETED_AT_CARRIER),
    ReceiptState.UNDELIVERABLE: (State.FAILED, Reason.UNDELIVERABLE),
    ReceiptState.REJECTED: (State.REJECTED, Reason.REJECTED_BY_CARRIER),
    ReceiptState.SKIPPED: (State.FAILED, Reason.UNDELIVERABLE),
}


def receipt_of(report: DeliveryReceipt, carrier: str, received_ms: int) -> Receipt:
    """Translate a receipt. An intermediate notice never ends a part; a state nobody can read
    says nothing about it."""
    state, reason = _MEANINGS.get(report.state, (State.SENT, Reason.UNKNOWN_AT_CARRIER))
    if report.intermediate and state.is_final:
        state, reason = State.SENT, Reason.HANDSET_UNREACHABLE
    return Receipt(
        carrier=carrier,
        carrier_message_id=report.message_id or "",
        state=state,
        reason=reason,
        carrier_code=_code(report),
        received_ms=received_ms,
    )


def _code(report: DeliveryReceipt) -> str | None:
    if report.network_error:
        kind, code = report.network_error
        return f"{kind}:{code}"
    if report.error and report.error.strip("0"):
        return report.error
    return None
