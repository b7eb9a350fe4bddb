"""Verifications: what became of one-time codes. No tool starts or checks one.

A code that a model reads or types is in the log of its client: only the recipient may have it.
"""

from __future__ import annotations

from typing import Any

from simpost.mcp.gateway import in_path
from simpost.mcp.quotations import word
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


class VerificationArguments(Arguments, frozen=True):
    """The verification."""

    verification_id: ObjectId


class VerificationsArguments(Arguments, frozen=True):
    """The eSIM; without it the newest verifications of the account."""

    esim_tran_no: EsimTranNo | None = None
    limit: Limit = DEFAULT_LIMIT


class VerificationResult(Result, frozen=True):
    """A verification without its code; `messageId` is the message of the latest send."""

    id: str | None
    esim_tran_no: str | None
    purpose: str | None
    state: str | None
    sends: int
    checks_left: int
    created_at: str | None
    expires_at: str | None
    resend_at: str | None
    ended_at: str | None
    message_id: str | None


class VerificationsResult(Result, frozen=True):
    """Newest first; `hasMore`: there are older ones."""

    verifications: list[VerificationResult]
    has_more: bool


def _shown(found: dict[str, Any]) -> VerificationResult:
    return VerificationResult(
        id=word(found["id"]),
        esim_tran_no=word(found["esimTranNo"]),
        purpose=word(found["purpose"]),
        state=word(found["state"]),
        sends=found["sends"],
        checks_left=found["checksLeft"],
        created_at=word(found["createdAt"]),
        expires_at=word(found["expiresAt"]),
        resend_at=word(found["resendAt"]),
        ended_at=word(found["endedAt"]),
        message_id=word(found["messageId"]),
    )


async def _look_up(context: ToolContext, given: VerificationArguments) -> VerificationResult:
    return _shown(await context.get(f"/v1/verifications/{in_path(given.verification_id)}"))


async def _list(context: ToolContext, given: VerificationsArguments) -> VerificationsResult:
    found = await context.get("/v1/verifications", esimTranNo=given.esim_tran_no, limit=given.limit)
    rows = [_shown(each) for each in found["verifications"]]
    return VerificationsResult(rows, found["next"] is not None)


TOOLS = (
    Tool(
        name="look_up_verification",
        title="Look up a verification",
        description="Shows whether a one-time code was verified, is pending or has expired. Codes "
        "are never shown, and cannot be sent or checked here.",
        arguments=VerificationArguments,
        result=VerificationResult,
        run=_look_up,
        scope="codes",
    ),
    Tool(
        name="list_verifications",
        title="List verifications",
        description="Lists the verifications of an eSIM, newest first, without codes.",
        arguments=VerificationsArguments,
        result=VerificationsResult,
        run=_list,
        scope="codes",
    ),
)
