"""The numbers of the start page: what became of the messages of the last hour, day and week."""

from __future__ import annotations

from typing import Any, Final

from starlette.responses import JSONResponse, Response

from simpost.api.shared.schemas import format_time
from simpost.console.live_page import live_page
from simpost.console.messages_page import chosen_account, seen_accounts
from simpost.console.page import HEADERS
from simpost.console.query_form import link
from simpost.console.request import PageRequest
from simpost.console.route import ConsolePage
from simpost.domain.accounts import Account
from simpost.domain.message_counts import Tally, show_delay
from simpost.domain.states import State
from simpost.features.message_counts.service import CountedWindow, Numbers

_ALWAYS: Final = (State.DELIVERED, State.SENT, State.FAILED, State.HELD)
_OTHERS: Final = (
    State.ACCEPTED,
    State.SENDING,
    State.SCHEDULED,
    State.IN_DOUBT,
    State.EXPIRED,
    State.REJECTED,
    State.CANCELLED,
)
_WORDS: Final = {
    State.SENT: "sent, no receipt yet",
    State.ACCEPTED: "not sent yet",
}
_LOST: Final = (State.FAILED, State.EXPIRED, State.REJECTED)
_MOST_ACCOUNTS: Final = 20


async def numbers_of(call: PageRequest) -> dict[str, Any]:
    """The values of the table of numbers, for the account that the page is about."""
    account = _account(call)
    found = await call.services.message_counts.find(account.id if account else None)
    windows = (("last hour", found.hour), ("24 hours", found.day), ("7 days", found.week))
    return {
        "account": account.access_code if account else "",
        "accounts": [each.access_code for each in seen_accounts(call)],
        "sees_all": call.user.account_id is None,
        "counted": format_time(found.counted_ms) if found.counted_ms else "",
        "windows": [(name, format_time(window.from_ms)) for name, window in windows],
        "rows": _rows(account, windows),
        "delays": [
            (words, [show_delay(each.tally.quantile_ms(share)) for _, each in windows])
            for words, share in (("half", 0.5), ("90 %", 0.9), ("99 %", 0.99))
        ],
        "hours": [_hour(each) for each in reversed(found.hours)][:24],
        "by_account": await _by_account(call, found) if account is None else [],
    }


async def version(call: PageRequest) -> object:
    """The counts of the page, without the times of its links, which go on by themselves."""
    found = await numbers_of(call)
    counts = [[count for count, _ in cells] for *_, cells in found["rows"]]
    return counts, found["delays"], found["counted"]


async def chart(call: PageRequest) -> Response:
    """The hours of the week for the chart: times in seconds, and a list of counts for each line."""
    account = _account(call)
    found = await call.services.message_counts.find(account.id if account else None)
    hours = [_hour(each) for each in found.hours]
    lines = ("accepted", "delivered", "lost")
    shown = {"at": [each.starts_ms // 1000 for each in found.hours]}
    shown |= {name: [each[name] for each in hours] for name in lines}
    return JSONResponse(shown, headers=dict(HEADERS))


def _account(call: PageRequest) -> Account | None:
    """The account that is named, or the only one; `None`: all that there are."""
    code = call.request.query_params.get("account", "")
    if code or call.user.account_id is not None or len(seen_accounts(call)) == 1:
        return chosen_account(call, code)
    return None


def _rows(
    account: Account | None, windows: tuple[tuple[str, CountedWindow], ...]
) -> list[tuple[str, str, list[tuple[str, str]]]]:
    """Of each row: its words, its state, and the numbers with their links, empty without one."""

    def cell(state: State | None, window: CountedWindow) -> tuple[str, str]:
        counts = window.tally.states
        count = window.tally.accepted if state is None else counts.get(state, 0)
        is_cut = bool(window.cut) if state is None else state in window.cut
        filters = {"state": state.value} if state else {}
        path = _list_of(account, filters | {"from": format_time(window.from_ms)})
        return f"{'at least ' if is_cut else ''}{count:,}", path

    others = [
        each for each in _OTHERS if any(window.tally.states.get(each) for _, window in windows)
    ]
    return [
        (
            "accepted" if state is None else _WORDS.get(state, state.value.replace("_", " ")),
            "all" if state is None else state.value,
            [cell(state, window) for _, window in windows],
        )
        for state in (None, *_ALWAYS, *others)
    ]


def _list_of(account: Account | None, filters: dict[str, str]) -> str:
    """The list of messages that a number counts; a list is of one account."""
    if account is None:
        return ""
    return link("/console/messages", {"account": account.access_code} | filters)


def _hour(each: Any) -> dict[str, Any]:
    states = each.tally.states
    return {
        "at": format_time(each.starts_ms),
        "accepted": each.tally.accepted,
        "delivered": states.get(State.DELIVERED, 0),
        "lost": sum(states.get(state, 0) for state in _LOST),
    }


async def _by_account(call: PageRequest, found: Numbers) -> list[dict[str, Any]]:
    """The accounts with the most messages of the day."""
    tallies = await call.services.message_counts.find_by_account()
    since = format_time(found.day.from_ms)
    most = sorted(tallies, key=lambda each: -tallies[each].accepted)[:_MOST_ACCOUNTS]
    return [
        {"account": account.access_code, "numbers": _numbers(account, tallies[account.id], since)}
        for account in map(call.services.accounts.by_id, most)
        if account
    ]


def _numbers(account: Account, tally: Tally, since: str) -> list[tuple[str, str]]:
    return [
        (
            f"{tally.states.get(state, 0) if state else tally.accepted:,}",
            _list_of(account, ({"state": state.value} if state else {}) | {"from": since}),
        )
        for state in (None, *_ALWAYS)
    ]


PAGES: Final = (
    ConsolePage("GET", "/console/numbers", chart),
    live_page("/console/numbers/live", version, every_s=10),
)
