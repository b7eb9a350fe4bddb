"""What the caller may do here, and whether messages leave."""

from __future__ import annotations

from simpost.mcp.gateway import GatewayError
from simpost.mcp.tools.tool import Arguments, Result, Tool, ToolContext


class StatusArguments(Arguments, frozen=True):
    """None."""


class SendingStatus(Result, frozen=True):
    """What may be sent by these tools."""

    recipients: list[str]
    categories: list[str]
    templates: list[str]
    free_text: bool
    per_hour: int


class StatusResult(Result, frozen=True):
    """The account, the scopes of the key, and the state of the gateway."""

    account: str
    scopes: list[str]
    sending: SendingStatus | None
    gateway: str
    warning: str | None


_SHOWN_RECIPIENTS = 50


async def _show(context: ToolContext, _: StatusArguments) -> StatusResult:
    access = context.access
    warning: str | None = None
    try:
        ready = await context.get("/readyz")
        state, warning = str(ready.get("status")), ready.get("warning")
    except GatewayError as error:
        state, warning = "not ready", str(error)
    sending = access.sending
    return StatusResult(
        account=access.account,
        scopes=sorted(access.scopes or ()),
        sending=None
        if sending is None
        else SendingStatus(
            recipients=sorted(sending.recipients)[:_SHOWN_RECIPIENTS],
            categories=sorted(sending.categories),
            templates=sorted(sending.templates)[:_SHOWN_RECIPIENTS],
            free_text=sending.free_text,
            per_hour=sending.per_hour,
        ),
        gateway=state,
        warning=warning,
    )


TOOLS = (
    Tool(
        name="show_status",
        title="Show status",
        description="Shows the account, the scopes of the API key, what may be sent (null: nothing "
        "can be sent), and whether the gateway is ready. Lists show 50 entries at most.",
        arguments=StatusArguments,
        result=StatusResult,
        run=_show,
    ),
)
