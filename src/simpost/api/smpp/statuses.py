"""The command_status of each reason, and what receipts say of a final state.

Sources: SMPP 3.4 5.1.3, 5.2.28 and Appendix B.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from simpost.domain.reasons import Reason
from simpost.domain.states import State
from simpost.smpp import MessageState, Status

REASONS: Final[Mapping[Reason, Status]] = {
    Reason.ESIM_UNKNOWN: Status.ESME_RINVDSTADR,
    Reason.MSISDN_AMBIGUOUS: Status.ESME_RINVDSTADR,
    Reason.NO_ADDRESS: Status.ESME_RINVDSTADR,
    Reason.SENDER_NOT_ALLOWED: Status.ESME_RINVSRCADR,
    Reason.SENDER_NOT_SUPPORTED: Status.ESME_RINVSRCADR,
    Reason.SENDER_NOT_REGISTERED: Status.ESME_RINVSRCADR,
    Reason.SENDER_REPLACED: Status.ESME_RINVSRCADR,
    Reason.SENDER_FORM: Status.ESME_RINVSRCADR,
    Reason.TEXT_BLANK: Status.ESME_RINVMSGLEN,
    Reason.TEXT_TOO_LONG: Status.ESME_RINVMSGLEN,
    Reason.TOO_MANY_PARTS: Status.ESME_RINVMSGLEN,
    Reason.CATEGORY_PARTS: Status.ESME_RINVMSGLEN,
    Reason.CLASS_NOT_SUPPORTED: Status.ESME_RINVDCS,
    Reason.SEND_AT_PASSED: Status.ESME_RINVSCHED,
    Reason.SEND_AT_TOO_FAR: Status.ESME_RINVSCHED,
    Reason.EXPIRES_AT_PASSED: Status.ESME_RINVEXPIRY,
    Reason.EXPIRES_AT_TOO_FAR: Status.ESME_RINVEXPIRY,
    Reason.EXPIRES_BEFORE_SEND_AT: Status.ESME_RINVEXPIRY,
    Reason.EXPIRES_IN_QUIET_HOURS: Status.ESME_RINVEXPIRY,
    Reason.RATE_LIMITED: Status.ESME_RTHROTTLED,
    Reason.NO_ROUTE: Status.ESME_RMSGQFUL,
    Reason.SENDING_STOPPED: Status.ESME_RMSGQFUL,
    Reason.CATALOGUE_STALE: Status.ESME_RMSGQFUL,
}
"""Of a refused message."""


REPEATED: Final = frozenset({Status.ESME_RTHROTTLED, Status.ESME_RMSGQFUL, Status.ESME_RSYSERR})
"""What clients repeat."""


def status_of(reason: Reason) -> Status:
    """The status of a refusal; ESME_RSUBMITFAIL for every reason that has none of its own."""
    return REASONS.get(reason, Status.ESME_RSUBMITFAIL)


STATES: Final[Mapping[State, MessageState]] = {
    State.ACCEPTED: MessageState.ACCEPTED,
    State.SCHEDULED: MessageState.SCHEDULED,
    State.HELD: MessageState.ACCEPTED,
    State.SENDING: MessageState.ENROUTE,
    State.IN_DOUBT: MessageState.ENROUTE,
    State.SENT: MessageState.ENROUTE,
    State.DELIVERED: MessageState.DELIVERED,
    State.FAILED: MessageState.UNDELIVERABLE,
    State.EXPIRED: MessageState.EXPIRED,
    State.REJECTED: MessageState.REJECTED,
    State.CANCELLED: MessageState.DELETED,
}
UNKNOWN: Final = frozenset(
    {
        Reason.NO_RECEIPT,
        Reason.EXPIRED_IN_DOUBT,
        Reason.REPEATS_EXHAUSTED,
        Reason.UNKNOWN_AT_CARRIER,
    }
)
"""Nobody knows whether a message that ended for such a reason arrived."""

ERRORS: Final[Mapping[Reason, int]] = {
    Reason.UNDELIVERABLE: 1,
    Reason.HANDSET_UNREACHABLE: 2,
    Reason.EXPIRED_AT_CARRIER: 3,
    Reason.VALIDITY_EXPIRED: 4,
    Reason.DELETED_AT_CARRIER: 5,
    Reason.REJECTED_BY_CARRIER: 6,
    Reason.CARRIER_REFUSED: 7,
    Reason.NO_RECEIPT: 8,
    Reason.EXPIRED_IN_DOUBT: 9,
    Reason.UNKNOWN_AT_CARRIER: 10,
    Reason.CANCELLED: 11,
    Reason.SIBLING_PART_FAILED: 12,
}
"""`err` of a receipt, in three digits."""
OTHER_ERROR: Final = 99
"""`err` of every other reason."""


def message_state(state: State, reason: Reason | None) -> MessageState:
    """The state that query_sm and receipts report."""
    if state is not State.DELIVERED and state.is_final and reason in UNKNOWN:
        return MessageState.UNKNOWN
    return STATES[state]


def error_code(state: State, reason: Reason | None) -> int:
    """`err` of a receipt: 0 if it was delivered."""
    if not state.is_final or state is State.DELIVERED:
        return 0
    return ERRORS.get(reason, OTHER_ERROR) if reason else OTHER_ERROR
