"""Look-up of messages and refusals."""

from __future__ import annotations

from typing import Any, Literal

from simpost.mcp.gateway import in_path
from simpost.mcp.quotations import Quoted, quote, word
from simpost.mcp.tools.tool import (
    DEFAULT_LIMIT,
    Arguments,
    EsimTranNo,
    Limit,
    ObjectId,
    Result,
    Tool,
    ToolContext,
)

StateName = Literal[
    "accepted",
    "scheduled",
    "held",
    "sending",
    "in_doubt",
    "sent",
    "delivered",
    "failed",
    "expired",
    "rejected",
    "cancelled",
]


class MessageArguments(Arguments, frozen=True):
    """The message."""

    message_id: ObjectId


class MessagesArguments(Arguments, frozen=True):
    """Filters; without them the newest messages of the account."""

    esim_tran_no: EsimTranNo | None = None
    state: StateName | None = None
    limit: Limit = DEFAULT_LIMIT


class RefusalsArguments(Arguments, frozen=True):
    """Filters; without them the newest refusals of the account."""

    esim_tran_no: EsimTranNo | None = None
    limit: Limit = DEFAULT_LIMIT


class ReasonResult(Result, frozen=True):
    """A reason, and what to do; `detail` may repeat words of the text or of a network."""

    code: str | None
    explanation: str
    remedy: str
    detail: Quoted | None


class MessageSummary(Result, frozen=True):
    """A message; `text` is null for one-time codes and for texts that were erased."""

    id: str | None
    state: str | None
    reason: ReasonResult | None
    esim_tran_no: str | None
    category: str | None
    text: Quoted | None
    text_absence: str | None
    template: str | None
    part_count: int
    created_at: str | None
    updated_at: str | None
    held_until: str | None


class PartResult(Result, frozen=True):
    """One part of a message."""

    number: int
    state: str | None
    carrier: str | None
    meaning: str | None
    attempts: int
    sent_at: str | None
    final_at: str | None


class MessageResult(Result, frozen=True):
    """A message with its parts. `sent` without a receipt may be all that is ever known."""

    message: MessageSummary
    parts: list[PartResult]
    waiting_for_carrier: str | None


class MessagesResult(Result, frozen=True):
    """Newest first; `hasMore`: there are older ones."""

    messages: list[MessageSummary]
    has_more: bool


class RefusalResult(Result, frozen=True):
    """A text that was refused and never became a message."""

    refused_at: str | None
    esim_tran_no: str | None
    reason: ReasonResult | None


class RefusalsResult(Result, frozen=True):
    """Newest first; `hasMore`: there are older ones."""

    refusals: list[RefusalResult]
    has_more: bool


def show_reason(found: dict[str, Any] | None) -> ReasonResult | None:
    """A reason of the API, with its detail as a quotation."""
    if found is None:
        return None
    return ReasonResult(
        code=word(found["code"]),
        explanation=found["explanation"],
        remedy=found["remedy"],
        detail=quote(found.get("detail"), "account"),
    )


def _summary(found: dict[str, Any]) -> MessageSummary:
    template = found["template"]
    return MessageSummary(
        id=word(found["id"]),
        state=word(found["state"]),
        reason=show_reason(found["reason"]),
        esim_tran_no=word(found["esimTranNo"]),
        category=word(found["category"]),
        text=None if found["category"] == "code" else quote(found["text"], "account"),
        text_absence=word(found["textAbsence"]),
        template=word(template["name"]) if template else None,
        part_count=found["partCount"],
        created_at=word(found["createdAt"]),
        updated_at=word(found["updatedAt"]),
        held_until=word(found["heldUntil"]),
    )


async def _look_up(context: ToolContext, given: MessageArguments) -> MessageResult:
    found = await context.get(f"/v1/messages/{in_path(given.message_id)}")
    waiting = found["waitingFor"]
    return MessageResult(
        message=_summary(found),
        parts=[
            PartResult(
                number=part["number"],
                state=word(part["state"]),
                carrier=word(part["carrier"] or None),
                meaning=part["carrierCodeMeaning"],
                attempts=part["attempts"],
                sent_at=word(part["sentAt"]),
                final_at=word(part["finalAt"]),
            )
            for part in found["parts"]
        ],
        waiting_for_carrier=word(waiting["state"]) if waiting else None,
    )


async def _list(context: ToolContext, given: MessagesArguments) -> MessagesResult:
    found = await context.get(
        "/v1/messages", esimTranNo=given.esim_tran_no, state=given.state, limit=given.limit
    )
    return MessagesResult([_summary(each) for each in found["messages"]], found["next"] is not None)


async def _list_refusals(context: ToolContext, given: RefusalsArguments) -> RefusalsResult:
    found = await context.get("/v1/refusals", esimTranNo=given.esim_tran_no, limit=given.limit)
    refusals = [
        RefusalResult(
            refused_at=word(each["refusedAt"]),
            esim_tran_no=word(each["esimTranNo"]),
            reason=show_reason(each["reason"]),
        )
        for each in found["refusals"]
    ]
    return RefusalsResult(refusals, found["next"] is not None)


TOOLS = (
    Tool(
        name="look_up_message",
        title="Look up a message",
        description="Shows the state of a message, the reason for it, and its parts. `sent` means "
        "that the carrier took it, `delivered` that the handset has it.",
        arguments=MessageArguments,
        result=MessageResult,
        run=_look_up,
        scope="messages:read",
    ),
    Tool(
        name="list_messages",
        title="List messages",
        description="Lists messages to an eSIM, or in a state, newest first.",
        arguments=MessagesArguments,
        result=MessagesResult,
        run=_list,
        scope="messages:read",
    ),
    Tool(
        name="list_refusals",
        title="List refusals",
        description="Lists texts that were refused and never became messages, with the reasons.",
        arguments=RefusalsArguments,
        result=RefusalsResult,
        run=_list_refusals,
        scope="messages:read",
    ),
)
