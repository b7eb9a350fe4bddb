"""GET /v1/inbound and the conversation of an eSIM: what came in, beside what was sent."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Response
from pydantic import Field

from simpost.api.shared.auth import Caller, ServicesDep
from simpost.api.shared.paging import Cursor, answer_page, format_cursor, parse_cursor
from simpost.api.shared.problems import Problem, ProblemCode
from simpost.api.shared.schemas import Schema
from simpost.api.shared.services import Services
from simpost.api.v1.inbound.schemas import (
    Conversation,
    InboundDetail,
    InboundPage,
    show_entry,
    show_in_full,
    show_inbound,
)
from simpost.api.v1.messages.send_schema import Identifier
from simpost.domain.inbound import InboundMessage
from simpost.domain.messages import Message, parse_id
from simpost.ports.store import MessageFilter
from simpost.ports.store.inbound import InboundFilter

router = APIRouter(prefix="/v1")


class PageQuery(Schema):
    """How much to show, and from where on."""

    limit: Annotated[int, Field(ge=1, le=200)] = 50
    cursor: Cursor | None = None

    @property
    def before(self) -> bytes | None:
        """The id that the page ends before, or `None`."""
        return parse_cursor(self.cursor) if self.cursor else None


class InboundQuery(PageQuery):
    esim_tran_no: Identifier | None = None


@router.get(
    "/inbound",
    response_model=InboundPage,
    tags=["inbound"],
    summary="List what came in, newest first",
)
async def list_inbound(
    which: Annotated[InboundQuery, Query()], account: Caller, services: ServicesDep
) -> Response:
    return await answer_page(
        services,
        account,
        which.limit,
        lambda: _find(services, account.id, which),
        lambda found: _page(found, which),
    )


@router.get(
    "/inbound/{id}",
    tags=["inbound"],
    summary="Show one message that came in, with its octets as they came",
    operation_id="showInbound",
)
async def show_inbound_in_full(
    id: str,  # noqa: A002  as it stands in the path
    account: Caller,
    services: ServicesDep,
) -> InboundDetail:
    return await find_inbound(services, account.id, id)


@router.get(
    "/esims/{esimTranNo}/conversation",
    response_model=Conversation,
    tags=["inbound"],
    summary="Show what an eSIM was sent and what came from it, newest first",
)
async def show_conversation(
    esimTranNo: Identifier,  # noqa: N803  as it stands in the path
    part: Annotated[PageQuery, Query()],
    account: Caller,
    services: ServicesDep,
) -> Response:
    return await answer_page(
        services,
        account,
        part.limit,
        lambda: _find_conversation(services, account.id, esimTranNo, part),
        lambda found: _show_conversation(found, part),
    )


async def conversation_of(
    services: Services, account_id: int, esim_tran_no: str, part: PageQuery
) -> Conversation:
    """One page of an eSIM's conversation. Raises Problem for an unknown eSIM."""
    found = await _find_conversation(services, account_id, esim_tran_no, part)
    return _show_conversation(found, part)


async def _find_conversation(
    services: Services, account_id: int, esim_tran_no: str, part: PageQuery
) -> list[Message | InboundMessage]:
    """At least one entry more than the page shows, where there is one."""
    store = services.store
    if await store.catalogue.find_esim(account_id, esim_tran_no=esim_tran_no, iccid=None) is None:
        raise Problem(404, ProblemCode.NOT_FOUND, "This account has no such eSIM.")
    wanted = part.limit + 1
    sent = await store.log.list_messages(
        account_id, MessageFilter(esim_tran_no=esim_tran_no, before=part.before, limit=wanted)
    )
    came = await store.inbound.list_inbound(
        account_id,
        InboundFilter(esim_tran_no=esim_tran_no, before=part.before, limit=wanted, carried=False),
    )
    return [*sent, *came]


def _show_conversation(found: list[Message | InboundMessage], part: PageQuery) -> Conversation:
    said = sorted(found, key=lambda one: one.id, reverse=True)
    shown = said[: part.limit]
    return Conversation(
        entries=[show_entry(one) for one in shown],
        next=format_cursor(shown[-1].id) if len(said) > part.limit else None,
    )


async def find_inbound(services: Services, account_id: int, inbound_id: str) -> InboundDetail:
    """One inbound message in full. Raises Problem when there is none."""
    key = parse_id(inbound_id)
    found = await services.store.inbound.find_inbound(account_id, key) if key else None
    if found is None:
        raise Problem(404, ProblemCode.NOT_FOUND, "Nothing with this id came in for this account.")
    return show_in_full(found)


async def list_inbound_page(
    services: Services, account_id: int, which: InboundQuery
) -> InboundPage:
    """One page, and the cursor of the next one when there is more."""
    return _page(await _find(services, account_id, which), which)


async def _find(services: Services, account_id: int, which: InboundQuery) -> list[InboundMessage]:
    """What came in, of a page and one more where there is one."""
    return await services.store.inbound.list_inbound(
        account_id,
        InboundFilter(esim_tran_no=which.esim_tran_no, before=which.before, limit=which.limit + 1),
    )


def _page(found: list[InboundMessage], which: InboundQuery) -> InboundPage:
    shown = found[: which.limit]
    return InboundPage(
        inbound=[show_inbound(one) for one in shown],
        next=format_cursor(shown[-1].id) if len(found) > which.limit else None,
    )
