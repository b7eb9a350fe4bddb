"""/v1/mcp: for programs that offer the account as tools of the Model Context Protocol."""

from __future__ import annotations

from fastapi import APIRouter, Request

from simpost.api.shared.auth import Caller, ServicesDep
from simpost.api.shared.key_auth import KEY_IN_SCOPE, ProvenKey
from simpost.api.shared.problems import Problem, ProblemCode
from simpost.api.shared.services import Services
from simpost.api.shared.wrong_credentials import network_of
from simpost.api.v1.mcp.schemas import McpAccessOut, McpCallRequest, show_sending
from simpost.domain.accounts import Account
from simpost.features.mcp_access.service import McpCall, McpSendingOff, McpSendsUsedUp

router = APIRouter(prefix="/v1", tags=["mcp"])


@router.get("/mcp", summary="Show what may be done by MCP")
async def show_mcp_access(request: Request, account: Caller, services: ServicesDep) -> McpAccessOut:
    """The scopes of the key, and what may be sent."""
    return _access(request, account, services)


@router.post("/mcp/calls", status_code=201, summary="Record a call of an MCP tool")
async def record_mcp_call(
    given: McpCallRequest, request: Request, account: Caller, services: ServicesDep
) -> McpAccessOut:
    """Writes a row of the audit log. Call it before the tool does anything.

    403 for `send_message` if sending is off, and 429 once the account has sent its `perHour`.
    """
    access = _access(request, account, services)
    host = request.client.host if request.client else ""
    address = host if network_of(host) != "-" else "-"
    call = McpCall(given.tool, given.client, given.session, given.act or "", address)
    try:
        await services.mcp_access.record(account, access.key_id or "", call)
    except McpSendingOff as error:
        raise Problem(403, ProblemCode.MCP_SENDING_OFF, str(error)) from None
    except McpSendsUsedUp as error:
        headers = {"Retry-After": str(error.wait_s)}
        raise Problem(429, ProblemCode.TOO_MANY_REQUESTS, str(error), headers=headers) from None
    return access


def _access(request: Request, account: Account, services: Services) -> McpAccessOut:
    proven: ProvenKey | None = request.scope.get(KEY_IN_SCOPE)
    return McpAccessOut(
        account=account.access_code,
        key_id=proven.key.id if proven else None,
        scopes=sorted(proven.key.scopes) if proven else None,
        sending=show_sending(services.mcp_access.sending_of(account)),
    )
