"""POST /v1/messages: send, or ask what sending would do."""

from __future__ import annotations

import hashlib
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Header, Request, Response
from pydantic import (
    AfterValidator,
    ConfigDict,
    Field,
    JsonValue,
    StrictBool,
    StrictInt,
    StrictStr,
    model_validator,
)

from simpost.api.v1.callers import Caller, Wired
from simpost.api.v1.problems import Problem
from simpost.api.v1.shapes import Shape, Why, why
from simpost.domain.messages import Category, format_id
from simpost.domain.reasons import Reason
from simpost.domain.states import State
from simpost.engine.decision import Refusal, SendPlan
from simpost.engine.intake import Answer, Ask
from simpost.text import Explanation, explain

MAX_CHARACTERS = 5000
MAX_VALIDITY_S = 30 * 86_400

STATUS = {
    Reason.ESIM_UNKNOWN: 404,
    Reason.TEXT_BLANK: 422,
    Reason.TEXT_TOO_LONG: 422,
    Reason.TOO_MANY_PARTS: 422,
    Reason.REQUEST_ID_REUSED: 422,
}
"""The HTTP status of a refusal; every other reason is 409: ask again when it has changed."""

router = APIRouter(prefix="/v1", tags=["messages"])


def _without_nul(text: str) -> str:
    if "\x00" in text:
        raise ValueError("holds a NUL character")
    return text


Identifier = Annotated[StrictStr, Field(pattern=r"^[!-~]{1,64}$")]


def _given(name: str) -> dict[str, JsonValue]:
    return {"required": [name], "properties": {name: {"type": "string"}}}


class Send(Shape):
    """What to send, and to which eSIM: by `esimTranNo`, `iccid` or both."""

    model_config = ConfigDict(json_schema_extra={"anyOf": [_given("esimTranNo"), _given("iccid")]})

    esim_tran_no: Identifier | None = None
    iccid: Identifier | None = None
    text: Annotated[
        StrictStr,
        Field(
            min_length=1,
            max_length=MAX_CHARACTERS,
            json_schema_extra={"pattern": "^[^\\x00]*$"},
        ),
        AfterValidator(_without_nul),
    ]
    category: Category | None = None
    validity_seconds: Annotated[StrictInt, Field(ge=1, le=MAX_VALIDITY_S)] | None = None
    dry_run: StrictBool = False

    @model_validator(mode="after")
    def _names_an_esim(self) -> Send:
        if self.esim_tran_no is None and self.iccid is None:
            raise ValueError("give esimTranNo, iccid or both")
        return self


class Sent(Shape):
    """Committed. The last two are null when an old answer is repeated for a forgotten message."""

    id: str
    state: State
    encoding: str | None
    part_count: int | None


class Forcing(Shape):
    """A character that keeps the text out of plain GSM 7 bit."""

    character: str
    code_point: str
    name: str
    count: int
    first: int
    look_alike: str | None


class Preview(Shape):
    """What sending would do now; nothing is committed and nothing is sent."""

    decision: Literal["send", "refuse"]
    reason: Why | None
    carrier: str | None
    to: str | None
    category: Category | None
    encoding: str
    part_count: int
    segments: list[str]
    forcing: list[Forcing]


@router.post(
    "/messages",
    status_code=202,
    response_model=Sent,
    summary="Send a message, or with dryRun ask what would happen",
    responses={200: {"model": Preview, "description": "The decision of a dry run"}},
)
async def send_message(
    request: Request,
    response: Response,
    send: Send,
    account: Caller,
    services: Wired,
    idempotency_key: Annotated[str | None, Header(pattern=r"^[ -~]{1,128}$")] = None,
) -> Any:
    ask = Ask(
        esim_tran_no=send.esim_tran_no,
        iccid=send.iccid,
        text=send.text,
        category=send.category,
        validity_s=send.validity_seconds,
        request_id=idempotency_key,
        fingerprint=await _fingerprint(request) if idempotency_key else b"",
    )
    if send.dry_run:
        preview = _preview(await services.intake.preview(account, ask), send.text)
        return Response(preview.model_dump_json(), media_type="application/json")
    answer = await services.intake.send(account, ask)
    if answer.message_id is None:
        raise _refused(answer)
    if answer.plan:
        plan = answer.plan
        return _sent(answer.message_id, State.ACCEPTED, plan.encoding, len(plan.parts))
    response.headers["Idempotency-Replayed"] = "true"
    message = await services.store.find_message(account.id, answer.message_id)
    if message is None:
        return _sent(answer.message_id, State.ACCEPTED, None, None)
    return _sent(message.id, message.state, message.encoding, message.part_count)


def _sent(message_id: bytes, state: State, encoding: str | None, part_count: int | None) -> Sent:
    return Sent(id=format_id(message_id), state=state, encoding=encoding, part_count=part_count)


def _refused(answer: Answer) -> Problem:
    reason = answer.reason
    assert reason
    detail = f"{reason.sentence} {answer.detail}".strip()
    members = {"remedy": reason.remedy}
    return Problem(STATUS.get(reason, 409), reason, detail, members=members)


def _preview(decision: SendPlan | Refusal, text: str) -> Preview:
    if isinstance(decision, Refusal):
        return Preview(
            decision="refuse",
            reason=why(decision.reason, decision.detail),
            carrier=None,
            to=None,
            category=None,
            **_cost(explain(text)),
        )
    carrier = decision.carrier
    bits: Literal[8, 16] = 8 if carrier.reference_bits == 8 else 16
    return Preview(
        decision="send",
        reason=None,
        carrier=carrier.name,
        to=decision.destination,
        category=decision.category,
        **_cost(explain(text, reference_bits=bits, languages=carrier.languages)),
    )


def _cost(explanation: Explanation) -> dict[str, Any]:
    segments = explanation.segments
    return {
        "encoding": segments.encoding.label,
        "part_count": len(segments.parts),
        "segments": list(segments.parts),
        "forcing": [
            Forcing(
                character=driver.character,
                code_point=driver.code_point,
                name=driver.name,
                count=driver.count,
                first=driver.first,
                look_alike=driver.look_alike,
            )
            for driver in explanation.forced
        ],
    }


async def _fingerprint(request: Request) -> bytes:
    return hashlib.sha256(request.url.path.encode() + b"\n" + await request.body()).digest()
