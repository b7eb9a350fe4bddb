"""What a command_status means for us: one class for each, as data (SMPP 3.4 5.1.3, 5.0 4.7.6).

docs/carriers.md shows the table with its reasons; a carrier's `statuses` override it.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from simpost.domain.outcomes import Outcome, OutcomeKind
from simpost.domain.reasons import Reason
from simpost.smpp import Pdu, Status, SubmitSmResp, Tag


class StatusClass(StrEnum):
    """What follows from an error status."""

    RETRY = "retry"
    """A passing fault of the message centre: the same part later."""
    THROTTLE = "throttle"
    """The same part soon, and this bind slower."""
    REFUSE = "refuse"
    """Never this part."""
    BIND = "bind"
    """The bind has to be mended; the part is not to blame and waits."""
    UNCLEAR = "unclear"
    """No, and neither why nor for how long: the same part later, a few times, then never."""
    DOUBT = "doubt"
    """The message centre may have taken it: nobody knows until a receipt comes."""


UNLISTED_STATUS: Final = StatusClass.REFUSE
"""What a status that no standard names means: the centre answered, and its answer was not yes."""

_ACCEPTED: Final = OutcomeKind.ACCEPTED
_NEAR_CONGESTION: Final = bytes((90,))

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
    """A command_status as carriers write it."""
    return f"0x{status:08X}"


def reports_congestion(response: Pdu) -> bool:
    """Whether the message centre says that it is nearing congestion (SMPP 5.0 4.8.4.18)."""
    congestion = response.tlv(Tag.CONGESTION_STATE)
    return congestion is not None and congestion[:1] >= _NEAR_CONGESTION


class StatusMap:
    """How one carrier's answers are understood.

    `overrides` are command_status in hex to the word of a meaning; `retry_after_s` is the pause
    after a passing fault, 0 leaves it to the engine.
    """

    def __init__(self, overrides: Mapping[str, str], retry_after_s: float = 0) -> None:
        self._classes = dict(STATUS_CLASSES)
        self._classes.update((int(code, 16), StatusClass(word)) for code, word in overrides.items())
        self._retry_after_s = retry_after_s or None

    def classify(self, status: int) -> StatusClass:
        """The class of an error status."""
        return self._classes.get(status, UNLISTED_STATUS)

    def outcome_of(self, response: Pdu) -> Outcome:
        """The outcome of a submit from its answer, generic_nack included."""
        message_id = response.message_id if isinstance(response, SubmitSmResp) else ""
        return self.outcome(response.command_status, message_id)

    def outcome(self, status: int, message_id: str) -> Outcome:
        """The outcome of a submit from the status and message_id of its answer."""
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
