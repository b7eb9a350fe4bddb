"""`simpost stop`, `simpost resume` and `simpost stops`: stop sending, resume it, and list."""

from __future__ import annotations

from typing import Annotated, Any, TypeAlias
from urllib.parse import urlencode

import typer

from simpost.cli.options import AdminToken, AsJson, Config, Url, admin_server
from simpost.cli.output import print_columns, print_json
from simpost.domain.messages import Category
from simpost.errors import ConfigError

_PATH = "/v1/admin/stops"

Account: TypeAlias = Annotated[str | None, typer.Option(help="Only messages of this account.")]
Why: TypeAlias = Annotated[Category | None, typer.Option(help="Only messages of this category.")]
Country: TypeAlias = Annotated[
    str | None, typer.Option(help="Only eSIMs in this country, such as GB.")
]
Everything: TypeAlias = Annotated[bool, typer.Option("--everything", help="All messages.")]


def stop(
    reason: Annotated[str, typer.Option(help="Why, in your words: callers see it.")],
    account: Account = None,
    category: Why = None,
    country: Country = None,
    everything: Everything = False,
    codes: Annotated[bool, typer.Option("--codes", help="Stop one-time codes, too.")] = False,
    url: Url = None,
    config: Config = None,
    admin_token: AdminToken = None,
    as_json: AsJson = False,
) -> None:
    """Stop the messages of an account, a category, a country, or everything.

    Messages that match all given options are refused until `simpost resume`. Parts that are
    queued are still sent: `simpost carriers pause` keeps those back.
    """
    scope = _scope(account, category, country, everything=everything)
    server = admin_server(url, config, admin_token)
    stopped = server.post(_PATH, {**scope, "reason": reason, "codes": codes})
    if as_json:
        print_json(stopped)
    else:
        print_columns(_rows([stopped]))


def resume(
    account: Account = None,
    category: Why = None,
    country: Country = None,
    everything: Everything = False,
    url: Url = None,
    config: Config = None,
    admin_token: AdminToken = None,
    as_json: AsJson = False,
) -> None:
    """Remove the stop with the same options, and list the remaining stops."""
    scope = _scope(account, category, country, everything=everything)
    query = urlencode({**scope, "everything": "true"} if everything else scope)
    _show(admin_server(url, config, admin_token).delete(f"{_PATH}?{query}"), as_json=as_json)


def stops(
    url: Url = None,
    config: Config = None,
    admin_token: AdminToken = None,
    as_json: AsJson = False,
) -> None:
    """Show all stops and their reasons."""
    _show(admin_server(url, config, admin_token).get(_PATH), as_json=as_json)


def _scope(
    account: str | None, category: Category | None, country: str | None, *, everything: bool
) -> dict[str, Any]:
    given = {"account": account, "category": category, "country": country and country.upper()}
    scope: dict[str, Any] = {name: value for name, value in given.items() if value}
    if bool(scope) == everything:
        raise ConfigError("give --account, --category or --country, or else --everything.")
    return scope or {"everything": True}


def _show(answer: dict[str, Any], *, as_json: bool) -> None:
    found = answer["stops"]
    if as_json:
        print_json(found)
    elif found:
        print_columns(_rows(found))
    else:
        print("nothing is stopped")


def _rows(found: list[dict[str, Any]]) -> list[list[str]]:
    rows = [["account", "category", "country", "codes", "since (UTC)", "reason"]]
    rows += [
        [
            each["account"] or "any",
            each["category"] or "any",
            each["country"] or "any",
            "stopped" if each["codes"] else "pass",
            each["since"][:19].replace("T", " "),
            each["reason"],
        ]
        for each in found
    ]
    return rows
