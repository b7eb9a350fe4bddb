"""GET /v1/messages: the message log of the account."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Response

from simpost.api.shared.auth import Caller, ServicesDep
from simpost.api.shared.paging import PeriodQuery, answer_page, cut_page
from simpost.api.shared.problems import Problem, ProblemCode
from simpost.api.shared.services import Services
from simpost.api.v1.messages.schemas import (
    MessageDetail,
    MessagePage,
    WaitingFor,
    show_in_full,
    show_message,
)
from simpost.api.v1.messages.send_schema import Identifier, Msisdn
from simpost.domain.messages import Message, parse_id
from simpost.domain.states import State
from simpost.messaging.message_log import carrier_wait, list_by_number
from simpost.ports.store import MessageFilter

router = APIRouter(prefix="/v1", tags=["messages"])


class MessageQuery(PeriodQuery):
    """Filters of the log; `from` and `to` bound the time of acceptance.

    `msisdn` is the number that the eSIM has now.
    """

    esim_tran_no: Identifier | None = None
    iccid: Identifier | None = None
    msisdn: Msisdn | None = None
    state: State | None = None


@router.get("/messages", response_model=MessagePage, summary="List messages, newest first")
async def list_messages(
    query: Annotated[MessageQuery, Query()], account: Caller, services: ServicesDep
) -> Response:
    """Without parts, attempts and receipts."""
    return await answer_page(
        services,
        account,
        query.limit,
        lambda: search_messages(services, account.id, query),
        lambda found: message_page(found, query),
    )


@router.get(
    "/messages/{id}",
    summary="Show one message with its parts, attempts and unapplied receipts",
    operation_id="showMessage",
)
async def get_message(id: str, account: Caller, services: ServicesDep) -> MessageDetail:  # noqa: A002
    """While a part of it has not left, `waitingFor` is the state of the carrier."""
    message_id = parse_id(id)
    message = message_id and await services.store.log.find_message(account.id, message_id)
    if not message:
        raise Problem(404, ProblemCode.NOT_FOUND, "This account has no such message.")
    return await message_detail(services, message, account.access_code)


async def message_detail(
    services: Services, message: Message, account: str, *, for_admin: bool = False
) -> MessageDetail:
    """The message, with the carrier that it waits for.

    The problem of the carrier is for the administrator only: it may name hosts.
    """
    wait = await carrier_wait(services.carriers, message)
    if wait is None:
        return show_in_full(message, account)
    problem = wait.problem if for_admin else None
    waiting_for = WaitingFor(carrier=wait.carrier, state=wait.state, problem=problem)
    return show_in_full(message, account, waiting_for)


async def search_messages(
    services: Services, account_id: int | None, query: MessageQuery
) -> list[Message]:
    """The messages that the query selects, with `look_ahead`.

    Without an account the query must have an `msisdn`, which selects the account too.
    """
    which = MessageFilter(
        esim_tran_no=query.esim_tran_no,
        iccid=query.iccid,
        state=query.state,
        from_ms=query.from_ms,
        to_ms=query.to_ms,
        before=query.before,
        limit=query.look_ahead,
    )
    if query.msisdn:
        return await list_by_number(services.store, account_id, query.msisdn, which)
    assert account_id is not None
    return await services.store.log.list_messages(account_id, which)


def message_page(found: list[Message], query: MessageQuery) -> MessagePage:
    """One page of messages."""
    rows, cursor = cut_page(found, query)
    return MessagePage(messages=[show_message(row) for row in rows], next=cursor)
