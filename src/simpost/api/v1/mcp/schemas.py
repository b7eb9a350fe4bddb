"""JSON of /v1/mcp."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StrictStr

from simpost.api.shared.error_messages import Matching
from simpost.api.shared.schemas import Schema
from simpost.config.mcp import McpSendingSettings
from simpost.domain.api_keys import KeyScope

_Printable = Annotated[
    StrictStr, Matching(r"^[ -~]{1,64}$", "must be 1 to 64 printable ASCII characters")
]


class McpCallRequest(Schema):
    """A call of a tool, without its arguments.

    `act` names what the call does: calls of `send_message` with the same one count once.
    """

    tool: Annotated[
        StrictStr, Matching(r"^[a-z][a-z_]{0,31}$", "must be the name of a tool, in lower case")
    ]
    client: _Printable = Field(description="Name and version that the program gives itself.")
    session: Annotated[
        StrictStr, Matching(r"^[!-~]{1,64}$", "must be 1 to 64 visible ASCII characters")
    ]
    act: (
        Annotated[StrictStr, Matching(r"^[0-9a-f]{32}$", "must be 32 hexadecimal digits")] | None
    ) = None


class McpSendingOut(Schema):
    """What may be sent. `*` in `recipients` or `templates`: all of the account."""

    recipients: list[str]
    categories: list[Literal["service", "support", "notice", "promotion"]]
    templates: list[str]
    free_text: bool
    per_hour: int


class McpAccessOut(Schema):
    """`scopes` is null with the secret of the account: all. `sending` is null if it is off."""

    account: str
    key_id: str | None
    scopes: list[KeyScope] | None
    sending: McpSendingOut | None


def show_sending(sending: McpSendingSettings | None) -> McpSendingOut | None:
    """What may be sent, as JSON shows it."""
    if sending is None:
        return None
    return McpSendingOut(
        recipients=list(sending.recipients),
        categories=sorted(sending.categories),
        templates=list(sending.templates),
        free_text=sending.free_text,
        per_hour=sending.per_hour,
    )
