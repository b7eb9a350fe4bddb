"""Responses that a session writes on its own: errors, and the answer to a bind. Pure."""

from __future__ import annotations

from typing import cast

from simpost.smpp.command import RESPONSE_BIT
from simpost.smpp.pdu import PDU_CLASSES, Bind, BindResp, GenericNack, Pdu, UnknownPdu
from simpost.smpp.state import BOUND_BY, Role, SessionState
from simpost.smpp.status import Status
from simpost.smpp.tlv import Tag, int_tlv
from simpost.smpp.version import negotiated_version, response_version


def error_response(request: Pdu, status: int) -> Pdu:
    """The request's own response with an error status, or generic_nack if it has none.

    SMPP 3.4 4.3.
    """
    response = request.response or GenericNack
    return response(status, request.sequence_number)


def status_out_of_place(request: Pdu, role: Role, state: SessionState) -> Status:
    """The error for a request that `role` may not receive in `state` (SMPP 3.4 2.3, 5.1.3)."""
    if isinstance(request, UnknownPdu):
        return Status.ESME_RINVCMDID
    if request.command_id in BOUND_BY and role is Role.SMSC and state.is_bound:
        return Status.ESME_RALYBND
    return Status.ESME_RINVBNDSTS


def bind_response(bind: Bind, system_id: str, highest_version: int) -> BindResp:
    """The response that accepts a bind (SMPP 3.4 4.1.2, 4.1.4, 4.1.6).

    It carries sc_interface_version if the ESME understands TLVs.
    """
    response = cast("BindResp", PDU_CLASSES[bind.command_id | RESPONSE_BIT]())
    response.system_id = system_id
    response.sequence_number = bind.sequence_number
    version = response_version(bind.interface_version, highest_version)
    if version is not None:
        response.tlvs = (int_tlv(Tag.SC_INTERFACE_VERSION, version, 1),)
    return response


def version_after_bind(bind: Bind, response: Pdu) -> int:
    """The version that both ends use after this response to a bind (SMPP 5.0 2.8)."""
    value = response.tlv(Tag.SC_INTERFACE_VERSION)
    return negotiated_version(
        bind.interface_version, int.from_bytes(value, "big") if value else None
    )
