"""The first page: the look-up box, and what it finds."""

from __future__ import annotations

from typing import Final
from urllib.parse import quote

from starlette.responses import RedirectResponse, Response

from simpost.api.shared.schemas import format_time
from simpost.console.masks import Masks
from simpost.console.numbers_page import numbers_of
from simpost.console.page import HEADERS
from simpost.console.request import PageRequest
from simpost.console.route import ConsolePage
from simpost.domain.accounts import Account
from simpost.domain.console_users import ConsoleRole
from simpost.domain.messages import format_id
from simpost.messaging.look_up import LookUpResult, look_up


async def show(call: PageRequest) -> Response:
    """The box; with `q` the page of what it names, or a list if it names several."""
    text = call.request.query_params.get("q", "")
    if not text.strip():
        numbers = await numbers_of(call)
        return call.pages.render("home", call=call, text="", rows=None, numbers=numbers)
    found = await _find(call, text)
    rows = _esim_rows(call, found) + _message_rows(call, found)
    if len(rows) == 1:
        return RedirectResponse(rows[0]["path"], status_code=303, headers=HEADERS)
    return call.pages.render(
        "home", call=call, text=text, rows=rows, numbers=None, is_cut=found.is_cut
    )


async def pick(call: PageRequest) -> Response:
    """The box to write to an eSIM: with `q` the form for the one that it names, or a list."""
    text = call.request.query_params.get("q", "")
    if not text.strip():
        return call.pages.render("compose_to", call=call, text="", rows=None)
    found, path = await _find(call, text), "/console/compose"
    rows = _esim_rows(call, found, path) + _rows_of_messages(call, found, path)
    if len(rows) == 1:
        return RedirectResponse(rows[0]["path"], status_code=303, headers=HEADERS)
    return call.pages.render("compose_to", call=call, text=text, rows=rows, is_cut=found.is_cut)


async def _find(call: PageRequest, text: str) -> LookUpResult:
    """What the text of the box names, of the accounts that the user sees."""
    services = call.services
    carriers = [each.name for each in await services.carriers.list_all()]
    return await look_up(
        services.store, services.accounts, carriers, text, account_id=call.user.account_id
    )


def _esim_rows(
    call: PageRequest, found: LookUpResult, path: str = "/console/esims"
) -> list[dict[str, str]]:
    masks, rows = Masks(is_revealed=False), []
    for account_id, esim in found.esims:
        if account := call.services.accounts.by_id(account_id):
            about = f"ICCID {esim.iccid or '-'}, {masks.number(esim.msisdn)}"
            rows.append(_esim_row(account, esim.esim_tran_no, about, path))
    return rows


def _rows_of_messages(call: PageRequest, found: LookUpResult, path: str) -> list[dict[str, str]]:
    """The eSIMs of the messages that were found."""
    return [
        _esim_row(account, each.esim_tran_no, f"of message {format_id(each.id)}", path)
        for each in found.messages
        if (account := call.services.accounts.by_id(each.account_id))
    ]


def _esim_row(account: Account, number: str, about: str, path: str) -> dict[str, str]:
    return {
        "path": f"{path}/{quote(account.access_code, safe='')}/{quote(number, safe='')}",
        "name": f"eSIM {number}",
        "about": about,
        "account": account.access_code,
    }


def _message_rows(call: PageRequest, found: LookUpResult) -> list[dict[str, str]]:
    rows = []
    for message in found.messages:
        account = call.services.accounts.by_id(message.account_id)
        rows.append(
            {
                "path": f"/console/messages/{format_id(message.id)}",
                "name": f"message {format_id(message.id)}",
                "about": f"{message.state.value}, {format_time(message.created_ms)[:16]} UTC, "
                f"eSIM {message.esim_tran_no}",
                "account": account.access_code if account else "",
            }
        )
    return rows


PAGES: Final = (
    ConsolePage("GET", "/console", show, title="Look up"),
    ConsolePage("GET", "/console/compose", pick, ConsoleRole.SENDER, title="Write"),
)
