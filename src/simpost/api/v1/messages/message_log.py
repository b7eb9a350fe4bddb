"""GET /v1/messages: the message log of the account."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Response

from simpost.api.shared.auth import Caller, ServicesDep
from simpost.api.shared.paging import answer_page
from simpost.api.shared.problems import Problem, ProblemCode
from simpost.api.shared.services import Services
from simpost.api.v1.messages.schemas import (
    MessageDetail,
    MessagePage,
    WaitingFor,
    show_in_full,
)
from simpost.api.v1.messages.search import MessageQuery, message_page, search_page
from simpost.domain.messages import Message, parse_id
from simpost.messaging.message_log import carrier_wait

router = APIRouter(prefix="/v1", tags=["messages"])


@router.get("/messages", response_model=MessagePage, summary="List messages, newest first")
async def list_messages(
    query: Annotated[MessageQuery, Query()], account: Caller, services: ServicesDep
) -> Response:
    """Without parts, attempts and receipts."""
    return await answer_page(
        services,
        account,
        query.limit,
        lambda: search_page(services, account.id, query),
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
