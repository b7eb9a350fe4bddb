"""Carriers: the state of each connection; pause, drain and resume."""

from __future__ import annotations

from fastapi import APIRouter, Depends, Response

from simpost.api.shared.auth import ServicesDep, admit_admin
from simpost.api.shared.schemas import Schema, Time, format_time
from simpost.domain.receipt_ids import Base, LetterCase, ObservedIdFormat
from simpost.messaging.dispatch import CarrierStatus
from simpost.ports.carrier import ConnectionState, ConnectionStatus

router = APIRouter(prefix="/v1/admin", tags=["admin"], dependencies=[Depends(admit_admin)])


class ConnectionShown(Schema):
    """One connection to the carrier.

    `maxUnanswered` is the most unanswered parts allowed, `unanswered` the number now. `node` is the
    node that leases the connection; null for the node that answers this request. `allowedPerSecond`
    is the present limit, 0 without one; `ratePerSecond` the rate of recent responses.
    """

    node: str | None
    number: int
    kind: str
    state: ConnectionState
    peer: str
    problem: str
    max_unanswered: int
    unanswered: int
    allowed_per_second: float
    rate_per_second: float
    last_heard_at: Time | None


class ReceiptIdFormatOut(Schema):
    """An observed format of message ids in receipts that differs from the ids in responses.

    `description` explains it in English. `width` is the length the id in the response is padded
    to with zeros: 0 without leading zeros, -1 when the zeros are as in the receipt.
    """

    description: str
    base: Base
    letter_case: LetterCase
    width: int
    count: int
    first_seen_at: Time
    last_seen_at: Time


class CarrierOut(Schema):
    """A carrier and its connections.

    `state` is null when parts are queued for a carrier that is no longer configured. `queued`
    parts wait in the store, `leased` parts are reserved by a node. `receiptIdFormats` are the
    observed formats, the most frequent first; empty while receipts repeat the id of the response.
    """

    name: str
    state: ConnectionState | None
    paused: bool
    available: bool
    queued: int
    leased: int
    connections: list[ConnectionShown]
    receipt_id_formats: list[ReceiptIdFormatOut]


class CarrierList(Schema):
    carriers: list[CarrierOut]


@router.get("/carriers", summary="Show all carriers and their connections")
async def list_carriers(services: ServicesDep) -> CarrierList:
    return CarrierList(
        carriers=[await _shown(services, each) for each in await services.carriers.list_all()]
    )


@router.post("/carriers/{name}/pause", summary="Send nothing by a carrier")
async def pause_carrier(name: str, services: ServicesDep) -> CarrierOut:
    return await _shown(services, await services.carriers.pause(name))


@router.post("/carriers/{name}/resume", summary="Send by a carrier again")
async def resume_carrier(name: str, services: ServicesDep) -> CarrierOut:
    return await _shown(services, await services.carriers.resume(name))


@router.post(
    "/carriers/{name}/drain",
    summary="Send nothing more by a carrier, wait for its answers, disconnect",
    responses={202: {"model": CarrierOut, "description": "It goes on"}},
)
async def drain_carrier(name: str, services: ServicesDep, response: Response) -> CarrierOut:
    status, is_done = await services.carriers.drain(name)
    response.status_code = 200 if is_done else 202
    return await _shown(services, status)


async def _shown(services: ServicesDep, status: CarrierStatus) -> CarrierOut:
    return CarrierOut(
        name=status.name,
        state=status.state,
        paused=status.is_paused,
        available=status.is_available,
        queued=status.queued,
        leased=status.leased,
        connections=[
            *(_connection(one, None) for one in status.connections),
            *(_connection(one, node) for node, one in status.remote_connections),
        ],
        receipt_id_formats=[
            _form(seen) for seen in await services.store.receipts.id_forms(status.name)
        ],
    )


def _form(seen: ObservedIdFormat) -> ReceiptIdFormatOut:
    return ReceiptIdFormatOut(
        description=seen.form.sentence,
        base=seen.form.base,
        letter_case=seen.form.letters,
        width=seen.form.width,
        count=seen.times,
        first_seen_at=format_time(seen.first_ms),
        last_seen_at=format_time(seen.last_ms),
    )


def _connection(one: ConnectionStatus, node: str | None) -> ConnectionShown:
    return ConnectionShown(
        node=node,
        number=one.number,
        kind=one.kind,
        state=one.state,
        peer=one.peer,
        problem=one.problem,
        max_unanswered=one.max_unanswered,
        unanswered=one.unanswered,
        allowed_per_second=one.allowed_per_s,
        rate_per_second=one.rate_per_s,
        last_heard_at=None if one.last_heard_ms is None else format_time(one.last_heard_ms),
    )
