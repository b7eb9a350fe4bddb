"""`simpost broadcast`: preview, start, watch, pause, resume and cancel broadcasts."""

from __future__ import annotations

import csv
import sys
import time
from http import HTTPStatus
from pathlib import Path
from typing import Annotated, Any, Final, TypeAlias
from urllib.parse import quote
from uuid import uuid4

import typer

from simpost.cli.broadcast_files import delete_file, list_file_rows, list_files, upload_file
from simpost.cli.broadcast_output import (
    broadcast_lines,
    list_row,
    preview_lines,
    progress_bar,
    recipient_row,
)
from simpost.cli.client import RequestRefused, Server
from simpost.cli.options import AccessCode, ApiKey, AsJson, Config, Secret, Url, account_server
from simpost.cli.output import print_columns, print_json, print_lines
from simpost.cli.pages import read_pages, read_values
from simpost.domain.broadcasts import BroadcastStatus
from simpost.errors import ConfigError

app = typer.Typer(no_args_is_help=True, help="Send one template to many eSIMs.")

_PATH: Final = "/v1/broadcasts"
_LOOK_S: Final = 0.5
_OVER: Final = ("finished", "cancelled", "expired", "paused")

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
    tag: Annotated[list[str] | None, typer.Option(help="Only eSIMs with this tag.")] = None,
    esims: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="CSV file with a column esimTranNo: only these."),
    ] = None,
    file: Annotated[
        str | None, typer.Option(metavar="ID", help="Only the eSIMs of an uploaded file.")
    ] = None,
    everyone: Annotated[bool, typer.Option("--everyone", help="All eSIMs of the account.")] = False,
    per_second: Annotated[
        float, typer.Option(min=0.01, help="Messages in a second at most.")
    ] = 10.0,
    local_time: Annotated[
        str | None, typer.Option(metavar="HH:MM", help="Send at this time of day of each eSIM.")
    ] = None,
    at: Annotated[
        str | None, typer.Option("--at", metavar="TIME", help="Begin then: an RFC 3339 time.")
    ] = None,
    not_after: Annotated[
        str | None, typer.Option(metavar="TIME", help="Send nothing after that.")
    ] = None,
    stop_refused: Annotated[
        int, typer.Option(min=0, max=100, help="Pause it if more percent are refused; 0: never.")
    ] = 50,
    stop_failed: Annotated[
        int, typer.Option(min=0, max=100, help="Pause it if more percent fail; 0: never.")
    ] = 50,
    stop_opted_out: Annotated[
        int, typer.Option(min=0, max=100, help="Pause it if more percent opt out; 0: never.")
    ] = 5,
    stop_parts: Annotated[
        int | None, typer.Option(min=1, help="Pause it after this number of parts.")
    ] = None,
    stop_cost: Annotated[
        str | None, typer.Option(metavar="UNITS", help="Pause it at this cost, such as 25.5.")
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
    conditions = {
        "plans": plan,
        "countries": country,
        "languages": language,
        "statuses": status,
        "tags": tag,
    }
    audience: dict[str, Any] = {key: each for key, each in conditions.items() if each}
    if esims is not None:
        audience["esims"] = _read_esims(esims)
    if file is not None:
        audience["file"] = file
    if bool(audience) == everyone:
        raise ConfigError("say to whom: conditions, --esims, --file or --everyone.")
    body = {
        "name": name,
        "template": template,
        "values": read_values(value),
        "category": category,
        "audience": audience,
        "perSecond": per_second,
        "localTime": local_time,
        "startAt": at,
        "notAfter": not_after,
        "stopRefusedPercent": stop_refused or None,
        "stopFailedPercent": stop_failed or None,
        "stopOptedOutPercent": stop_opted_out or None,
        "stopParts": stop_parts,
        "stopCost": stop_cost,
        "actor": actor,
        "dryRun": dry_run,
    }
    server = account_server(url, config, access_code, secret, api_key)
    answer = server.post(_PATH, body, request_id="" if dry_run else str(uuid4()))
    if dry_run:
        if as_json:
            print_json(answer)
        else:
            print_lines(preview_lines(answer))
        return
    if not as_json or not watch:
        _print(answer, as_json=as_json)
    if watch:
        _watch(server, answer["id"], actor, as_json=as_json)


app.command("file")(upload_file)
app.command("files")(list_files)
app.command("file-rows")(list_file_rows)
app.command("delete-file")(delete_file)


@app.command("list")
def list_broadcasts(
    status: Annotated[
        BroadcastStatus | None, typer.Option(help="Only those with this status.")
    ] = None,
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
    found = read_pages(server, _PATH, "broadcasts", {"status": status}, limit)
    if as_json:
        print_json(found)
    elif not found:
        print_lines(["No broadcasts."])
    else:
        heading = ("id", "name", "status", "decided", "eSIMs")
        print_columns([heading, *(list_row(each) for each in found)])


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
def recipients(
    broadcast_id: Id,
    state: Annotated[
        str | None, typer.Option(help="Only those in this state, such as refused.")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, help="Largest number to show.")] = 200,
    url: Url = None,
    config: Config = None,
    access_code: AccessCode = None,
    secret: Secret = None,
    api_key: ApiKey = None,
    as_json: AsJson = False,
) -> None:
    """List what became of each eSIM of a broadcast."""
    server = account_server(url, config, access_code, secret, api_key)
    path = f"{_place(broadcast_id)}/recipients"
    found = read_pages(server, path, "recipients", {"state": state}, limit, cursor="after")
    if as_json:
        print_json(found)
    else:
        heading = ("eSIM", "state", "message", "why")
        print_columns([heading, *map(recipient_row, found)])


@app.command()
def watch(
    broadcast_id: Id,
    actor: Actor = "",
    url: Url = None,
    config: Config = None,
    access_code: AccessCode = None,
    secret: Secret = None,
    api_key: ApiKey = None,
    as_json: AsJson = False,
) -> None:
    """Show the progress of a broadcast until it is over or paused. Ctrl-C pauses it."""
    server = account_server(url, config, access_code, secret, api_key)
    _watch(server, broadcast_id, actor, as_json=as_json)


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


def _watch(server: Server, broadcast_id: str, actor: str, *, as_json: bool) -> None:
    """Show the progress until it is over; an interrupt pauses it. Exits with 1 if it did not end.

    Only a terminal is shown a bar.
    """
    has_bar = sys.stderr.isatty()
    try:
        while True:
            found = server.get(_place(broadcast_id))
            if has_bar:
                print(f"\r{progress_bar(found)}\x1b[K", end="", file=sys.stderr, flush=True)
            if found["status"] in _OVER:
                break
            time.sleep(_LOOK_S)
    except KeyboardInterrupt:
        server.close()  # the interrupt may have cut a response
        found = _pause(server, broadcast_id, actor)
    if has_bar:
        print(file=sys.stderr)
    if as_json:
        print_json(found)
    else:
        print_lines([f"{found['status']}: {found['explanation']}"])
    if found["status"] != "finished":
        raise typer.Exit(1)


def _pause(server: Server, broadcast_id: str, actor: str) -> dict[str, Any]:
    """It, paused; one that was just over as it is."""
    try:
        return _step(server, broadcast_id, "pause", actor)
    except RequestRefused as error:
        if error.status != HTTPStatus.CONFLICT:
            raise
    found: dict[str, Any] = server.get(_place(broadcast_id))
    return found


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
        print_lines(broadcast_lines(found))
