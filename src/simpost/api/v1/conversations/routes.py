"""/v1/conversations: list, begin, change, answer and annotate."""

from __future__ import annotations

from typing import Annotated

import msgspec
from fastapi import APIRouter, Query, Response

from simpost.api.shared.auth import Caller, ServicesDep
from simpost.api.shared.paging import PageQuery, answer_page, cut_page, format_cursor
from simpost.api.shared.problems import Problem, ProblemCode
from simpost.api.shared.services import Services
from simpost.api.v1.conversations.schemas import (
    ConversationOut,
    ConversationPage,
    ConversationPatch,
    ConversationQuery,
    ConversationStart,
    NoteOut,
    NotePage,
    NoteRequest,
    show_conversation,
    show_note,
)
from simpost.api.v1.inbound.routes import conversation_page, search_conversation
from simpost.api.v1.inbound.schemas import ConversationEntries
from simpost.api.v1.messages.results import refusal_problem
from simpost.domain.accounts import Account
from simpost.domain.conversations import Conversation, Note
from simpost.domain.messages import parse_id
from simpost.errors import ConversationExists, UnknownConversation
from simpost.messaging.plan import Refusal

router = APIRouter(prefix="/v1", tags=["conversations"])


@router.get(
    "/conversations",
    response_model=ConversationPage,
    summary="List conversations, newest first",
)
async def list_conversations(
    query: Annotated[ConversationQuery, Query()], account: Caller, services: ServicesDep
) -> Response:
    """An eSIM has one thread; a conversation is an episode of it.

    With `search`, a page may have few or no conversations and still a `next`.
    """
    if query.search is not None:
        page = await find_page(services, account, query)
        return Response(page.model_dump_json(by_alias=True), media_type="application/json")
    return await answer_page(
        services,
        account,
        query.limit,
        lambda: services.store.conversations.list_conversations(account.id, query.filter),
        lambda found: _page(found, query),
    )


@router.post(
    "/conversations",
    status_code=201,
    response_model=ConversationOut,
    summary="Begin a conversation with an eSIM",
    responses={200: {"model": ConversationOut, "description": "The eSIM has one already"}},
)
async def begin_conversation(
    given: ConversationStart, account: Caller, services: ServicesDep
) -> Response:
    """Nothing is sent yet. An eSIM has one conversation at a time that is not closed."""
    esim_tran_no = given.esim_tran_no
    if given.order_no is not None:
        esim_tran_no = await services.conversations.esim_of_order(account, given.order_no)
        if esim_tran_no is None:
            detail = "This account has no order with this number and exactly one eSIM."
            raise Problem(404, ProblemCode.NOT_FOUND, detail)
    begun = await services.conversations.begin(account, esim_tran_no, given.iccid, given.msisdn)
    if isinstance(begun, Refusal):
        raise refusal_problem(begun.reason, begun.detail)
    conversation, is_new = begun
    body = show_conversation(conversation).model_dump_json(by_alias=True)
    return Response(body, 201 if is_new else 200, media_type="application/json")


@router.get("/conversations/{id}", summary="Show a conversation", operation_id="findConversation")
async def get_conversation(
    id: str,  # noqa: A002
    account: Caller,
    services: ServicesDep,
) -> ConversationOut:
    """Its texts are its entries."""
    return show_conversation(await find_conversation(services, account, id))


@router.patch("/conversations/{id}", summary="Assign, tag, close or reopen a conversation")
async def change_conversation(
    id: str,  # noqa: A002
    given: ConversationPatch,
    account: Caller,
    services: ServicesDep,
) -> ConversationOut:
    """409 if it would be the second one of its eSIM that is not closed."""
    try:
        changed = await services.conversations.change(account, _key(id), given.change)
    except ConversationExists as error:
        raise Problem(409, ProblemCode.CONVERSATION_EXISTS, str(error)) from None
    return show_conversation(changed)


@router.get(
    "/conversations/{id}/entries",
    response_model=ConversationEntries,
    summary="Show the texts of the eSIM of a conversation, newest first",
)
async def list_entries(
    id: str,  # noqa: A002
    query: Annotated[PageQuery, Query()],
    account: Caller,
    services: ServicesDep,
) -> Response:
    """The whole thread of the eSIM in both directions, each text with its state and reason."""
    conversation = await find_conversation(services, account, id)
    return await answer_page(
        services,
        account,
        query.limit,
        lambda: search_conversation(services, account.id, conversation.esim_tran_no, query),
        lambda found: conversation_page(found, query),
    )


@router.post("/conversations/{id}/notes", status_code=201, summary="Add a private note")
async def add_note(
    id: str,  # noqa: A002
    given: NoteRequest,
    account: Caller,
    services: ServicesDep,
) -> NoteOut:
    """The traveller never sees it."""
    key = _key(id)
    return show_note(await services.conversations.add_note(account, key, given.author, given.text))


@router.get(
    "/conversations/{id}/notes",
    response_model=NotePage,
    summary="List private notes, newest first",
)
async def list_notes(
    id: str,  # noqa: A002
    query: Annotated[PageQuery, Query()],
    account: Caller,
    services: ServicesDep,
) -> Response:
    """The last 500 notes are kept."""
    conversation = await find_conversation(services, account, id)
    return await answer_page(
        services,
        account,
        query.limit,
        lambda: services.store.conversations.list_notes(
            account.id, conversation.id, before=query.before, limit=query.look_ahead
        ),
        lambda found: _notes(found, query),
    )


async def find_page(
    services: Services, account: Account, query: ConversationQuery
) -> ConversationPage:
    """A page of the list. A search is an expensive call: raises Overdrawn, and StoreError."""
    if query.search is None:
        found = await services.store.conversations.list_conversations(account.id, query.filter)
        return _page(found, query)
    which = msgspec.structs.replace(query.filter, limit=query.limit)
    async with services.costs.turn(account):
        done = await services.conversations.search(account, which, query.search)
        services.costs.charge_octets(account, done.characters)
    return ConversationPage(
        conversations=[show_conversation(each) for each in done.found],
        next=format_cursor(done.last_id) if done.last_id else None,
    )


async def find_conversation(
    services: Services, account: Account, conversation_id: str
) -> Conversation:
    """One of the account's conversations. Raises UnknownConversation and StoreError."""
    return await services.conversations.find(account, _key(conversation_id))


def _key(conversation_id: str) -> bytes:
    key = parse_id(conversation_id)
    if key is None:
        raise UnknownConversation
    return key


def _page(found: list[Conversation], query: ConversationQuery) -> ConversationPage:
    rows, cursor = cut_page(found, query)
    return ConversationPage(conversations=[show_conversation(row) for row in rows], next=cursor)


def _notes(found: list[Note], query: PageQuery) -> NotePage:
    rows, cursor = cut_page(found, query)
    return NotePage(notes=[show_note(row) for row in rows], next=cursor)
