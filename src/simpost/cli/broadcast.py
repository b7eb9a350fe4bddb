"""`simpost broadcast`: preview, start, watch, pause, resume and cancel broadcasts."""

from __future__ import annotations

import csv
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Final, TypeAlias
from urllib.parse import quote

import typer

from simpost.cli.client import Server
from simpost.cli.options import AccessCode, ApiKey, AsJson, Config, Secret, Url, account_server
from simpost.cli.output import print_columns, print_json, print_lines
from simpost.cli.pages import read_pages, read_values
from simpost.errors import ConfigError

app = typer.Typer(no_args_is_help=True, help="Send one template to many eSIMs.")

_PATH: Final = "/v1/broadcasts"
_LOOK_S: Final = 0.5
_OVER: Final = ("finished", "cancelled", "expired", "paused")
_WIDTH: Final = 40

Id: TypeAlias = Annotated[str, typer.Argument(metavar="ID", help="Id of the broadcast.")]
Actor: TypeAlias = Annotated[str, typer.Option(help="Who does it, for people.")]


@app.command()
def start(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Name, for people.")],
    template: Annotated[str, typer.Option(help="Name of the template.")],
    value: Annotated[
        list[str] | None, typer.Option(metavar="NAME=VALUE", help="Value of a variable.")
    ] = None,
    category: Annotated[str, typer.Option(help="Category of the messages.")] = "notice",
    plan: Annotated[list[str] | None, typer.Option(help="Only eSIMs with this plan.")] = None,
    country: Annotated[list[str] | None, typer.Option(help="Only eSIMs in this country.")] = None,
    language: Annotated[
        list[str] | None, typer.Option(help="Only travellers with this language.")
    ] = None,
    status: Annotated[
        list[str] | None, typer.Option(help="Only eSIMs with this status, as IN_USE.")
    ] = None,
    esims: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="CSV file with a column esimTranNo: only these."),
    ] = None,
    everyone: Annotated[bool, typer.Option("--everyone", help="All eSIMs of the account.")] = False,
    per_second: Annotated[int, typer.Option(min=1, help="Messages in a second at most.")] = 10,
    at: Annotated[
        str | None, typer.Option("--at", metavar="TIME", help="Begin then: an RFC 3339 time.")
    ] = None,
    not_after: Annotated[
        str | None, typer.Option(metavar="TIME", help="Send nothing after that.")
    ] = None,
    stop_parts: Annotated[
        int | None, typer.Option(min=1, help="Pause it after this number of parts.")
    ] = None,
    actor: Actor = "",
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show the decisions; send nothing.")
    ] = False,
    watch: Annotated[
        bool, typer.Option("--watch", help="Show its progress; Ctrl-C pauses it.")
    ] = False,
    url: Url = None,
    config: Config = None,
    access_code: AccessCode = None,
    secret: Secret = None,
    api_key: ApiKey = None,
    as_json: AsJson = False,
) -> None:
    """Send a template to all eSIMs that meet the conditions, each once."""
    conditions = {"plans": plan, "countries": country, "languages": language, "statuses": status}
    audience: dict[str, Any] = {key: each for key, each in conditions.items() if each}
    if esims is not None:
        audience["esims"] = _read_esims(esims)
    if bool(audience) == everyone:
        raise ConfigError("say to whom: conditions, --esims or --everyone.")
    body = {
        "name": name,
        "template": template,
        "values": read_values(value),
        "category": category,
        "audience": audience,
        "perSecond": per_second,
        "startAt": at,
        "notAfter": not_after,
        "stopParts": stop_parts,
        "actor": actor,
        "dryRun": dry_run,
    }
    server = account_server(url, config, access_code, secret, api_key)
    answer = server.post(_PATH, body)
    if as_json:
        print_json(answer)
    elif dry_run:
        print_lines(_preview_lines(answer))
    else:
        print_lines(_lines(answer))
    if watch and not dry_run:
        _watch(server, answer["id"], actor)


@app.command("list")
def list_broadcasts(
    limit: Annotated[int, typer.Option(min=1, help="Largest number to show.")] = 20,
    url: Url = None,
    config: Config = None,
    access_code: AccessCode = None,
    secret: Secret = None,
    api_key: ApiKey = None,
    as_json: AsJson = False,
) -> None:
    """List broadcasts, newest first."""
    server = account_server(url, config, access_code, secret, api_key)
    found = read_pages(server, _PATH, "broadcasts", {}, limit)
    if as_json:
        print_json(found)
    elif not found:
        print_lines(["No broadcasts."])
    else:
        heading = ("id", "name", "status", "decided", "eSIMs")
        print_columns([heading, *(_row(each) for each in found)])


@app.command()
def show(
    broadcast_id: Id,
    url: Url = None,
    config: Config = None,
    access_code: AccessCode = None,
    secret: Secret = None,
    api_key: ApiKey = None,
    as_json: AsJson = False,
) -> None:
    """Show a broadcast: what it does, why, and its counts."""
    server = account_server(url, config, access_code, secret, api_key)
    _print(server.get(_place(broadcast_id)), as_json=as_json)


@app.command()
def watch(
    broadcast_id: Id,
    actor: Actor = "",
    url: Url = None,
    config: Config = None,
    access_code: AccessCode = None,
    secret: Secret = None,
    api_key: ApiKey = None,
) -> None:
    """Show the progress of a broadcast until it is over or paused. Ctrl-C pauses it."""
    _watch(account_server(url, config, access_code, secret, api_key), broadcast_id, actor)


@app.command()
def pause(
    broadcast_id: Id,
    actor: Actor = "",
    url: Url = None,
    config: Config = None,
    access_code: AccessCode = None,
    secret: Secret = None,
    api_key: ApiKey = None,
    as_json: AsJson = False,
) -> None:
    """Pause a broadcast."""
    server = account_server(url, config, access_code, secret, api_key)
    _print(_step(server, broadcast_id, "pause", actor), as_json=as_json)


@app.command()
def resume(
    broadcast_id: Id,
    actor: Actor = "",
    url: Url = None,
    config: Config = None,
    access_code: AccessCode = None,
    secret: Secret = None,
    api_key: ApiKey = None,
    as_json: AsJson = False,
) -> None:
    """Resume a broadcast: it sends to the eSIMs that remain."""
    server = account_server(url, config, access_code, secret, api_key)
    _print(_step(server, broadcast_id, "resume", actor), as_json=as_json)


@app.command()
def cancel(
    broadcast_id: Id,
    actor: Actor = "",
    url: Url = None,
    config: Config = None,
    access_code: AccessCode = None,
    secret: Secret = None,
    api_key: ApiKey = None,
    as_json: AsJson = False,
) -> None:
    """Cancel a broadcast: the eSIMs that remain get nothing."""
    server = account_server(url, config, access_code, secret, api_key)
    _print(_step(server, broadcast_id, "cancel", actor), as_json=as_json)


def _watch(server: Server, broadcast_id: str, actor: str) -> None:
    """Print a line of progress until it is over; an interrupt pauses it."""
    try:
        while True:
            found = server.get(_place(broadcast_id))
            print(f"\r{_bar(found)}", end="", file=sys.stderr, flush=True)
            if found["status"] in _OVER:
                break
            time.sleep(_LOOK_S)
    except KeyboardInterrupt:
        found = _step(server, broadcast_id, "pause", actor)
    print(file=sys.stderr)
    print_lines([f"{found['status']}: {found['explanation']}"])


def _bar(found: dict[str, Any]) -> str:
    counts = found["counts"]
    total = counts["total"]
    done = total - counts["remaining"]
    filled = _WIDTH * done // total if total else 0
    return f"[{'#' * filled}{' ' * (_WIDTH - filled)}] {done:,} of {total:,}  {found['status']}"


def _step(server: Server, broadcast_id: str, name: str, actor: str) -> dict[str, Any]:
    found: dict[str, Any] = server.post(f"{_place(broadcast_id)}/{name}", {"actor": actor})
    return found


def _read_esims(file: Path) -> list[str]:
    with file.open(newline="", encoding="utf-8-sig") as lines:
        rows = csv.DictReader(lines)
        if "esimTranNo" not in (rows.fieldnames or ()):
            raise ConfigError(f"{file}: the heading has no column esimTranNo.")
        return [row["esimTranNo"].strip() for row in rows if (row["esimTranNo"] or "").strip()]


def _place(broadcast_id: str) -> str:
    return f"{_PATH}/{quote(broadcast_id, safe='')}"


def _print(found: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        print_json(found)
    else:
        print_lines(_lines(found))


def _row(found: dict[str, Any]) -> tuple[str, ...]:
    counts = found["counts"]
    decided = counts["total"] - counts["remaining"]
    return found["id"], found["name"], found["status"], str(decided), str(counts["total"])


def _lines(found: dict[str, Any]) -> Iterator[str]:
    counts = found["counts"]
    yield f"{found['id']}  {found['name']}"
    yield f"{found['status']}: {found['explanation']}"
    yield (
        f"eSIMs      {counts['total']:,}: {counts['accepted']:,} accepted, "
        f"{counts['held']:,} held, {counts['refused']:,} refused, "
        f"{counts['cancelled']:,} cancelled, {counts['remaining']:,} remaining"
    )
    yield f"parts      {found['parts']:,}"
    yield f"pace       {found['perSecond']:,} a second"
    yield f"from       {found['startAt']} to {found['notAfter']}"


def _preview_lines(found: dict[str, Any]) -> Iterator[str]:
    yield f"eSIMs        {found['total']:,}, of which {found['decided']:,} were decided"
    yield f"would send   {found['sends']:,}, {found['parts']:,} parts with those held"
    yield f"would hold   {found['holds']:,}"
    for each in found["refusals"]:
        yield f"would refuse {each['count']:,}: {each['reason']['explanation']}"
    for each in found["samples"]:
        yield f"{each['language']:<5} {each['esimTranNo']}  {each['text']}"
