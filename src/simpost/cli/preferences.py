"""`simpost preferences`: what travellers want to be sent, its history, imports and flags."""

from __future__ import annotations

import csv
import re
import sys
from collections.abc import Iterator
from contextlib import nullcontext
from itertools import islice
from pathlib import Path
from typing import Annotated, Any, TextIO, TypeAlias
from urllib.parse import quote

import typer

from simpost.cli.client import Server
from simpost.cli.options import AccessCode, AsJson, Config, Secret, Url, account_server
from simpost.cli.output import print_columns, print_json, print_lines
from simpost.domain.policy.window_text import parse_windows
from simpost.errors import ConfigError

app = typer.Typer(no_args_is_help=True, help="Show and change what travellers are sent.")

_CATEGORIES = ("service", "support", "notice", "promotion")
_YES_NO = {"yes": True, "true": True, "1": True, "no": False, "false": False, "0": False}
_REMOVED = "default"
_FIELDS = ("esimTranNo", *_CATEGORIES, "language", "openHours", "words")
_RULES = {
    "esimTranNo": (r"[!-~]{1,64}", "must be 1 to 64 visible ASCII characters, without spaces"),
    "language": (r"|default|[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8}){0,3}", "must be like fr or pt-BR"),
    "openHours": (r".{0,200}", "must have at most 200 characters"),
    "words": (r"[^\x00]{0,500}", "must have at most 500 characters"),
}
_BATCH = 200
_PAGE = 200

Esim: TypeAlias = Annotated[
    str | None,
    typer.Argument(metavar="[ESIM]", help="esimTranNo. Without it: the defaults of the account."),
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
    as_json: AsJson = False,
) -> None:
    """Show what is sent to an eSIM, and what decided it."""
    found = account_server(url, config, access_code, secret).get(_path(esim))
    _print(found, as_json=as_json)


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
    as_json: AsJson = False,
) -> None:
    """Change what is sent to an eSIM; `default` removes a choice."""
    given = {"service": service, "support": support, "notice": notice, "promotion": promotion}
    choices = {name: _choice(name, text) for name, text in given.items() if text is not None}
    changes: dict[str, Any] = {"categories": choices} if choices else {}
    for name, text in (("language", language), ("openHours", open_hours)):
        if text is not None:
            changes[name] = None if text == _REMOVED else text
    if not changes:
        raise ConfigError("nothing to change: give a category, --language or --open-hours.")
    said = {"words": words, "changedBy": changed_by}
    changes |= {name: text for name, text in said.items() if text is not None}
    server = account_server(url, config, access_code, secret)
    _print(server.patch(_path(esim), {"way": "cli", **changes}), as_json=as_json)


@app.command()
def history(
    esim: Esim = None,
    limit: Annotated[int, typer.Option(min=1, help="Largest number to show.")] = 20,
    url: Url = None,
    config: Config = None,
    access_code: AccessCode = None,
    secret: Secret = None,
    as_json: AsJson = False,
) -> None:
    """Show how the preferences changed: who, when, by which way, with which words."""
    server = account_server(url, config, access_code, secret)
    found = list(islice(_pages(server, f"{_path(esim)}/history", "changes", limit), limit))
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
) -> None:
    """Import preferences of eSIMs; what travellers chose by a text or a link stays.

    Columns: esimTranNo, service, support, notice, promotion (yes, no or default), language,
    openHours, words. An empty cell leaves a value as it is.
    """
    server = account_server(url, config, access_code, secret)
    counts = {"changed": 0, "unchanged": 0, "esim_unknown": 0}
    bad = 0
    opened = nullcontext(sys.stdin) if str(file) == "-" else _opened(file)
    with opened as lines:
        rows = _rows(lines)
        while batch := list(islice(rows, _BATCH)):
            good = [row for _, row in batch if not isinstance(row, str)]
            for line, problem in batch:
                if isinstance(problem, str):
                    bad += 1
                    print_lines([f"line {line}: {problem}"])
            if not good:
                continue
            answer = server.post("/v1/preferences/import", {"rows": good})
            for result in answer["results"]:
                counts[result["outcome"]] += 1
    print_lines([f"{counts['changed']} changed, {counts['unchanged']} unchanged"])
    if counts["esim_unknown"] or bad:
        print_lines([f"{counts['esim_unknown']} eSIMs unknown, {bad} lines not valid"])
        raise typer.Exit(1)


@app.command()
def flags(
    close: Annotated[str | None, typer.Option(metavar="ID", help="Close this flag.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="Largest number to show.")] = 20,
    url: Url = None,
    config: Config = None,
    access_code: AccessCode = None,
    secret: Secret = None,
    as_json: AsJson = False,
) -> None:
    """Show texts that may mean "stop" and changed nothing, newest first."""
    server = account_server(url, config, access_code, secret)
    if close:
        server.delete(f"/v1/preferences/flags/{quote(close, safe='')}")
        print("closed")
        return
    found = list(islice(_pages(server, "/v1/preferences/flags", "flags", limit), limit))
    if as_json:
        print_json(found)
    elif found:
        rows = [[_time(each["receivedAt"]), each["id"], each["esimTranNo"], each["words"]]
                for each in found]  # fmt: skip
        print_columns([["received (UTC)", "id", "eSIM", "text"], *rows])
    else:
        print("no flags")


def _path(esim: str | None) -> str:
    return f"/v1/esims/{quote(esim, safe='')}/preferences" if esim else "/v1/preferences"


def _choice(name: str, text: str) -> bool | None:
    word = text.strip().lower()
    if word != _REMOVED and word not in _YES_NO:
        raise ConfigError(f"{name} must be yes, no or {_REMOVED}, and is {text!r}.")
    return _YES_NO.get(word)


def _pages(server: Server, path: str, name: str, limit: int) -> Iterator[dict[str, Any]]:
    cursor = None
    while True:
        page = server.get(path, {"limit": min(limit, _PAGE), "cursor": cursor})
        yield from page[name]
        cursor = page["next"]
        if not cursor:
            return


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
    return [_time(change["changedAt"]), change["way"], by, differences, change["words"] or ""]


def _word(value: bool | str | None) -> str:
    return {True: "yes", False: "no", None: _REMOVED}.get(value, str(value))  # type: ignore[arg-type]


def _time(text: str) -> str:
    return text[:19].replace("T", " ")


def _opened(file: Path) -> TextIO:
    try:
        return file.open(encoding="utf-8-sig", newline="")
    except OSError as error:
        raise ConfigError(f"{file}: {error.strerror}.") from None


def _rows(lines: TextIO) -> Iterator[tuple[int, dict[str, Any] | str]]:
    """The line and the row of each line, or what is wrong with it."""
    reader = csv.DictReader(lines)
    heading = reader.fieldnames or []
    if "esimTranNo" not in heading or not set(heading) <= set(_FIELDS):
        raise ConfigError(f"the heading must have esimTranNo, and others of {', '.join(_FIELDS)}.")
    try:
        for row in reader:
            try:
                yield reader.line_num, _row(row)
            except (ConfigError, ValueError) as error:
                yield reader.line_num, str(error)
    except (csv.Error, UnicodeDecodeError) as error:
        raise ConfigError(f"line {reader.line_num + 1} is not CSV in UTF-8: {error}.") from None


def _row(row: dict[str | Any, str | Any]) -> dict[str, Any]:
    if None in row:
        raise ValueError("more cells than the heading has.")
    cells = {name: text.strip() for name, text in row.items() if text and text.strip()}
    for name, (pattern, rule) in _RULES.items():
        if not re.fullmatch(pattern, cells.get(name, "")):
            raise ValueError(f"{name} {rule}.")
    if (hours := cells.get("openHours", _REMOVED)) != _REMOVED:
        parse_windows(hours)
    choices = {name: _choice(name, cells.pop(name)) for name in _CATEGORIES if name in cells}
    found: dict[str, Any] = {
        name: None if text == _REMOVED and name in ("language", "openHours") else text
        for name, text in cells.items()
    }
    return {**found, "categories": choices} if choices else found
