"""`simpost counts`: what became of the messages of the last hour, day and week."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any

import typer

from simpost.cli.options import (
    AccessCode,
    Account,
    AdminToken,
    ApiKey,
    AsJson,
    Config,
    Secret,
    Url,
    account_server,
    admin_server,
    is_admins,
)
from simpost.cli.output import print_columns, print_json, print_lines
from simpost.domain.message_counts import show_delay
from simpost.domain.states import State

_WINDOWS = ("hour", "day", "week")
_SHOWN = (State.DELIVERED, State.SENT, State.FAILED, State.HELD)
_LOST = (State.FAILED, State.EXPIRED, State.REJECTED)


def counts(
    hours: Annotated[bool, typer.Option("--hours", help="Show the hours of the week too.")] = False,
    account: Account = None,
    url: Url = None,
    config: Config = None,
    access_code: AccessCode = None,
    secret: Secret = None,
    api_key: ApiKey = None,
    admin_token: AdminToken = None,
    as_json: AsJson = False,
) -> None:
    """Show what became of the messages of the last hour, day and week.

    And how long their delivery took. With the admin token: of all accounts, or of --account.
    """
    if is_admins(account, access_code, secret, api_key, config, admin_token):
        server = admin_server(url, config, admin_token)
        found = server.get("/v1/admin/message-counts", {"account": account})
    else:
        server = account_server(url, config, access_code, secret, api_key)
        found = server.get("/v1/message-counts")
    if as_json:
        print_json(found)
        return
    print_columns(list(_rows(found)))
    if found.get("accounts"):
        print_lines([""])
        print_columns(list(_account_rows(found["accounts"])))
    if hours:
        print_lines([""])
        print_columns(list(_hour_rows(found["hours"])))


def _rows(found: dict[str, Any]) -> Iterator[list[str]]:
    windows = [found[name] for name in _WINDOWS]
    yield ["accepted since (UTC)", *(each["since"][:16].replace("T", " ") for each in windows)]
    yield ["accepted", *(_number(each["accepted"], each["atLeast"]) for each in windows)]
    for state in State:
        counted = [_count(each["states"], state) for each in windows]
        if any(counted) or state in _SHOWN:
            name = "not sent yet" if state is State.ACCEPTED else state.value.replace("_", " ")
            cut = [state in each["atLeast"] for each in windows]
            yield [name, *map(_number, counted, cut)]
    for words, name in (("half", "p50Ms"), ("90 %", "p90Ms"), ("99 %", "p99Ms")):
        yield [f"{words} delivered within", *(show_delay(each["delays"][name]) for each in windows)]


def _account_rows(accounts: list[dict[str, Any]]) -> Iterator[list[str]]:
    yield ["account, last day", "accepted", *(state.value for state in _SHOWN)]
    for each in accounts:
        counted = (f"{_count(each['states'], state):,}" for state in _SHOWN)
        yield [each["account"], f"{each['accepted']:,}", *counted]


def _hour_rows(hours: list[dict[str, Any]]) -> Iterator[list[str]]:
    yield ["hour (UTC)", "accepted", "delivered", "failed, expired, rejected"]
    for each in reversed(hours):
        lost = sum(_count(each["states"], state) for state in _LOST)
        delivered = _count(each["states"], State.DELIVERED)
        when = each["hour"][:16].replace("T", " ")
        yield [when, f"{each['accepted']:,}", f"{delivered:,}", f"{lost:,}"]


def _count(states: dict[str, int], state: State) -> int:
    """The count of a state, whose name in JSON is camelCase."""
    first, *others = state.value.split("_")
    return states[first + "".join(map(str.title, others))]


def _number(count: int, is_cut: object) -> str:
    return f"{'at least ' if is_cut else ''}{count:,}"
