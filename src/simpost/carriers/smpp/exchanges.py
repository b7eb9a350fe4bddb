"""What the attempts by an SMPP carrier sent and got."""

from __future__ import annotations

from typing import TypeAlias

from simpost.carriers.recent_exchanges import RecentExchange, RecentExchanges
from simpost.carriers.smpp.shown_pdu import shown_response, shown_submit
from simpost.carriers.smpp.submit import SubmitBuilder
from simpost.config import SmppCarrierSettings as Settings
from simpost.domain.exchanges import (
    LEASE_LOST,
    NO_RESPONSE,
    NOT_REBUILT,
    NOT_SENT,
    CarrierExchange,
    ExchangeSide,
    ResponseSource,
    SettingsAge,
)
from simpost.domain.messages import Attempt
from simpost.domain.outcomes import OutcomeKind
from simpost.domain.reasons import Reason
from simpost.ports.carrier import OutboundPart
from simpost.smpp import FieldError, Pdu, SubmitSmResp

SmppExchanges: TypeAlias = RecentExchanges[Settings, object]
"""A response is a `Pdu`, or the `RequestError` in place of one."""


def show_exchange(
    recent: SmppExchanges,
    settings: Settings,
    part: OutboundPart,
    attempt: Attempt,
    *,
    has_text: bool,
) -> CarrierExchange:
    """The exchange of an attempt, with the settings of then if they are known, else of now."""
    kept = recent.find(part.message_id, part.number, attempt.number)
    used = kept.settings if kept else settings
    response, source = _response(kept, attempt)
    request = None
    if _was_refused_here(attempt):
        note = f"{NOT_SENT} {attempt.carrier_code or ''}".rstrip()
    else:
        request = _request(kept, used, part, attempt, has_text)
        note = "" if response else _why_no_response(attempt)
        note = note if request else f"{NOT_REBUILT} {note}".rstrip()
    return CarrierExchange(
        part=attempt.part,
        attempt=attempt.number,
        carrier=attempt.carrier,
        protocol="smpp",
        connection=str(kept.connection) if kept and kept.connection else "",
        request=request,
        settings=(SettingsAge.OF_ATTEMPT if kept else SettingsAge.OF_NOW) if request else None,
        response=response,
        source=source,
        note=note,
    )


def _request(
    kept: RecentExchange[Settings, object] | None,
    settings: Settings,
    part: OutboundPart,
    attempt: Attempt,
    has_text: bool,  # noqa: FBT001
) -> ExchangeSide | None:
    """The submit_sm; `None` if these settings have no encoding for the part."""
    try:
        submit = SubmitBuilder(settings).submit_sm(part, attempt.started_ms)
        submit.sequence_number = kept.sequence if kept else 0
        return shown_submit(submit, settings, has_text=has_text, has_sequence=kept is not None)
    except FieldError:
        return None


def _was_refused_here(attempt: Attempt) -> bool:
    """A refusal without a status is our own: the carrier has no encoding for the part."""
    return attempt.outcome == OutcomeKind.REFUSED and _stored_status(attempt) is None


def _response(
    kept: RecentExchange[Settings, object] | None, attempt: Attempt
) -> tuple[ExchangeSide | None, ResponseSource | None]:
    if kept and isinstance(kept.response, Pdu):
        return shown_response(kept.response, is_whole=True), ResponseSource.MEMORY
    if kept:
        return None, None
    status = _stored_status(attempt)
    if status is None:
        return None, None
    pdu = SubmitSmResp(command_status=status, message_id=attempt.carrier_message_id or "")
    return shown_response(pdu, is_whole=False), ResponseSource.STORE


def _stored_status(attempt: Attempt) -> int | None:
    """The command_status that the attempt has in the store; `None` if no response came."""
    if attempt.outcome == OutcomeKind.ACCEPTED:
        return 0
    code = attempt.carrier_code or ""
    try:
        return int(code, 16) if code.startswith("0x") else None
    except ValueError:
        return None


def _why_no_response(attempt: Attempt) -> str:
    return LEASE_LOST if attempt.reason is Reason.LEASE_LOST else NO_RESPONSE
