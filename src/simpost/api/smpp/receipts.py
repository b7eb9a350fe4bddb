"""The deliver_sm of a receipt (SMPP 3.4 4.6, 5.2.12, Appendix B). Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from simpost.api.smpp.reference import SubmitReference, parse_reference, wants_receipt
from simpost.api.smpp.statuses import error_code, message_state
from simpost.domain.messages import parse_id
from simpost.domain.reasons import Reason
from simpost.domain.states import State
from simpost.ports.store import Event
from simpost.smpp import DeliverSm, Tag, format_receipt, receipt_tlvs

RECEIPT: Final = 0x04
"""esm_class of a receipt (SMPP 3.4 5.2.12)."""
PARTS_DROPPED: Final = "smpp.parts_dropped"
_MESSAGE: Final = "message."
_FINAL: Final = {f"{_MESSAGE}{state}": state for state in State if state.is_final}
_REASONS: Final = {str(reason): reason for reason in Reason}


def reference_of(event: Event, system_id: str) -> SubmitReference | None:
    """The submit_sm whose receipts the event makes due; `None` if there are none of this login."""
    state = _FINAL.get(event.type)
    if state is None:
        return None
    reference = parse_reference(event.data.get("reference"))
    if reference is None or reference.system_id != system_id:
        return None
    is_delivered = state is State.DELIVERED
    if not any(wants_receipt(each, is_delivered=is_delivered) for each in reference.wanted):
        return None
    return reference


def receipts_of(event: Event, reference: SubmitReference, address: str) -> list[DeliverSm]:
    """The receipts of the parts that want one; `address` is how the client named the eSIM."""
    state = _FINAL[event.type]
    reason = _REASONS.get(event.data.get("reason") or "")
    ids = part_ids(event.subject, len(reference.wanted))
    return [
        _receipt(event, reference, address, message_id, state, reason)
        for message_id, wanted in zip(ids, reference.wanted, strict=True)
        if wants_receipt(wanted, is_delivered=state is State.DELIVERED)
    ]


def dropped_receipts(event: Event, system_id: str) -> list[DeliverSm]:
    """The receipts of parts that will never be a message. Nobody knows their eSIM any more."""
    state = State(event.data["state"])
    parts = zip(event.data["parts"], event.data["references"], strict=True)
    return [
        _receipt(event, reference, "", f"{event.subject}-{number}", state, None)
        for number, text in parts
        if (reference := parse_reference(text))
        and reference.system_id == system_id
        and wants_receipt(reference.wanted[0], is_delivered=False)
    ]


def part_ids(message_id: str, count: int) -> list[str]:
    """The ids that the parts of a message have for the client: that of the message if it is one."""
    if count == 1:
        return [message_id]
    return [f"{message_id}-{number}" for number in range(1, count + 1)]


def message_id_of(text: str) -> bytes | None:
    """The message that an id of `part_ids` is of; `None` if the text is no id."""
    message_id, _, number = text[:36], text[36:37], text[37:]
    if text[36:] and not (text[36] == "-" and number.isascii() and number.isdigit()):
        return None
    return parse_id(message_id) if len(message_id) == 36 else None


def accepted_at(message_id: str) -> datetime:
    """When a message was accepted: its UUIDv7 says it (RFC 9562 5.7)."""
    milliseconds = int(message_id[:8] + message_id[9:13], 16)
    return datetime.fromtimestamp(milliseconds / 1000, UTC)


def address_of(reference: SubmitReference, data: Mapping[str, Any], msisdn: str) -> str:
    """The eSIM as the client named it; empty if it has no such name any more."""
    kind = reference.destination[0]
    if kind == "msisdn":
        return msisdn
    return str(data.get("iccid" if kind == "iccid" else "esimTranNo") or "")


def _receipt(
    event: Event,
    reference: SubmitReference,
    address: str,
    message_id: str,
    state: State,
    reason: Reason | None,
) -> DeliverSm:
    _, ton, npi = reference.destination
    source_ton, source_npi, source = reference.source
    reported = message_state(state, reason)
    tlvs = receipt_tlvs(message_id, reported)
    if reference.user_reference:
        tlvs += ((Tag.USER_MESSAGE_REFERENCE, bytes.fromhex(reference.user_reference)),)
    return DeliverSm(
        source_addr_ton=ton,
        source_addr_npi=npi,
        source_addr=address,
        dest_addr_ton=source_ton,
        dest_addr_npi=source_npi,
        destination_addr=source,
        esm_class=RECEIPT,
        short_message=format_receipt(
            message_id,
            reported,
            submitted=accepted_at(event.subject),
            done=datetime.fromtimestamp(event.at_ms / 1000, UTC),
            error=f"{error_code(state, reason):03}",
        ),
        tlvs=tlvs,
    )
