"""The account whose broadcasts, templates or automations a page shows."""

from __future__ import annotations

from typing import Final
from urllib.parse import quote

from starlette.responses import RedirectResponse, Response

from simpost.console.page import HEADERS
from simpost.console.request import PageRequest

_MOST: Final = 500


def go_to(*steps: str) -> Response:
    """A redirect, after a form or instead of a page, to a page of the console."""
    return RedirectResponse(path_of(*steps), status_code=303, headers=HEADERS)


def path_of(*steps: str) -> str:
    """The path of a page of the console."""
    return "/".join(("/console", *(quote(step, safe="") for step in steps)))


async def choose_account(call: PageRequest, room: str, title: str) -> Response:
    """A list of the accounts that the user sees; with one account its page of the room at once."""
    accounts = call.accounts
    if len(accounts) == 1:
        return go_to(room, accounts[0].access_code)
    rows = [
        (each.access_code, path_of(room, each.access_code))
        for each in sorted(accounts, key=lambda account: account.access_code)[:_MOST]
    ]
    is_cut = len(accounts) > _MOST
    return call.pages.render("account_choice", call=call, title=title, rows=rows, is_cut=is_cut)
