"""POST /v1/messages: send a message or a batch of them, or preview the decisions."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Header, Query, Request, Response
from pydantic import Field

from simpost.api.shared.auth import Caller, ServicesDep
from simpost.api.shared.problems import invalid
from simpost.api.shared.schemas import Schema
from simpost.api.shared.services import Services
from simpost.api.v1.messages.body import fingerprint_of, read_body
from simpost.api.v1.messages.content import MessageContents
from simpost.api.v1.messages.preview import Preview, preview_json
from simpost.api.v1.messages.results import AcceptedMessage, accepted_message, refusal_problem
from simpost.api.v1.messages.send_batch import BatchPreview, BatchResult, preview_batch, send_batch
from simpost.api.v1.messages.send_schema import IdempotencyKey
from simpost.domain.accounts import Account
from simpost.messaging.send_request import SendRequest

router = APIRouter(prefix="/v1", tags=["messages"])

_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": {
                    "anyOf": [
                        {"$ref": "#/components/schemas/MessageRequest"},
                        {"$ref": "#/components/schemas/MessageBatch"},
                    ]
                }
            }
        },
    }
}


class SendQuery(Schema):
    """`dryRun` previews the decisions."""

    dry_run: bool = Field(default=False, description="Decide, but commit and send nothing.")


@router.post(
    "/messages",
    status_code=202,
    response_model=AcceptedMessage,
    summary="Send a message or up to 1,000; with dryRun, preview the decisions",
    responses={
        200: {"model": Preview | BatchPreview, "description": "The decisions of a dry run"},
        207: {"model": BatchResult, "description": "The result of each message of a batch"},
    },
    openapi_extra=_BODY,
)
async def send_message(
    request: Request,
    query: Annotated[SendQuery, Query()],
    account: Caller,
    services: ServicesDep,
    idempotency_key: Annotated[IdempotencyKey | None, Header()] = None,
) -> Response:
    """202 means that the message is committed. Sends with one Idempotency-Key send it once.

    A batch is `messages`. Its response is 207, with one result for each message in order.
    """
    given, dry_run = await read_body(request)
    dry_run = dry_run or query.dry_run
    if isinstance(given, list):
        if dry_run:
            return await preview_batch(services, account, given)
        return await send_batch(services, account, request, given, idempotency_key)
    key = _key(given.idempotency_key, idempotency_key)
    fingerprint = await fingerprint_of(request) if key else b""
    wanted = await MessageContents(services, account).request(given, key, fingerprint)
    if dry_run:
        return await _preview(services, account, wanted)
    return await _send(services, account, wanted)


async def _send(services: Services, account: Account, wanted: SendRequest) -> Response:
    result = await services.intake.send(account, wanted)
    if result.message_id is None:
        assert result.reason
        raise refusal_problem(result.reason, result.detail)
    message = await accepted_message(services, account, result, wanted.send_at_ms)
    headers = {"Idempotency-Replayed": "true"} if result.repeated else None
    body = message.model_dump_json(by_alias=True)
    return Response(body, 202, headers, media_type="application/json")


async def _preview(services: Services, account: Account, wanted: SendRequest) -> Response:
    body = await preview_json(services, account, wanted)
    return Response(body, media_type="application/json")


def _key(in_body: str | None, in_header: str | None) -> str | None:
    if in_body and in_header and in_body != in_header:
        raise invalid("idempotencyKey and the Idempotency-Key header differ.")
    return in_body or in_header
