"""Carriers: the state of each connection; pause, resume and drain."""

from __future__ import annotations

from fastapi import APIRouter, Depends, Response

from simpost.api.shared.auth import ServicesDep, admit_admin
from simpost.api.shared.schemas import Schema, Time, format_time
from simpost.domain.receipt_delays import ReceiptDelay
from simpost.domain.receipt_ids import Base, LetterCase, ObservedIdFormat
from simpost.messaging.carrier_status import CarrierStatus
from simpost.ports.carrier import ConnectionState, ConnectionStatus

router = APIRouter(prefix="/v1/admin", tags=["admin"], dependencies=[Depends(admit_admin)])


class ConnectionOut(Schema):
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


class ReceiptDelayOut(Schema):
    """Milliseconds from the acceptance of a part by the carrier to the receipt of its delivery.

    Of messages that were accepted in the last hour and are delivered: up to 500 of each account,
    the newest, and fewer when many accounts have some. `receipts` is how many were looked at, a
    minute ago at most.
    """

    receipts: int
    median_ms: int
    p95_ms: int


class CarrierOut(Schema):
    """A carrier and its connections.

    `state` is null when parts are queued for a carrier that is no longer configured. `queued`
    parts wait in the store, `leased` parts are reserved by a node. `oldestQueuedAt` is when the
    message of the oldest queued part was accepted, null when none is queued. `receiptDelay` is
    null when no message of the last hour was delivered by the carrier. `receiptIdFormats` are the
    observed formats, the most frequent first; empty while receipts repeat the id of the response.
    """

    name: str
    state: ConnectionState | None
    paused: bool
    available: bool
    queued: int
    oldest_queued_at: Time | None
    leased: int
    receipt_delay: ReceiptDelayOut | None
    connections: list[ConnectionOut]
    receipt_id_formats: list[ReceiptIdFormatOut]


class CarrierList(Schema):
    """All carriers, then those that only queued parts still name."""

    carriers: list[CarrierOut]


@router.get("/carriers", summary="Show all carriers and their connections")
async def list_carriers(services: ServicesDep) -> CarrierList:
    """The carriers of all nodes."""
    return CarrierList(
        carriers=[await _carrier(services, each) for each in await services.carriers.list_all()]
    )


@router.post("/carriers/{name}/pause", summary="Pause a carrier")
async def pause_carrier(name: str, services: ServicesDep) -> CarrierOut:
    """Send nothing by it, on all nodes, until it is resumed. It stays connected."""
    return await _carrier(services, await services.carriers.pause(name))


@router.post("/carriers/{name}/resume", summary="Resume a carrier")
async def resume_carrier(name: str, services: ServicesDep) -> CarrierOut:
    """Connect it and send by it again, on all nodes."""
    return await _carrier(services, await services.carriers.resume(name))


@router.post(
    "/carriers/{name}/drain",
    summary="Drain a carrier",
    responses={202: {"model": CarrierOut, "description": "Draining continues"}},
)
async def drain_carrier(name: str, services: ServicesDep, response: Response) -> CarrierOut:
    """Send nothing more by it, wait for its responses, then disconnect, on all nodes."""
    status, is_done = await services.carriers.drain(name)
    response.status_code = 200 if is_done else 202
    return await _carrier(services, status)


async def _carrier(services: ServicesDep, status: CarrierStatus) -> CarrierOut:
    return CarrierOut(
        name=status.name,
        state=status.state,
        paused=status.is_paused,
        available=status.is_available,
        queued=status.queued,
        oldest_queued_at=None
        if status.oldest_queued_ms is None
        else format_time(status.oldest_queued_ms),
        leased=status.leased,
        receipt_delay=_receipt_delay(status.receipt_delay),
        connections=[
            *(_connection(each, None) for each in status.connections),
            *(_connection(each, node) for node, each in status.remote_connections),
        ],
        receipt_id_formats=[
            _id_format(seen) for seen in await services.store.receipts.id_forms(status.name)
        ],
    )


def _receipt_delay(delay: ReceiptDelay | None) -> ReceiptDelayOut | None:
    if delay is None:
        return None
    return ReceiptDelayOut(receipts=delay.receipts, median_ms=delay.median_ms, p95_ms=delay.p95_ms)


def _id_format(seen: ObservedIdFormat) -> ReceiptIdFormatOut:
    return ReceiptIdFormatOut(
        description=seen.form.sentence,
        base=seen.form.base,
        letter_case=seen.form.letters,
        width=seen.form.width,
        count=seen.times,
        first_seen_at=format_time(seen.first_ms),
        last_seen_at=format_time(seen.last_ms),
    )


def _connection(connection: ConnectionStatus, node: str | None) -> ConnectionOut:
    return ConnectionOut(
        node=node,
        number=connection.number,
        kind=connection.kind,
        state=connection.state,
        peer=connection.peer,
        problem=connection.problem,
        max_unanswered=connection.max_unanswered,
        unanswered=connection.unanswered,
        allowed_per_second=connection.allowed_per_s,
        rate_per_second=connection.rate_per_s,
        last_heard_at=None
        if connection.last_heard_ms is None
        else format_time(connection.last_heard_ms),
    )
