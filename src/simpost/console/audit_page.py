"""What users changed and revealed, for administrators."""

from __future__ import annotations

from typing import Final

from starlette.responses import Response

from simpost.api.shared.schemas import format_time
from simpost.console.request import PageRequest
from simpost.console.route import ConsolePage
from simpost.domain.console_users import ConsoleRole
from simpost.domain.messages import format_id, parse_id

_ROWS: Final = 100


async def show(call: PageRequest) -> Response:
    """The newest rows; `before` continues the list."""
    before = parse_id(call.request.query_params.get("before", ""))
    users, accounts = call.services.console_users, call.services.accounts
    found = await users.list_audit(call.user, before=before, limit=_ROWS + 1)
    rows = []
    for each in found[:_ROWS]:
        account = None if each.account_id is None else accounts.by_id(each.account_id)
        rows.append(
            {
                "at": format_time(each.at_ms),
                "user": each.user,
                "account": account.access_code if account else "",
                "action": each.action,
                "target": each.target,
                "address": each.address,
            }
        )
    older = format_id(found[_ROWS - 1].id) if len(found) > _ROWS else ""
    return call.pages.render("audit", call=call, rows=rows, older=older)


PAGES: Final = (ConsolePage("GET", "/console/audit", show, ConsoleRole.ADMIN, title="Audit"),)
