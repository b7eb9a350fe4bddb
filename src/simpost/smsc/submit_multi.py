"""Splits a submit_multi into one submit_sm per destination (SMPP 3.4 4.5)."""

from __future__ import annotations

from collections.abc import Iterator

from simpost.smpp import SmeAddress, Status, SubmitMulti, SubmitSm, UnsuccessSme


def submits_of(request: SubmitMulti) -> Iterator[SubmitSm]:
    """One submit_sm for each address; distribution lists are skipped."""
    for to in request.dest_address:
        if isinstance(to, SmeAddress):
            yield SubmitSm(
                tlvs=request.tlvs,
                service_type=request.service_type,
                source_addr_ton=request.source_addr_ton,
                source_addr_npi=request.source_addr_npi,
                source_addr=request.source_addr,
                dest_addr_ton=to.dest_addr_ton,
                dest_addr_npi=to.dest_addr_npi,
                destination_addr=to.destination_addr,
                esm_class=request.esm_class,
                protocol_id=request.protocol_id,
                schedule_delivery_time=request.schedule_delivery_time,
                validity_period=request.validity_period,
                registered_delivery=request.registered_delivery,
                data_coding=request.data_coding,
                short_message=request.short_message,
            )


def unsuccessful(single: SubmitSm, status: int) -> UnsuccessSme:
    """The entry of the response for a refused destination."""
    return UnsuccessSme(single.dest_addr_ton, single.dest_addr_npi, single.destination_addr, status)


def destination_list_status(request: SubmitMulti) -> int:
    """The status that refuses the whole request; 0 to validate each destination."""
    if not request.dest_address:
        return Status.ESME_RINVNUMDESTS
    if not all(isinstance(to, SmeAddress) for to in request.dest_address):
        return Status.ESME_RINVDLNAME
    return 0
