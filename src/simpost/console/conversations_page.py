"""The list of conversations: its filters are those of `GET /v1/conversations`, in the URL."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple
from urllib.parse import quote, urlencode

from starlette.responses import RedirectResponse, Response

from simpost.api.v1.conversations.routes import find_page
from simpost.api.v1.conversations.schemas import ConversationOut, ConversationQuery
from simpost.console.compose_form import InvalidForm, validated
from simpost.console.live_page import live_page
from simpost.console.page import HEADERS
from simpost.console.request import PageRequest
from simpost.console.route import ConsolePage
from simpost.domain.accounts import Account
from simpost.domain.console_users import ConsoleRole
from simpost.domain.conversations import ConversationStatus
from simpost.errors import NotFound

PATH: Final = "/console/conversations"
MOST_ACCOUNTS: Final = 200
"""Accounts that the picker lists."""
_MAY_BE_EMPTY: Final = "assignee"
"""The only filter whose empty value means something: nobody."""


class ConversationRow(NamedTuple):
    """One row of the list.

    Attributes:
        age: how long the first text without a reply waits; empty if all are answered.
        is_overdue: whether its first reply was due before now.
        is_flagged: whether a text of the eSIM may mean "stop".
    """

    shown: ConversationOut
    path: str
    age: str
    is_overdue: bool
    is_flagged: bool


class FilterLink(NamedTuple):
    """A link to the list with another filter."""

    name: str
    path: str
    is_current: bool


async def show(call: PageRequest) -> Response:
    """The conversations of one account that the filters in the URL select."""
    given = dict(call.request.query_params)
    wanted = {name: value for name, value in given.items() if value or name == _MAY_BE_EMPTY}
    if wanted != given:  # a form sends its empty fields too
        return RedirectResponse(_url(wanted), status_code=303, headers=HEADERS)
    accounts = _accounts_of(call)
    account = _chosen(call, accounts, wanted.pop("account", ""))
    if account is None:
        return call.pages.render(
            "conversations", status=404, call=call, account=None, problems=[], rows=[]
        )
    try:
        query = validated(ConversationQuery.model_validate, wanted)
    except InvalidForm as error:
        return _render(call, accounts, account, wanted, 422, problems=list(error.problems))
    if query.search is not None:
        await call.audit("conversation.search", account.access_code, account.id)
    page = await find_page(call.services, account, query)
    now = datetime.fromtimestamp(call.services.clock_ms() / 1000, UTC)
    flagged = set((await call.services.store.recipients.list_flagged(account.id)).values())
    rows = [_row(account, each, now, flagged) for each in page.conversations]
    return _render(call, accounts, account, wanted, 200, rows=rows, next_cursor=page.next)


async def version(call: PageRequest) -> object:
    """What the list shows; the ages in it are of minutes.

    A search has no stream: each time it is a row of the audit log.
    """
    wanted = dict(call.request.query_params)
    account = _chosen(call, _accounts_of(call), wanted.pop("account", ""))
    try:
        query = validated(ConversationQuery.model_validate, wanted)
    except InvalidForm:
        raise NotFound from None
    if account is None or query.search is not None:
        raise NotFound
    page = await find_page(call.services, account, query)
    return page.model_dump_json(), call.services.clock_ms() // 60_000


def show_age(since: str | None, now: datetime) -> str:
    """How long ago that was, in its two largest units; empty for `None`."""
    if since is None:
        return ""
    minutes = max(0, int((now - datetime.fromisoformat(since)).total_seconds())) // 60
    hours, days = minutes // 60, minutes // 1440
    if days:
        return f"{days} d {hours % 24} h"
    return f"{hours} h {minutes % 60} min" if hours else f"{minutes} min"


def _accounts_of(call: PageRequest) -> list[Account]:
    return [each for each in call.services.accounts.all() if call.user.may_see(each.id)]


def _chosen(call: PageRequest, accounts: list[Account], access_code: str) -> Account | None:
    """The account of the URL, else the first one that the user sees."""
    if access_code:
        return call.account_of(access_code)
    return accounts[0] if accounts else None


def _row(
    account: Account, shown: ConversationOut, now: datetime, flagged: set[str]
) -> ConversationRow:
    due = shown.reply_due_at
    return ConversationRow(
        shown=shown,
        path=f"{PATH}/{quote(account.access_code, safe='')}/{shown.id}",
        age=show_age(shown.unanswered_since, now),
        is_overdue=due is not None and datetime.fromisoformat(due) <= now,
        is_flagged=shown.esim_tran_no in flagged,
    )


def _render(
    call: PageRequest,
    accounts: list[Account],
    account: Account,
    wanted: dict[str, str],
    status: int,
    *,
    problems: list[str] | None = None,
    rows: list[ConversationRow] | None = None,
    next_cursor: str | None = None,
) -> Response:
    rows = rows or []
    here = {"account": account.access_code, **wanted}
    filters = {name: value for name, value in here.items() if name != "cursor"}
    since = [each.shown.unanswered_since for each in rows if each.shown.unanswered_since]
    now = datetime.fromtimestamp(call.services.clock_ms() / 1000, UTC)
    return call.pages.render(
        "conversations",
        status=status,
        call=call,
        accounts=accounts[:MOST_ACCOUNTS] if len(accounts) > 1 else [],
        account=account,
        problems=problems or [],
        rows=rows,
        oldest=show_age(min(since), now) if since else "",
        statuses=_links(filters, "status", _STATUSES),
        people=_links(filters, "assignee", _people(call.user.name)),
        unread=_links(filters, "unread", {"Read too": None, "Unread": "true"}),
        filters=filters,
        this_path=_url(here),
        live_path=f"{PATH}/live?{urlencode(here)}",
        api_query=_api_query(wanted),
        older=_url({**filters, "cursor": next_cursor}) if next_cursor else "",
    )


_STATUSES: Final[Mapping[str, str | None]] = {
    "All": None,
    **{each.value.capitalize(): each.value for each in ConversationStatus},
}


def _people(user: str) -> dict[str, str | None]:
    return {"Everyone": None, "Mine": user, "Nobody's": ""}


def _links(
    filters: dict[str, str], name: str, choices: Mapping[str, str | None]
) -> list[FilterLink]:
    """Links that change one filter; `None` of a choice leaves it out."""
    others = {key: value for key, value in filters.items() if key != name}
    return [
        FilterLink(
            label,
            _url(others if value is None else {**others, name: value}),
            filters.get(name) == value,
        )
        for label, value in choices.items()
    ]


def _url(given: Mapping[str, Any]) -> str:
    return f"{PATH}?{urlencode(given)}" if given else PATH


def _api_query(wanted: Mapping[str, str]) -> str:
    """The call of the API that returns the same."""
    return f"/v1/conversations?{urlencode(wanted)}" if wanted else "/v1/conversations"


PAGES: Final = (
    ConsolePage("GET", PATH, show, ConsoleRole.SUPPORT, title="Conversations"),
    live_page(f"{PATH}/live", version, every_s=5, role=ConsoleRole.SUPPORT),
)
