"""POST /v1/messages: send a message, or preview the decision."""

from __future__ import annotations

import hashlib
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Header, Request, Response
from pydantic import Field

from simpost.api.shared.auth import Caller, ServicesDep
from simpost.api.shared.error_messages import Matching
from simpost.api.shared.problems import Problem
from simpost.api.shared.schemas import (
    ReasonDetail,
    ReplacedCharacter,
    Schema,
    Time,
    reason_detail,
    show_replaced,
    show_time,
)
from simpost.api.v1.messages.send_schema import MessageRequest
from simpost.domain.messages import Category, Message, format_id
from simpost.domain.reasons import Reason
from simpost.domain.states import State
from simpost.messaging.decision import Decision, Hold, Refusal, SendPlan
from simpost.messaging.intake import SendRequest, SendResult
from simpost.ports.carrier import CarrierCapabilities
from simpost.text import CostDriver, explain, parse_encoding, segment_octets

STATUS = {
    Reason.ESIM_UNKNOWN: 404,
    Reason.TEXT_BLANK: 422,
    Reason.TEXT_TOO_LONG: 422,
    Reason.TOO_MANY_PARTS: 422,
    Reason.PORTS_NEED_ONE_PART: 422,
    Reason.REQUEST_ID_REUSED: 422,
    Reason.SEND_AT_PASSED: 422,
    Reason.SEND_AT_TOO_FAR: 422,
}
"""The HTTP status of a refusal. All other reasons are 409: the request may succeed later."""

router = APIRouter(prefix="/v1", tags=["messages"])


IdempotencyKey = Annotated[
    str, Matching(r"^[ -~]{1,128}$", "must be 1 to 128 printable ASCII characters")
]


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


class Ucs2Trigger(Schema):
    """A character outside the alphabet of the carrier, usually GSM 7 bit: it requires UCS-2.

    `firstPosition` counts characters from 0.
    """

    character: str
    code_point: str
    name: str
    count: int
    first_position: int
    look_alike: str | None


class Preview(Schema):
    """The decision that sending would get now; nothing is committed and nothing is sent."""

    decision: Literal["send", "hold", "refuse"]
    reason: ReasonDetail | None
    held_until: Time | None
    carrier: str | None
    to: str | None
    sender: str | None = Field(serialization_alias="from")
    category: Category | None
    encoding: str
    part_count: int
    segments: list[str]
    replaced: list[ReplacedCharacter]
    ucs2_triggers: list[Ucs2Trigger]


@router.post(
    "/messages",
    status_code=202,
    response_model=AcceptedMessage,
    summary="Send a message; with dryRun, preview the decision",
    responses={200: {"model": Preview, "description": "The decision of a dry run"}},
)
async def send_message(
    request: Request,
    response: Response,
    send: MessageRequest,
    account: Caller,
    services: ServicesDep,
    idempotency_key: Annotated[IdempotencyKey | None, Header()] = None,
) -> Any:
    """202 means that the message is committed. Sends with one Idempotency-Key send it once."""
    wanted = SendRequest(
        esim_tran_no=send.esim_tran_no,
        iccid=send.iccid,
        text=send.content,
        category=send.category,
        validity_s=send.validity_seconds,
        request_id=idempotency_key,
        fingerprint=await _fingerprint(request) if idempotency_key else b"",
        options=send.options,
        send_at_ms=send.send_at_ms,
    )
    if send.dry_run:
        decision = await services.intake.preview(account, wanted)
        async with services.costs.turn(account):
            preview = await services.costs.work(
                account, lambda: _preview(decision, send).model_dump_json()
            )
        return Response(preview, media_type="application/json")
    result = await services.intake.send(account, wanted)
    if result.message_id is None:
        raise _refused(result)
    if result.plan:
        return _sent(result.message_id, result.plan, result.hold, send.send_at_ms)
    response.headers["Idempotency-Replayed"] = "true"
    message = await services.store.log.find_message(account.id, result.message_id)
    return _replayed(result.message_id, message)


def _sent(
    message_id: bytes, plan: SendPlan, hold: Hold | None, send_at_ms: int | None
) -> AcceptedMessage:
    return AcceptedMessage(
        id=format_id(message_id),
        state=hold.state if hold else State.ACCEPTED,
        send_at=show_time(send_at_ms),
        held_until=show_time(hold.until_ms) if hold else None,
        encoding=plan.encoding,
        part_count=plan.part_count,
        replaced=show_replaced(plan.options.replaced),
    )


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


def _refused(result: SendResult) -> Problem:
    reason = result.reason
    assert reason
    detail = f"{reason.explanation} {result.detail}".strip()
    members = {"remedy": reason.remedy}
    return Problem(STATUS.get(reason, 409), reason, detail, members=members)


def _preview(decision: Decision, send: MessageRequest) -> Preview:
    if not isinstance(decision, Refusal):
        hold = decision if isinstance(decision, Hold) else None
        plan = decision.plan if isinstance(decision, Hold) else decision
        carrier = plan.carrier
        return Preview(
            decision="hold" if hold else "send",
            reason=reason_detail(hold.reason) if hold else None,
            held_until=show_time(hold.until_ms) if hold else None,
            carrier=carrier.name,
            to=plan.destination,
            sender=plan.sender,
            category=plan.category,
            encoding=plan.encoding,
            part_count=plan.part_count,
            segments=list(plan.segments or plan.parts),
            replaced=show_replaced(plan.options.replaced),
            ucs2_triggers=[] if send.text is None else _ucs2_triggers(plan.text, carrier),
        )
    encoding, segments = _cost(send)
    return Preview(
        decision="refuse",
        reason=reason_detail(decision.reason, decision.detail),
        held_until=None,
        carrier=None,
        to=None,
        sender=None,
        category=None,
        encoding=encoding,
        part_count=len(segments),
        segments=list(segments),
        replaced=[],
        ucs2_triggers=_ucs2_triggers(send.text, None),
    )


def _cost(send: MessageRequest) -> tuple[str, tuple[str, ...]]:
    """Encoding and segments of a refused message, for a carrier that takes GSM 7 bit and UCS-2."""
    if send.text is None:
        ports = send.options.ports
        octets = bytes.fromhex(send.content)
        return "binary", segment_octets(octets, ports=ports).parts
    segments = explain(send.text).segments
    return segments.encoding.label, segments.parts


def _ucs2_triggers(text: str | None, carrier: CarrierCapabilities | None) -> list[Ucs2Trigger]:
    """Characters that the default alphabet of the carrier does not have."""
    if text is None:
        return []
    default = parse_encoding(carrier.alphabet if carrier else "gsm7")
    return [_ucs2_trigger(driver) for driver in explain(text, default=default).forced]


def _ucs2_trigger(driver: CostDriver) -> Ucs2Trigger:
    return Ucs2Trigger(
        character=driver.character,
        code_point=driver.code_point,
        name=driver.name,
        count=driver.count,
        first_position=driver.first,
        look_alike=driver.look_alike,
    )


async def _fingerprint(request: Request) -> bytes:
    return hashlib.sha256(request.url.path.encode() + b"\n" + await request.body()).digest()
