"""The first page: the look-up box, and what it finds."""

from __future__ import annotations

from typing import Final
from urllib.parse import quote

from starlette.responses import RedirectResponse, Response

from simpost.api.shared.schemas import format_time
from simpost.console.masks import Masks
from simpost.console.page import HEADERS
from simpost.console.request import PageRequest
from simpost.console.route import ConsolePage
from simpost.domain.messages import format_id
from simpost.messaging.look_up import look_up


async def show(call: PageRequest) -> Response:
    """The box; with `q` the page of what it names, or a list if it names several."""
    text = call.request.query_params.get("q", "")
    if not text.strip():
        return call.pages.render("home", call=call, text="", rows=None)
    services = call.services
    carriers = [each.name for each in await services.carriers.list_all()]
    found = await look_up(
        services.store, services.accounts, carriers, text, account_id=call.user.account_id
    )
    masks, rows = Masks(is_revealed=False), []
    for account_id, esim in found.esims:
        if account := services.accounts.by_id(account_id):
            number = quote(esim.esim_tran_no, safe="")
            rows.append(
                {
                    "path": f"/console/esims/{quote(account.access_code, safe='')}/{number}",
                    "name": f"eSIM {esim.esim_tran_no}",
                    "about": f"ICCID {esim.iccid or '-'}, {masks.number(esim.msisdn)}",
                    "account": account.access_code,
                }
            )
    for message in found.messages:
        account = services.accounts.by_id(message.account_id)
        rows.append(
            {
                "path": f"/console/messages/{format_id(message.id)}",
                "name": f"message {format_id(message.id)}",
                "about": f"{message.state.value}, {format_time(message.created_ms)[:16]} UTC, "
                f"eSIM {message.esim_tran_no}",
                "account": account.access_code if account else "",
            }
        )
    if len(rows) == 1:
        return RedirectResponse(rows[0]["path"], status_code=303, headers=HEADERS)
    return call.pages.render("home", call=call, text=text, rows=rows)


PAGES: Final = (ConsolePage("GET", "/console", show, title="Look up"),)
