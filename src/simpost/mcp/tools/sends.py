"""Preview, preparation and sending of a message.

`send_message` has neither a recipient nor a text: it sends what `prepare_message` showed, once. A
repeated call with the same token is the same request to the gateway, and has the same result.
"""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

import msgspec
from msgspec import Meta

from simpost.mcp.confirmations import LIFE_S, TOKEN_PATTERN, Prepared
from simpost.mcp.gateway import GatewayRefusal, GatewayUnreachable, Sending
from simpost.mcp.quotations import Quoted, quote, word
from simpost.mcp.tools.messages import ReasonResult, show_reason
from simpost.mcp.tools.tool import (
    Arguments,
    EsimTranNo,
    Result,
    TemplateName,
    Tool,
    ToolContext,
    ToolRefusal,
)
from simpost.text.display import visible

Text = Annotated[str, Meta(min_length=1, max_length=5_000, description="Text of the message.")]
Values = Annotated[
    dict[
        Annotated[str, Meta(pattern=r"^[A-Za-z][A-Za-z0-9_]{0,31}$")],
        Annotated[str, Meta(max_length=1_000)] | Annotated[int, Meta(ge=-(10**15), le=10**15)],
    ],
    Meta(max_length=50, description="Values of the variables of the template, by name."),
]
Language = Annotated[
    str, Meta(pattern=r"^[A-Za-z0-9-]{2,35}$", description="Such as en, pt-BR or zh-Hant.")
]
CategoryName = Literal["service", "support", "notice", "promotion"]
ConfirmToken = Annotated[
    str,
    Meta(
        pattern=TOKEN_PATTERN, description="confirmToken of prepare_message; valid for 10 minutes."
    ),
]
_ACCEPTED: Final = (
    "Accepted, not delivered: the carrier and the handset have not answered yet. Ask later with "
    "look_up_message."
)
_MAX_ASKED: Final = 1_000


class DryRunArguments(Arguments, frozen=True):
    """A message: `text`, or `template` with `values`."""

    esim_tran_no: EsimTranNo
    category: CategoryName
    text: Text | None = None
    template: TemplateName | None = None
    values: Values | None = None
    language: Language | None = None


class SendArguments(Arguments, frozen=True):
    """The token: recipient and text are those that were prepared."""

    confirm_token: ConfirmToken


class RuleResult(Result, frozen=True):
    """What one rule said."""

    rule: str | None
    verdict: str | None


class DryRunResult(Result, frozen=True):
    """What sending would do now. Nothing was sent."""

    decision: str | None
    reason: ReasonResult | None
    held_until: str | None
    carrier: str | None
    encoding: str | None
    part_count: int
    text: Quoted | None
    rules: list[RuleResult]


class PrepareResult(Result, frozen=True):
    """`confirmToken` sends exactly this once with send_message; null: it would be refused."""

    confirm_token: str | None
    valid_seconds: int
    esim_tran_no: str
    category: str
    preview: DryRunResult


class SentResult(Result, frozen=True):
    """`wasSentBefore`: the token had been used; nothing was sent again."""

    message_id: str | None
    state: str | None
    held_until: str | None
    was_sent_before: bool
    note: str


async def _dry_run(context: ToolContext, given: DryRunArguments) -> DryRunResult:
    return _shown(await _preview(context, _request(given)))


async def _prepare(context: ToolContext, given: DryRunArguments) -> PrepareResult:
    request = _request(given)
    _check_allowed(context.access.sending, request)
    found = await _preview(context, request)
    token = None
    if found["decision"] != "refuse":
        if found["template"]:
            # A template that changes before the send must not change what was shown.
            pinned = found["template"]
            request |= {"templateVersion": pinned["version"], "language": pinned["language"]}
        text = "".join(found["segments"])
        token = context.confirmations.add(context.principal, request, text)
    return PrepareResult(token, LIFE_S, given.esim_tran_no, given.category, _shown(found))


async def _send(context: ToolContext, given: SendArguments) -> SentResult:
    token = given.confirm_token
    prepared = context.confirmations.find(context.principal, token)
    if prepared is None:
        raise ToolRefusal(
            "This token is unknown, has expired or belongs to another session. Nothing was sent: "
            "call prepare_message again."
        )
    if prepared.result is not None:
        return _sent(prepared.result, was_sent_before=True)
    _check_allowed(context.access.sending, prepared.request)
    if not prepared.is_confirmed:
        await _confirm(context, prepared, token)
    try:
        sent = await context.post(
            "/v1/messages", dict(prepared.request), request_id=prepared.request_id
        )
    except GatewayUnreachable as error:
        raise ToolRefusal(
            f"{error} Call send_message with the same token: it is sent once at most."
        ) from None
    except GatewayRefusal as error:
        if error.status < 500 and error.status != 429:
            context.confirmations.drop(token)
        raise
    prepared.result = sent
    return _sent(sent, was_sent_before=False)


async def _confirm(context: ToolContext, prepared: Prepared, token: str) -> None:
    """Ask the person, if the client can. Raises ToolRefusal unless they agree."""
    request = prepared.request
    text = visible(prepared.shown)[:_MAX_ASKED]
    question = f"Send this {request['category']} message to eSIM {request['esimTranNo']}?\n\n{text}"
    answer = await context.ask_person(question)
    if answer is False:
        context.confirmations.drop(token)
        raise ToolRefusal("The person did not agree. Nothing was sent, and the token has ended.")
    prepared.is_confirmed = True


def _request(given: DryRunArguments) -> dict[str, Any]:
    if (given.text is None) == (given.template is None):
        raise ToolRefusal("Give one of text and template.")
    if given.template is None and (given.values is not None or given.language is not None):
        raise ToolRefusal("values and language need template.")
    request = msgspec.to_builtins(given)
    return {name: value for name, value in request.items() if value is not None}


def _check_allowed(sending: Sending | None, request: Any) -> None:
    """Raise ToolRefusal unless the allow-list of the account has all of it."""
    if sending is None:
        raise ToolRefusal("Sending by MCP is not switched on for this account.")
    if not {"*", request["esimTranNo"]} & sending.recipients:
        raise ToolRefusal("This eSIM is not on the list of recipients that MCP may send to.")
    if request["category"] not in sending.categories:
        raise ToolRefusal("This category is not on the list of those that MCP may send.")
    template = request.get("template")
    if template is None and not sending.free_text:
        raise ToolRefusal("Only messages of a template may be sent by MCP, no free text.")
    if template is not None and not {"*", template} & sending.templates:
        raise ToolRefusal("This template is not on the list of those that MCP may send.")


async def _preview(context: ToolContext, request: dict[str, Any]) -> Any:
    return await context.post("/v1/messages", {**request, "dryRun": True})


def _shown(found: Any) -> DryRunResult:
    return DryRunResult(
        decision=word(found["decision"]),
        reason=show_reason(found["reason"]),
        held_until=word(found["heldUntil"]),
        carrier=word(found["carrier"]),
        encoding=word(found["encoding"]),
        part_count=found["partCount"],
        text=quote("".join(found["segments"]), "account"),
        rules=[RuleResult(word(each["rule"]), word(each["verdict"])) for each in found["rules"]],
    )


def _sent(found: Any, *, was_sent_before: bool) -> SentResult:
    return SentResult(
        message_id=word(found["id"]),
        state=word(found["state"]),
        held_until=word(found["heldUntil"]),
        was_sent_before=was_sent_before,
        note=_ACCEPTED,
    )


TOOLS = (
    Tool(
        name="dry_run",
        title="Preview a message",
        description="Shows whether a message would be sent, held or refused now, the rules that "
        "say so, the text and its parts. Nothing is sent.",
        arguments=DryRunArguments,
        result=DryRunResult,
        run=_dry_run,
        scope="messages:write",
    ),
    Tool(
        name="prepare_message",
        title="Prepare a message",
        description="Previews a message and returns a token with which send_message sends exactly "
        "this text to this eSIM, once. Show recipient and text to the person you work for, and "
        "send only when they agree. Nothing is sent yet.",
        arguments=DryRunArguments,
        result=PrepareResult,
        run=_prepare,
        scope="messages:write",
        sends=True,
        is_read_only=False,
        is_idempotent=False,
    ),
    Tool(
        name="send_message",
        title="Send a prepared message",
        description="Sends the message of a token. It cannot be taken back. A repeated call with "
        "the same token sends nothing again. Accepted is not delivered.",
        arguments=SendArguments,
        result=SentResult,
        run=_send,
        scope="messages:write",
        sends=True,
        is_read_only=False,
        is_destructive=True,
        is_open_world=True,
    ),
)
