"""GET /v1/inbound and the conversation of an eSIM."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Response

from simpost.api.shared.auth import Caller, ServicesDep
from simpost.api.shared.paging import PageQuery, answer_page, cut_page
from simpost.api.shared.problems import Problem, ProblemCode
from simpost.api.shared.services import Services
from simpost.api.v1.inbound.schemas import (
    ConversationEntries,
    InboundDetail,
    InboundPage,
    show_entry,
    show_in_full,
    show_inbound,
)
from simpost.api.v1.messages.send_schema import Identifier
from simpost.domain.inbound import InboundMessage
from simpost.domain.messages import parse_id
from simpost.messaging.conversation import Entry, list_conversation
from simpost.ports.store.inbound import InboundFilter

router = APIRouter(prefix="/v1")


class InboundQuery(PageQuery):
    """Filters of the inbound log."""

    esim_tran_no: Identifier | None = None


@router.get(
    "/inbound",
    response_model=InboundPage,
    tags=["inbound"],
    summary="List inbound messages, newest first",
)
async def list_inbound(
    query: Annotated[InboundQuery, Query()], account: Caller, services: ServicesDep
) -> Response:
    """Texts from handsets to our numbers, and from phones to eSIMs of the account."""
    return await answer_page(
        services,
        account,
        query.limit,
        lambda: search_inbound(services, account.id, query),
        lambda found: inbound_page(found, query),
    )


@router.get(
    "/inbound/{id}",
    tags=["inbound"],
    summary="Show one inbound message with the octets of its parts",
    operation_id="showInbound",
)
async def show_inbound_in_full(
    id: str,  # noqa: A002  as it stands in the path
    account: Caller,
    services: ServicesDep,
) -> InboundDetail:
    """The octets are those of the PDUs, including the user data header."""
    return await find_inbound(services, account.id, id)


@router.get(
    "/esims/{esimTranNo}/conversation",
    response_model=ConversationEntries,
    tags=["inbound"],
    summary="Show messages to and from an eSIM, newest first",
)
async def show_conversation(
    esimTranNo: Identifier,  # noqa: N803  as it stands in the path
    query: Annotated[PageQuery, Query()],
    account: Caller,
    services: ServicesDep,
) -> Response:
    """A text that was forwarded to the eSIM is listed once, as the message that forwarded it."""
    return await answer_page(
        services,
        account,
        query.limit,
        lambda: search_conversation(services, account.id, esimTranNo, query),
        lambda found: conversation_page(found, query),
    )


async def search_inbound(
    services: Services, account_id: int, query: InboundQuery
) -> list[InboundMessage]:
    """The inbound messages that the query selects, with `look_ahead`."""
    return await services.store.inbound.list_inbound(
        account_id,
        InboundFilter(esim_tran_no=query.esim_tran_no, before=query.before, limit=query.look_ahead),
    )


def inbound_page(found: list[InboundMessage], query: InboundQuery) -> InboundPage:
    """One page of inbound messages."""
    rows, cursor = cut_page(found, query)
    return InboundPage(inbound=[show_inbound(row) for row in rows], next=cursor)


async def find_inbound(services: Services, account_id: int, inbound_id: str) -> InboundDetail:
    """One inbound message in full. Raises Problem when there is none."""
    key = parse_id(inbound_id)
    found = await services.store.inbound.find_inbound(account_id, key) if key else None
    if found is None:
        detail = "This account has no such inbound message."
        raise Problem(404, ProblemCode.NOT_FOUND, detail)
    return show_in_full(found)


async def search_conversation(
    services: Services, account_id: int, esim_tran_no: str, query: PageQuery
) -> list[Entry]:
    """The entries that the query selects, with `look_ahead`."""
    return await list_conversation(
        services.store, account_id, esim_tran_no, before=query.before, limit=query.look_ahead
    )


def conversation_page(found: list[Entry], query: PageQuery) -> ConversationEntries:
    """One page of a conversation."""
    entries, cursor = cut_page(found, query)
    return ConversationEntries(entries=[show_entry(entry) for entry in entries], next=cursor)
