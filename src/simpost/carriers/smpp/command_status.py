"""The class of each command_status in a submit response (SMPP 3.4 5.1.3, 5.0 4.7.6).

docs/carriers.md shows the table with its reasons. The setting `statuses` of a carrier overrides it.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from simpost.domain.outcomes import Outcome, OutcomeKind
from simpost.domain.reasons import Reason
from simpost.smpp import Pdu, Status, SubmitSmResp, Tag


class StatusClass(StrEnum):
    """What to do after an error status."""

    RETRY = "retry"
    """A temporary error of the SMSC: send the part again later."""
    THROTTLE = "throttle"
    """Send the part again soon, and slow down this bind."""
    REFUSE = "refuse"
    """Never send this part again."""
    BIND = "bind"
    """The bind is at fault, not the part: bind again; the part stays queued."""
    UNCLEAR = "unclear"
    """An unspecific error: send the part again later, but only a few times."""
    DOUBT = "doubt"
    """The SMSC may have accepted the part: it is in doubt until a receipt comes."""


UNLISTED_STATUS: Final = StatusClass.REFUSE
"""The class of a status that no standard defines: it is an error response, so not accepted."""

_ACCEPTED: Final = OutcomeKind.ACCEPTED
_NEAR_CONGESTION: Final = bytes((90,))
"""Percent of congestion_state (SMPP 5.0 4.8.4.18) from which the bind is slowed down."""

_RETRY = (
    Status.ESME_RSYSERR,
    Status.ESME_RX_T_APPN,
    Status.ESME_RSERTYPUNAVAIL,
)
_THROTTLE = (
    Status.ESME_RTHROTTLED,
    Status.ESME_RMSGQFUL,
)
_BIND = (
    Status.ESME_RINVBNDSTS,
    Status.ESME_RALYBND,
    Status.ESME_RBINDFAIL,
    Status.ESME_RINVPASWD,
    Status.ESME_RINVSYSID,
    Status.ESME_RINVSYSTYP,
)
_UNCLEAR = (Status.ESME_RUNKNOWNERR,)

STATUS_CLASSES: Final[Mapping[int, StatusClass]] = {
    **dict.fromkeys((status for status in Status if status != Status.ESME_ROK), StatusClass.REFUSE),
    **dict.fromkeys(_RETRY, StatusClass.RETRY),
    **dict.fromkeys(_THROTTLE, StatusClass.THROTTLE),
    **dict.fromkeys(_BIND, StatusClass.BIND),
    **dict.fromkeys(_UNCLEAR, StatusClass.UNCLEAR),
}

_OUTCOME_OF: dict[StatusClass, tuple[OutcomeKind, Reason]] = {
    StatusClass.RETRY: (OutcomeKind.UNREACHABLE, Reason.CARRIER_BUSY),
    StatusClass.THROTTLE: (OutcomeKind.THROTTLED, Reason.THROTTLED),
    StatusClass.REFUSE: (OutcomeKind.REFUSED, Reason.CARRIER_REFUSED),
    StatusClass.BIND: (OutcomeKind.UNREACHABLE, Reason.BIND_REFUSED),
    StatusClass.UNCLEAR: (OutcomeKind.UNREACHABLE, Reason.UNCLEAR_RESPONSE),
    StatusClass.DOUBT: (OutcomeKind.IN_DOUBT, Reason.UNCLEAR_RESPONSE),
}


def carrier_code(status: int) -> str:
    """Return a command_status in the notation of carriers: 0x and eight hex digits."""
    return f"0x{status:08X}"


def reports_congestion(response: Pdu) -> bool:
    """Whether the response says that the SMSC is near congestion (SMPP 5.0 4.8.4.18)."""
    congestion = response.tlv(Tag.CONGESTION_STATE)
    return congestion is not None and congestion[:1] >= _NEAR_CONGESTION


class StatusMap:
    """The status classes of one carrier.

    `overrides` maps a command_status in hex to the name of a class. `retry_after_s` is the delay
    after a temporary error; 0 for the delay of the retry policy.
    """

    def __init__(self, overrides: Mapping[str, str], retry_after_s: float = 0) -> None:
        self._classes = dict(STATUS_CLASSES)
        self._classes.update((int(code, 16), StatusClass(name)) for code, name in overrides.items())
        self._retry_after_s = retry_after_s or None

    def classify(self, status: int) -> StatusClass:
        """Return the class of an error status."""
        return self._classes.get(status, UNLISTED_STATUS)

    def outcome_of(self, response: Pdu) -> Outcome:
        """Return the outcome of a submit from its response, which may be a generic_nack."""
        message_id = response.message_id if isinstance(response, SubmitSmResp) else ""
        return self.outcome(response.command_status, message_id)

    def outcome(self, status: int, message_id: str) -> Outcome:
        """Return the outcome of a submit from the status and message_id of its response."""
        if not status:
            return Outcome(_ACCEPTED, carrier_message_id=message_id)
        status_class = self.classify(status)
        kind, reason = _OUTCOME_OF[status_class]
        return Outcome(
            kind,
            reason=reason,
            carrier_code=carrier_code(status),
            retry_after_s=self._retry_after_s if status_class is StatusClass.RETRY else None,
        )
