"""DELETE /v1/messages/{id}: cancel a message that was not sent yet."""

from __future__ import annotations

from fastapi import APIRouter

from simpost.api.shared.auth import Caller, ServicesDep
from simpost.api.shared.problems import MEDIA_TYPE, Problem, ProblemCode
from simpost.api.v1.messages.message_log import message_detail
from simpost.api.v1.messages.schemas import MessageDetail
from simpost.domain.messages import parse_id
from simpost.domain.states import State

router = APIRouter(prefix="/v1", tags=["messages"])

_NOT_CANCELLABLE = {
    "description": "The message has left or has ended, and stays as it is",
    "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/NotCancellable"}}},
}


@router.delete(
    "/messages/{id}",
    summary="Cancel a message that was not sent yet",
    responses={409: _NOT_CANCELLABLE},
)
async def cancel_message(id: str, account: Caller, services: ServicesDep) -> MessageDetail:  # noqa: A002
    """Works for scheduled, held and queued messages; 409 with the state otherwise."""
    message_id = parse_id(id)
    message = message_id and await services.intake.cancel(account, message_id)
    if not message:
        raise Problem(404, ProblemCode.NOT_FOUND, "This account has no such message.")
    if message.state is not State.CANCELLED:
        raise Problem(
            409,
            ProblemCode.NOT_CANCELLABLE,
            f"The message is {message.state}: only an unsent message can be cancelled.",
            members={"state": message.state},
        )
    return await message_detail(services, message, account.access_code)
