"""What became of a message that was given to be sent: accepted or refused."""

from __future__ import annotations

from typing import Any

from simpost.api.shared.problems import Problem
from simpost.api.shared.schemas import ReplacedCharacter, Schema, Time, show_replaced, show_time
from simpost.api.shared.services import Services
from simpost.domain.accounts import Account
from simpost.domain.messages import Message, format_id
from simpost.domain.reasons import Reason
from simpost.domain.states import State
from simpost.messaging.decision import Hold
from simpost.messaging.plan import SendPlan
from simpost.messaging.send_request import SendResult

STATUS = {
    Reason.ESIM_UNKNOWN: 404,
    Reason.TEXT_BLANK: 422,
    Reason.TEXT_TOO_LONG: 422,
    Reason.TOO_MANY_PARTS: 422,
    Reason.TEMPLATE_UNKNOWN: 404,
    Reason.TEMPLATE_VALUE_MISSING: 422,
    Reason.TEMPLATE_VALUE_INVALID: 422,
    Reason.PORTS_NEED_ONE_PART: 422,
    Reason.REQUEST_ID_REUSED: 422,
    Reason.SEND_AT_PASSED: 422,
    Reason.SEND_AT_TOO_FAR: 422,
    Reason.EXPIRES_AT_PASSED: 422,
    Reason.EXPIRES_AT_TOO_FAR: 422,
    Reason.EXPIRES_BEFORE_SEND_AT: 422,
    Reason.CODE_WAIT: 429,
    Reason.CODE_BUDGET_REACHED: 429,
}
"""The HTTP status of a refusal. All other reasons are 409: the request may succeed later."""


class AcceptedMessage(Schema):
    """The message is committed.

    `sendAt` is the requested time; `heldUntil` is the time at which a scheduled or held message is
    decided again. A replay for a message that is no longer in the log has null fields.
    """

    id: str
    state: State
    send_at: Time | None
    held_until: Time | None
    encoding: str | None
    part_count: int | None
    replaced: list[ReplacedCharacter]


def sent_document(
    message_id: bytes, plan: SendPlan, hold: Hold | None, send_at_ms: int | None
) -> dict[str, Any]:
    """An `AcceptedMessage` as JSON, made without the schema: once for each message of a batch."""
    replaced = plan.options.replaced
    return {
        "id": format_id(message_id),
        "state": hold.state if hold else State.ACCEPTED,
        "sendAt": show_time(send_at_ms),
        "heldUntil": show_time(hold.until_ms) if hold else None,
        "encoding": plan.encoding,
        "partCount": plan.part_count,
        "replaced": [each.model_dump(by_alias=True) for each in show_replaced(replaced)],
    }


def _replayed(message_id: bytes, message: Message | None) -> AcceptedMessage:
    """The response to a replay; `message` is `None` when it is not in the log any more."""
    if message is None:
        return AcceptedMessage(
            id=format_id(message_id),
            state=State.ACCEPTED,
            send_at=None,
            held_until=None,
            encoding=None,
            part_count=None,
            replaced=[],
        )
    return AcceptedMessage(
        id=format_id(message.id),
        state=message.state,
        send_at=show_time(message.send_at_ms),
        held_until=show_time(message.held_until_ms),
        encoding=message.encoding,
        part_count=message.part_count,
        replaced=show_replaced(message.options.replaced),
    )


async def accepted_message(
    services: Services, account: Account, result: SendResult, send_at_ms: int | None
) -> AcceptedMessage:
    """The message of a result that has one; read from the log if the request was repeated."""
    assert result.message_id
    if result.plan:
        return AcceptedMessage.model_validate(
            sent_document(result.message_id, result.plan, result.hold, send_at_ms)
        )
    return _replayed(
        result.message_id, await services.store.log.find_message(account.id, result.message_id)
    )


def refusal_problem(reason: Reason, detail: str) -> Problem:
    """The response to a message that was refused."""
    whole = f"{reason.explanation} {detail}".strip()
    return Problem(STATUS.get(reason, 409), reason, whole, members={"remedy": reason.remedy})
