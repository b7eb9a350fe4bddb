"""Messages of any account: the log, one message, the conversation of an eSIM."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request

from simpost.api.admin.accounts import AccessCode
from simpost.api.shared.auth import ServicesDep, admit_admin
from simpost.api.shared.paging import PageQuery
from simpost.api.shared.problems import Problem, ProblemCode, invalid
from simpost.api.shared.services import Services
from simpost.api.v1.inbound.routes import conversation_page, search_conversation
from simpost.api.v1.inbound.schemas import ConversationEntries
from simpost.api.v1.messages.exchanges import ExchangeList, exchange_list
from simpost.api.v1.messages.export import FILES, ExportQuery, ExportResponse, export_response
from simpost.api.v1.messages.message_log import message_detail
from simpost.api.v1.messages.refusals import (
    RefusalPage,
    RefusalQuery,
    refusal_page,
    search_refusals,
)
from simpost.api.v1.messages.schemas import MessageDetail, MessagePage
from simpost.api.v1.messages.search import MessageQuery, message_page, search_page
from simpost.api.v1.messages.send_schema import Identifier
from simpost.domain.messages import Message, parse_id
from simpost.messaging.message_log import find_of_any_account

router = APIRouter(prefix="/v1/admin", tags=["admin"], dependencies=[Depends(admit_admin)])


class AdminMessageQuery(MessageQuery):
    """Filters of the log of one account; without it, of the eSIM with the number `msisdn`."""

    account: AccessCode | None = None


class AdminExportQuery(ExportQuery):
    """The account, the filters of the list, and the format of the file."""

    account: AccessCode


class AdminRefusalQuery(RefusalQuery):
    """Filters of the refusal log of one account."""

    account: AccessCode


@router.get("/messages", summary="List the messages of an account, newest first")
async def list_messages(
    query: Annotated[AdminMessageQuery, Query()], services: ServicesDep
) -> MessagePage:
    """Give `account`, `msisdn` or both: `msisdn` alone finds the account of the eSIM."""
    if not query.account and not query.msisdn:
        raise invalid("Give account, msisdn or both.")
    account = await services.accounts.find_stored(query.account) if query.account else None
    found = await search_page(services, account.id if account else None, query)
    return message_page(found, query)


@router.get(
    "/messages/export",
    summary="Export all messages of an account that a search finds, newest first",
    response_class=ExportResponse,
    responses=FILES,
)
async def export_messages(
    request: Request, query: Annotated[AdminExportQuery, Query()], services: ServicesDep
) -> ExportResponse:
    """As `GET /v1/messages/export`. The limits are those of the account."""
    account = await services.accounts.find_stored(query.account)
    return await export_response(request, services, account, query)


@router.get("/messages/{id}", summary="Show one message of any account in full")
async def show_message(id: str, services: ServicesDep) -> MessageDetail:  # noqa: A002
    """With its account; `waitingFor` also has the problem of the carrier."""
    message = await _find(services, id)
    account = services.accounts.by_id(message.account_id)
    return await message_detail(
        services, message, account.access_code if account else "", for_admin=True
    )


@router.get(
    "/messages/{id}/exchanges",
    summary="Show what the attempts of a message of any account sent and got",
)
async def show_exchanges(id: str, services: ServicesDep) -> ExchangeList:  # noqa: A002
    """As `GET /v1/messages/{id}/exchanges`, with values that may name hosts and accounts."""
    return await exchange_list(services, await _find(services, id), for_admin=True)


async def _find(services: Services, given: str) -> Message:
    message_id = parse_id(given)
    message = message_id and await find_of_any_account(services.store, message_id)
    if not message:
        raise Problem(404, ProblemCode.NOT_FOUND, "No account has such a message.")
    return message


@router.get(
    "/accounts/{accessCode}/esims/{esimTranNo}/conversation",
    summary="Show messages to and from an eSIM of an account, newest first",
)
async def show_conversation(
    accessCode: str,  # noqa: N803  as it stands in the path
    esimTranNo: Identifier,  # noqa: N803
    query: Annotated[PageQuery, Query()],
    services: ServicesDep,
) -> ConversationEntries:
    """A text that was forwarded to the eSIM is listed once, as the message that forwarded it."""
    account = await services.accounts.find_stored(accessCode)
    found = await search_conversation(services, account.id, esimTranNo, query)
    return conversation_page(found, query)


@router.get("/refusals", summary="List the refused texts of an account, newest first")
async def list_refusals(
    query: Annotated[AdminRefusalQuery, Query()], services: ServicesDep
) -> RefusalPage:
    """Texts that were refused and never became messages."""
    account = await services.accounts.find_stored(query.account)
    return refusal_page(await search_refusals(services, account.id, query), query)
