"""What a command_status in a submit_sm_resp means for the part (SMPP 3.4 5.1.3)."""

from __future__ import annotations

from simpost.domain.outcomes import Outcome, Verdict
from simpost.domain.reasons import Reason
from simpost.smpp import Status

_THROTTLED = (Verdict.THROTTLED, Reason.THROTTLED)
_BUSY = (Verdict.UNREACHABLE, Reason.CARRIER_BUSY)
_BIND = (Verdict.UNREACHABLE, Reason.BIND_REFUSED)
_REFUSED = (Verdict.REFUSED, Reason.CARRIER_REFUSED)

_MEANINGS: dict[int, tuple[Verdict, Reason]] = {
    Status.ESME_RTHROTTLED: _THROTTLED,
    Status.ESME_RMSGQFUL: _THROTTLED,
    Status.ESME_RSYSERR: _BUSY,
    Status.ESME_RX_T_APPN: _BUSY,
    Status.ESME_RINVBNDSTS: _BIND,
    Status.ESME_RALYBND: _BIND,
    Status.ESME_RBINDFAIL: _BIND,
    Status.ESME_RINVPASWD: _BIND,
    Status.ESME_RINVSYSID: _BIND,
}


def carrier_code(status: int) -> str:
    """A command_status as operators write it."""
    return f"0x{status:08X}"


def outcome_of(status: int, message_id: str) -> Outcome:
    """The outcome of a submit from the status and message_id of its answer.

    A status not in the table refuses the part: the message centre answered, and its answer was
    not yes.
    """
    if status == Status.ESME_ROK:
        return Outcome(Verdict.ACCEPTED, carrier_message_id=message_id)
    verdict, reason = _MEANINGS.get(status, _REFUSED)
    return Outcome(verdict, reason=reason, carrier_code=carrier_code(status))
