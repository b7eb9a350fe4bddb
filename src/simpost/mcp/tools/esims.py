"""Look-up of an eSIM."""

from __future__ import annotations

from typing import Any

from simpost.mcp.gateway import in_path
from simpost.mcp.quotations import Quoted, quote, word
from simpost.mcp.tools.tool import Arguments, EsimTranNo, Result, Tool, ToolContext


class EsimArguments(Arguments, frozen=True):
    """The eSIM."""

    esim_tran_no: EsimTranNo


class UsageResult(Result, frozen=True):
    """The latest report of the data that was used."""

    plan: Quoted | None
    used_percent: int | None
    remaining_octets: int | None
    total_octets: int | None
    at: str | None


class EsimResult(Result, frozen=True):
    """What is known of an eSIM; null: no event told it."""

    esim_tran_no: str | None
    iccid: str | None
    smdp_status: str | None
    esim_status: str | None
    country: str | None
    expires_at: str | None
    installed_at: str | None
    attached_at: str | None
    used_at: str | None
    expired_at: str | None
    sms_lost_at: str | None
    usage: UsageResult | None
    tags: list[Quoted | None]


async def _look_up(context: ToolContext, given: EsimArguments) -> EsimResult:
    found = await context.get(f"/v1/esims/{in_path(given.esim_tran_no)}")
    return EsimResult(
        esim_tran_no=word(found["esimTranNo"]),
        iccid=word(found["iccid"] or None),
        smdp_status=word(found["smdpStatus"] or None),
        esim_status=word(found["esimStatus"] or None),
        country=word(found["country"]),
        expires_at=word(found["expiresAt"]),
        installed_at=word(found["installedAt"]),
        attached_at=word(found["attachedAt"]),
        used_at=word(found["usedAt"]),
        expired_at=word(found["expiredAt"]),
        sms_lost_at=word(found["smsLostAt"]),
        usage=_usage(found["usage"]),
        tags=[quote(tag, "account") for tag in found["tags"]],
    )


def _usage(found: dict[str, Any] | None) -> UsageResult | None:
    if found is None:
        return None
    return UsageResult(
        plan=quote(found["plan"], "supplier"),
        used_percent=found["usedPercent"],
        remaining_octets=found["remainingOctets"],
        total_octets=found["totalOctets"],
        at=word(found["at"]),
    )


TOOLS = (
    Tool(
        name="look_up_esim",
        title="Look up an eSIM",
        description="Shows the state of an eSIM, where it is, its data usage and its tags.",
        arguments=EsimArguments,
        result=EsimResult,
        run=_look_up,
        scope="lifecycle",
    ),
)
