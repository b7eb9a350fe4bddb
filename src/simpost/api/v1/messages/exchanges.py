"""GET /v1/messages/{id}/exchanges: what the attempts of a message sent and got."""

from __future__ import annotations

from fastapi import APIRouter
from pydantic import Field

from simpost.api.shared.auth import Caller, ServicesDep
from simpost.api.shared.problems import Problem, ProblemCode
from simpost.api.shared.schemas import Schema
from simpost.api.shared.services import Services
from simpost.domain.exchanges import (
    CarrierExchange,
    ExchangeField,
    ExchangeSide,
    FieldPrivacy,
    ResponseSource,
    SettingsAge,
)
from simpost.domain.messages import Message, parse_id
from simpost.messaging.exchanges import find_exchanges

router = APIRouter(prefix="/v1", tags=["messages"])

FOR_ADMIN = "for administrators"


class ExchangeFieldOut(Schema):
    """One field of a PDU, or one value of an HTTP request or response."""

    name: str
    value: str | None = Field(description="Null if it is not known or not for the caller.")
    meaning: str = Field(description="What the value means, or why there is none.")


class ExchangeSideOut(Schema):
    """A request or a response, decoded."""

    name: str = Field(description="The command of a PDU, or the method of an HTTP request.")
    fields: list[ExchangeFieldOut]
    octets: str | None = Field(description="The PDU in hex digits; null if it is not known.")


class ExchangeOut(Schema):
    """What one attempt sent and got.

    The request is built again from the stored message: with the settings of the carrier at the time
    of the attempt (`of_attempt`) if the node has them in memory, else with those of now (`of_now`).
    """

    part: int
    attempt: int
    carrier: str
    protocol: str = Field(description="smpp or http; empty if nothing is known.")
    connection: str = Field(description="Such as `transceiver 1`; empty if it is not known.")
    request: ExchangeSideOut | None
    settings: SettingsAge | None
    response: ExchangeSideOut | None
    source: ResponseSource | None = Field(
        description="Where the response is from: memory as it was read, store in short."
    )
    note: str = Field(description="Why something is missing; empty if nothing is.")


class ExchangeList(Schema):
    """The exchanges of a message, in the order of its attempts, the newest 200 of them."""

    exchanges: list[ExchangeOut]


@router.get(
    "/messages/{id}/exchanges",
    summary="Show what the attempts of a message sent and got",
    operation_id="showExchanges",
)
async def get_exchanges(
    id: str,  # noqa: A002
    account: Caller,
    services: ServicesDep,
) -> ExchangeList:
    """Each attempt with its PDU or HTTP request, decoded, and the response to it."""
    message_id = parse_id(id)
    message = message_id and await services.store.log.find_message(account.id, message_id)
    if not message:
        raise Problem(404, ProblemCode.NOT_FOUND, "This account has no such message.")
    return await exchange_list(services, message, for_admin=False)


async def exchange_list(services: Services, message: Message, *, for_admin: bool) -> ExchangeList:
    """The exchanges; values that may name hosts or accounts are for the administrator only."""
    found = await find_exchanges(services.store, services.carriers, message)
    return ExchangeList(exchanges=[_show(each, for_admin=for_admin) for each in found])


def _show(exchange: CarrierExchange, *, for_admin: bool) -> ExchangeOut:
    return ExchangeOut(
        part=exchange.part,
        attempt=exchange.attempt,
        carrier=exchange.carrier,
        protocol=exchange.protocol,
        connection=exchange.connection,
        request=_show_side(exchange.request, for_admin=for_admin),
        settings=exchange.settings,
        response=_show_side(exchange.response, for_admin=for_admin),
        source=exchange.source,
        note=exchange.note,
    )


def _show_side(side: ExchangeSide | None, *, for_admin: bool) -> ExchangeSideOut | None:
    if side is None:
        return None
    fields = [_show_field(each, for_admin=for_admin) for each in side.fields]
    return ExchangeSideOut(name=side.name, fields=fields, octets=side.octets)


def _show_field(field: ExchangeField, *, for_admin: bool) -> ExchangeFieldOut:
    if field.privacy is FieldPrivacy.ADMIN and not for_admin:
        return ExchangeFieldOut(name=field.name, value=None, meaning=FOR_ADMIN)
    return ExchangeFieldOut(name=field.name, value=field.value, meaning=field.meaning)
