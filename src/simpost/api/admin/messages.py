"""Messages of any account: the log, one message, the conversation of an eSIM."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query

from simpost.api.admin.accounts import AccessCode, find_account
from simpost.api.shared.auth import ServicesDep, admit_admin
from simpost.api.shared.problems import Problem, ProblemCode, invalid
from simpost.api.v1.inbound.routes import PageQuery, conversation_of
from simpost.api.v1.inbound.schemas import Conversation
from simpost.api.v1.messages.message_log import MessageQuery, list_page, message_detail
from simpost.api.v1.messages.refusals import RefusalPage, RefusalQuery, list_refusal_page
from simpost.api.v1.messages.schemas import MessageDetail, MessagePage
from simpost.api.v1.messages.send_schema import Identifier
from simpost.domain.messages import parse_id

router = APIRouter(prefix="/v1/admin", tags=["admin"], dependencies=[Depends(admit_admin)])


class AdminMessageQuery(MessageQuery):
    """Of one account, or of the one whose eSIM has the number `msisdn`."""

    account: AccessCode | None = None


class AdminRefusalQuery(RefusalQuery):
    account: AccessCode


@router.get("/messages", summary="List the messages of an account, newest first")
async def list_messages(
    which: Annotated[AdminMessageQuery, Query()], services: ServicesDep
) -> MessagePage:
    if which.account:
        account_id = (await find_account(services, which.account)).id
    elif which.msisdn:
        found = await services.store.inbound.find_number(which.msisdn)
        if found is None:
            return MessagePage(messages=[], next=None)
        account_id = found.account_id
    else:
        raise invalid("Give account, msisdn or both.")
    return await list_page(services, account_id, which)


@router.get("/messages/{id}", summary="Show one message of any account in full")
async def show_message(id: str, services: ServicesDep) -> MessageDetail:  # noqa: A002
    message_id = parse_id(id)
    owner = message_id and await services.store.log.find_owner(message_id)
    message = message_id and owner and await services.store.log.find_message(owner, message_id)
    if not message:
        raise Problem(404, ProblemCode.NOT_FOUND, "No account has such a message.")
    account = services.accounts.by_id(message.account_id)
    return await message_detail(
        services, message, account.access_code if account else "", for_admin=True
    )


@router.get(
    "/accounts/{accessCode}/esims/{esimTranNo}/conversation",
    summary="Show what an eSIM of an account was sent and what came from it, newest first",
)
async def show_conversation(
    accessCode: str,  # noqa: N803  as it stands in the path
    esimTranNo: Identifier,  # noqa: N803
    part: Annotated[PageQuery, Query()],
    services: ServicesDep,
) -> Conversation:
    account = await find_account(services, accessCode)
    return await conversation_of(services, account.id, esimTranNo, part)


@router.get("/refusals", summary="List the refused texts of an account, newest first")
async def list_refusals(
    which: Annotated[AdminRefusalQuery, Query()], services: ServicesDep
) -> RefusalPage:
    account_id = (await find_account(services, which.account)).id
    return await list_refusal_page(services, account_id, which)
