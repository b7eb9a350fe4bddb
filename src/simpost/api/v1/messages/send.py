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
from simpost.api.shared.ucs2_triggers import Ucs2Trigger, show_ucs2_triggers
from simpost.api.v1.messages.content import message_content
from simpost.api.v1.messages.send_schema import MessageRequest
from simpost.api.v1.templates.fields import TemplateRefOut, show_template_ref
from simpost.domain.messages import Category, Message, format_id
from simpost.domain.reasons import Reason
from simpost.domain.states import State
from simpost.messaging.decision import Decision, Hold, Refusal, SendPlan
from simpost.messaging.intake import SendRequest
from simpost.ports.carrier import CarrierCapabilities
from simpost.text import explain, parse_encoding, segment_octets

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
    template: TemplateRefOut | None


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
    content = await message_content(services, account, send)
    wanted = SendRequest(
        esim_tran_no=send.esim_tran_no,
        iccid=send.iccid,
        text=content.text,
        category=send.category,
        validity_s=send.validity_seconds,
        request_id=idempotency_key,
        fingerprint=await _fingerprint(request) if idempotency_key else b"",
        options=content.options,
        send_at_ms=send.send_at_ms,
        refusal=content.refusal,
    )
    if send.dry_run:
        decision = await services.intake.preview(account, wanted)
        async with services.costs.turn(account):
            preview = await services.costs.work(
                account, lambda: _preview(decision, wanted).model_dump_json()
            )
        return Response(preview, media_type="application/json")
    result = await services.intake.send(account, wanted)
    if result.message_id is None:
        assert result.reason
        raise refusal_problem(result.reason, result.detail)
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


def refusal_problem(reason: Reason, detail: str) -> Problem:
    """The response to a message that was refused."""
    whole = f"{reason.explanation} {detail}".strip()
    return Problem(STATUS.get(reason, 409), reason, whole, members={"remedy": reason.remedy})


def _preview(decision: Decision, wanted: SendRequest) -> Preview:
    is_binary, source = wanted.options.binary, show_template_ref(wanted.options.template)
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
            ucs2_triggers=[] if is_binary else _ucs2_triggers(plan.text, carrier),
            template=source,
        )
    encoding, segments = ("gsm7", ()) if wanted.refusal else _cost(wanted)
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
        ucs2_triggers=[] if is_binary else _ucs2_triggers(wanted.text, None),
        template=source,
    )


def _cost(wanted: SendRequest) -> tuple[str, tuple[str, ...]]:
    """Encoding and segments of a refused message, for a carrier that takes GSM 7 bit and UCS-2."""
    if wanted.options.binary:
        ports = wanted.options.ports
        octets = bytes.fromhex(wanted.text)
        return "binary", segment_octets(octets, ports=ports).parts
    segments = explain(wanted.text).segments
    return segments.encoding.label, segments.parts


def _ucs2_triggers(text: str, carrier: CarrierCapabilities | None) -> list[Ucs2Trigger]:
    """Characters that the default alphabet of the carrier does not have."""
    default = parse_encoding(carrier.alphabet if carrier else "gsm7")
    return show_ucs2_triggers(explain(text, default=default))


async def _fingerprint(request: Request) -> bytes:
    return hashlib.sha256(request.url.path.encode() + b"\n" + await request.body()).digest()
