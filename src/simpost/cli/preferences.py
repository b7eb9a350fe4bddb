"""`simpost preferences`: what travellers want to be sent, its history, imports and flags."""

from __future__ import annotations

import sys
from contextlib import nullcontext
from itertools import islice
from pathlib import Path
from typing import Annotated, Any, TypeAlias
from urllib.parse import quote

import typer

from simpost.cli.client import Server
from simpost.cli.options import (
    AccessCode,
    AdminToken,
    ApiKey,
    AsJson,
    Config,
    Secret,
    Url,
    account_server,
    admin_server,
)
from simpost.cli.output import print_columns, print_json, print_lines
from simpost.cli.pages import read_pages
from simpost.cli.preference_file import REMOVED, open_file, parse_choice, read_rows
from simpost.domain.plurals import counted
from simpost.domain.texts import shown_absence
from simpost.errors import ConfigError

app = typer.Typer(no_args_is_help=True, help="Show and change what travellers are sent.")

_BATCH = 200

Esim: TypeAlias = Annotated[
    str | None,
    typer.Argument(metavar="[ESIM]", help="esimTranNo. Without it: the defaults of the account."),
]
Account: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--account",
        help="Account whose preferences they are; needs the admin token.",
        rich_help_panel="Service and credentials",
    ),
]
Choice: TypeAlias = Annotated[
    str | None, typer.Option(metavar="yes|no|default", help="Whether they are sent.")
]


@app.command()
def show(
    esim: Esim = None,
    url: Url = None,
    config: Config = None,
    access_code: AccessCode = None,
    secret: Secret = None,
    api_key: ApiKey = None,
    account: Account = None,
    admin_token: AdminToken = None,
    as_json: AsJson = False,
) -> None:
    """Show what is sent to an eSIM, and what decided it."""
    server = _server(account, url, config, access_code, secret, api_key, admin_token)
    _print(server.get(_path(account, esim)), as_json=as_json)


@app.command("set")
def set_preferences(
    esim: Esim = None,
    service: Choice = None,
    support: Choice = None,
    notice: Choice = None,
    promotion: Choice = None,
    language: Annotated[str | None, typer.Option(help="Such as pt-BR, or `default`.")] = None,
    open_hours: Annotated[
        str | None, typer.Option(help="Such as 08:00-20:00, `always`, or `default`.")
    ] = None,
    words: Annotated[str | None, typer.Option(help="What the traveller said.")] = None,
    changed_by: Annotated[str | None, typer.Option("--by", help="Who enters it.")] = None,
    url: Url = None,
    config: Config = None,
    access_code: AccessCode = None,
    secret: Secret = None,
    api_key: ApiKey = None,
    account: Account = None,
    admin_token: AdminToken = None,
    as_json: AsJson = False,
) -> None:
    """Change what is sent to an eSIM; `default` removes a choice."""
    given = {"service": service, "support": support, "notice": notice, "promotion": promotion}
    choices = {name: parse_choice(name, text) for name, text in given.items() if text is not None}
    changes: dict[str, Any] = {"categories": choices} if choices else {}
    for name, text in (("language", language), ("openHours", open_hours)):
        if text is not None:
            changes[name] = None if text == REMOVED else text
    if not changes:
        raise ConfigError("nothing to change: give a category, --language or --open-hours.")
    said = {"words": words, "changedBy": changed_by}
    changes |= {name: text for name, text in said.items() if text is not None}
    server = _server(account, url, config, access_code, secret, api_key, admin_token)
    _print(server.patch(_path(account, esim), {"way": "cli", **changes}), as_json=as_json)


@app.command()
def history(
    esim: Esim = None,
    limit: Annotated[int, typer.Option(min=1, help="Largest number to show.")] = 20,
    url: Url = None,
    config: Config = None,
    access_code: AccessCode = None,
    secret: Secret = None,
    api_key: ApiKey = None,
    account: Account = None,
    admin_token: AdminToken = None,
    as_json: AsJson = False,
) -> None:
    """Show how the preferences changed: who, when, by which way, with which words."""
    server = _server(account, url, config, access_code, secret, api_key, admin_token)
    found = read_pages(server, f"{_path(account, esim)}/history", "changes", {}, limit)
    if as_json:
        print_json(found)
    elif found:
        heading = ["changed (UTC)", "way", "by", "change", "words"]
        print_columns([heading, *map(_history_row, found)])
    else:
        print("no changes")


@app.command("import")
def import_file(
    file: Annotated[Path, typer.Argument(help="CSV file with a heading; -: stdin.")],
    url: Url = None,
    config: Config = None,
    access_code: AccessCode = None,
    secret: Secret = None,
    api_key: ApiKey = None,
    account: Account = None,
    admin_token: AdminToken = None,
) -> None:
    """Import preferences of eSIMs; what travellers chose by a text or a link stays.

    Columns: esimTranNo, service, support, notice, promotion (yes, no or default), language,
    openHours, words. An empty cell leaves a value as it is.
    """
    server = _server(account, url, config, access_code, secret, api_key, admin_token)
    counts = {"changed": 0, "unchanged": 0, "esim_unknown": 0}
    bad = 0
    opened = nullcontext(sys.stdin) if str(file) == "-" else open_file(file)
    with opened as lines:
        rows = read_rows(lines)
        while batch := list(islice(rows, _BATCH)):
            good = [row for _, row in batch if not isinstance(row, str)]
            for line, problem in batch:
                if isinstance(problem, str):
                    bad += 1
                    print_lines([f"line {line}: {problem}"])
            if not good:
                continue
            answer = server.post(f"{_path(account)}/import", {"rows": good})
            for result in answer["results"]:
                counts[result["outcome"]] += 1
    print_lines([f"{counts['changed']} changed, {counts['unchanged']} unchanged"])
    if counts["esim_unknown"] or bad:
        unknown = counted(counts["esim_unknown"], "eSIM")
        print_lines([f"{unknown} unknown, {counted(bad, 'line')} not valid"])
        raise typer.Exit(1)


@app.command()
def flags(
    close: Annotated[str | None, typer.Option(metavar="ID", help="Close this flag.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="Largest number to show.")] = 20,
    url: Url = None,
    config: Config = None,
    access_code: AccessCode = None,
    secret: Secret = None,
    api_key: ApiKey = None,
    account: Account = None,
    admin_token: AdminToken = None,
    as_json: AsJson = False,
) -> None:
    """Show texts that may mean "stop" and changed nothing, newest first."""
    server = _server(account, url, config, access_code, secret, api_key, admin_token)
    flags_path = f"{_path(account)}/flags"
    if close:
        server.delete(f"{flags_path}/{quote(close, safe='')}")
        print("closed")
        return
    found = read_pages(server, flags_path, "flags", {}, limit)
    if as_json:
        print_json(found)
    elif found:
        rows = [[_time(each["receivedAt"]), each["id"], each["esimTranNo"], _words(each)]
                for each in found]  # fmt: skip
        print_columns([["received (UTC)", "id", "eSIM", "text"], *rows])
    else:
        print("no flags")


def _server(
    account: str | None,
    url: str | None,
    config: Path | None,
    access_code: str | None,
    secret: str | None,
    api_key: str | None,
    admin_token: str | None,
) -> Server:
    """A client with the admin token for a named account, else with the account's credentials."""
    if account:
        return admin_server(url, config, admin_token)
    return account_server(url, config, access_code, secret, api_key)


def _path(account: str | None, esim: str | None = None) -> str:
    owner = f"/v1/admin/accounts/{quote(account, safe='')}" if account else "/v1"
    return f"{owner}/esims/{quote(esim, safe='')}/preferences" if esim else f"{owner}/preferences"


def _print(found: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        print_json(found)
        return
    rows = [["category", "sent", "decided by"]]
    for each in found["categories"]:
        by = "traveller" if each["byTraveller"] else each["decidedBy"]
        rows.append([each["category"], "yes" if each["allowed"] else "no", by])
    print_columns(rows)
    print_lines([f"language    {found['language'] or '-'}"])
    print_lines([f"open hours  {found['openHours'] or '-'}"])
    if found["optOutUrl"]:
        print_lines([f"link        {found['optOutUrl']}"])


def _history_row(change: dict[str, Any]) -> list[str]:
    differences = ", ".join(
        f"{name}={_word(each['to'])}" for name, each in change["differences"].items()
    )
    by = change["changedBy"] or "-"
    return [_time(change["changedAt"]), change["way"], by, differences, _words(change)]


def _word(value: bool | str | None) -> str:
    return {True: "yes", False: "no", None: REMOVED}.get(value, str(value))  # type: ignore[arg-type]


def _time(text: str) -> str:
    return text[:19].replace("T", " ")


def _words(each: dict[str, Any]) -> str:
    if absence := each.get("wordsAbsence"):
        return shown_absence(absence)
    return each["words"] or ""
