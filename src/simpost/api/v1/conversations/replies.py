"""/v1/conversations/{id}/replies: reply to an eSIM, and replace a reply that waits for its time."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Header, Query, Request, Response

from simpost.api.shared.auth import Caller, ServicesDep
from simpost.api.shared.problems import MEDIA_TYPE, Problem, ProblemCode
from simpost.api.shared.services import Services
from simpost.api.v1.conversations.routes import find_conversation
from simpost.api.v1.conversations.schemas import ReplyRequest
from simpost.api.v1.messages.body import fingerprint_of
from simpost.api.v1.messages.content import MessageContents
from simpost.api.v1.messages.preview import Preview, preview_json
from simpost.api.v1.messages.results import AcceptedMessage, accepted_message, refusal_problem
from simpost.api.v1.messages.send import SendQuery
from simpost.api.v1.messages.send_schema import IdempotencyKey
from simpost.domain.accounts import Account
from simpost.domain.conversations import Conversation
from simpost.domain.messages import Message, parse_id
from simpost.domain.reasons import Reason
from simpost.domain.states import State
from simpost.messaging.send_request import SendRequest, SendResult

router = APIRouter(prefix="/v1", tags=["conversations"])

_NOT_CANCELLABLE = {
    "description": "The reply has left or has ended, and stays as it is",
    "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/NotCancellable"}}},
}


@router.post(
    "/conversations/{id}/replies",
    status_code=202,
    response_model=AcceptedMessage,
    summary="Reply to the eSIM; with dryRun, preview the decision",
    responses={200: {"model": Preview, "description": "The decision of a dry run"}},
)
async def reply(
    id: str,  # noqa: A002
    given: ReplyRequest,
    request: Request,
    query: Annotated[SendQuery, Query()],
    account: Caller,
    services: ServicesDep,
    idempotency_key: Annotated[IdempotencyKey | None, Header()] = None,
) -> Response:
    """A support message. With it the conversation waits for the traveller, and is read."""
    conversation = await find_conversation(services, account, id)
    fingerprint = await fingerprint_of(request) if idempotency_key else b""
    wanted = await _wanted(services, account, conversation, given, idempotency_key, fingerprint)
    if query.dry_run:
        wanted = await services.conversations.as_reply(account, conversation, wanted)
        body = await preview_json(services, account, wanted)
        return Response(body, media_type="application/json")
    result = await services.conversations.reply(account, conversation, wanted)
    return await _accepted(services, account, wanted, result)


@router.put(
    "/conversations/{id}/replies/{messageId}",
    status_code=202,
    response_model=AcceptedMessage,
    summary="Replace a reply that waits for its time",
    responses={409: _NOT_CANCELLABLE},
)
async def replace_reply(
    id: str,  # noqa: A002
    messageId: str,  # noqa: N803  as it stands in the path
    given: ReplyRequest,
    request: Request,
    account: Caller,
    services: ServicesDep,
) -> Response:
    """The reply is cancelled, and the new one is sent or waits, once; 409 if the old one has left.

    It needs no `Idempotency-Key`: the same body again returns the same message. Another body is 409
    then. If the new reply is refused, the old one stays.
    """
    conversation = await find_conversation(services, account, id)
    if (message_id := parse_id(messageId)) is None:
        raise _no_reply()
    wanted = await _wanted(
        services, account, conversation, given, None, await fingerprint_of(request)
    )
    result = await services.conversations.replace_reply(account, conversation, message_id, wanted)
    if result is None:
        raise _no_reply()
    if isinstance(result, Message):
        raise _not_replaceable(
            f"The reply is {result.state}: it can be replaced no more.", result.state
        )
    if result.reason is Reason.REQUEST_ID_REUSED:
        raise _not_replaceable("The reply was replaced by another one.", State.CANCELLED)
    return await _accepted(services, account, wanted, result)


async def _wanted(
    services: Services,
    account: Account,
    conversation: Conversation,
    given: ReplyRequest,
    key: str | None,
    fingerprint: bytes,
) -> SendRequest:
    message = given.message(conversation.esim_tran_no)
    return await MessageContents(services, account).request(message, key, fingerprint)


async def _accepted(
    services: Services, account: Account, wanted: SendRequest, result: SendResult
) -> Response:
    if result.message_id is None:
        assert result.reason
        raise refusal_problem(result.reason, result.detail)
    accepted = await accepted_message(services, account, result, wanted.send_at_ms)
    headers = {"Idempotency-Replayed": "true"} if result.repeated else None
    body = accepted.model_dump_json(by_alias=True)
    return Response(body, 202, headers, media_type="application/json")


def _no_reply() -> Problem:
    return Problem(404, ProblemCode.NOT_FOUND, "This conversation has no such reply.")


def _not_replaceable(detail: str, state: State) -> Problem:
    return Problem(409, ProblemCode.NOT_CANCELLABLE, detail, members={"state": state})
