"""`simpost receipts`: receipts that were applied to no part; dismiss and restore them."""

from __future__ import annotations

from typing import Annotated, Any, Final, TypeAlias
from urllib.parse import quote

import typer

from simpost.cli.client import Server
from simpost.cli.options import AdminToken, AsJson, Config, Url, admin_server
from simpost.cli.output import print_columns, print_json, print_lines
from simpost.domain.plurals import counted
from simpost.domain.states import State

JobId: TypeAlias = Annotated[
    str, typer.Argument(metavar="JOB", help="Id of the dismissal of many receipts.")
]
app = typer.Typer(help="Show, dismiss and restore receipts that matched no part.")

_PATH: Final = "/v1/admin/receipts"
_JOBS: Final = f"{_PATH}/dismissals"
_HEADING: Final = ["last (UTC)", "carrier", "id", "state", "numbers", "count", "disposition"]
_KEYS: Final = ("carrier", "carrierMessageId", "state")
_PAGE: Final = 200
"""Most receipts of one request."""

Carrier: TypeAlias = Annotated[str | None, typer.Option(help="Only those of this carrier.")]
Id: TypeAlias = Annotated[
    str | None, typer.Option("--id", help="Only those with this id at the carrier.")
]
All: TypeAlias = Annotated[bool, typer.Option("--all", help="All of them, or of --carrier.")]


@app.callback(invoke_without_command=True)
def show(
    context: typer.Context,
    carrier: Carrier = None,
    limit: Annotated[int, typer.Option(min=1, max=200, help="Largest number to show.")] = 20,
    dismissed: Annotated[
        bool, typer.Option("--dismissed", help="Show those that were dismissed.")
    ] = False,
    url: Url = None,
    config: Config = None,
    admin_token: AdminToken = None,
    as_json: AsJson = False,
) -> None:
    """Show receipts that matched no part, newest first."""
    if context.invoked_subcommand:
        return
    server = admin_server(url, config, admin_token)
    found = _list(server, carrier, limit, is_dismissed=dismissed)
    if as_json:
        print_json(found)
    elif not found:
        print_lines(["no dismissed receipts" if dismissed else "no unmatched receipts"])
    else:
        print_columns([_HEADING, *(_row(each) for each in found)])


@app.command()
def dismiss(
    carrier: Carrier = None,
    carrier_id: Id = None,
    every: All = False,
    undo_s: Annotated[
        int | None,
        typer.Option(min=0, max=3_600, help="Seconds in which --all can be undone."),
    ] = None,
    actor: Annotated[str, typer.Option(help="Who does it, for people.")] = "",
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only count what --all means.")
    ] = False,
    url: Url = None,
    config: Config = None,
    admin_token: AdminToken = None,
    as_json: AsJson = False,
) -> None:
    """Leave receipts out of the list until they come again; `restore` undoes it.

    --all begins a job that can be undone by `simpost receipts stop` before it begins its work.
    """
    server = admin_server(url, config, admin_token)
    if every and carrier_id is None:
        body = {"carrier": carrier, "undoSeconds": undo_s, "actor": actor, "dryRun": dry_run}
        found = server.post(_JOBS, body)
        if as_json:
            print_json(found)
        else:
            print_lines([found["explanation"]] if dry_run else _job_lines(found))
        return
    count = _tell(server, "dismiss", carrier, carrier_id, every=every)
    if as_json:
        print_json({"count": count})
    else:
        print_lines([f"{counted(count, 'receipt')} dismissed"])


@app.command()
def jobs(
    limit: Annotated[int, typer.Option(min=1, max=200, help="Largest number to show.")] = 20,
    url: Url = None,
    config: Config = None,
    admin_token: AdminToken = None,
    as_json: AsJson = False,
) -> None:
    """List dismissals of many receipts, newest first."""
    server = admin_server(url, config, admin_token)
    found = server.get(_JOBS, {"limit": limit})["bulkJobs"]
    if as_json:
        print_json(found)
    else:
        print_lines([line for each in found for line in _job_lines(each)] or ["no dismissals"])


@app.command()
def job(
    job_id: JobId,
    url: Url = None,
    config: Config = None,
    admin_token: AdminToken = None,
    as_json: AsJson = False,
) -> None:
    """Show a dismissal of many receipts, with the first 200 of them."""
    server = admin_server(url, config, admin_token)
    path = f"{_JOBS}/{quote(job_id, safe='')}"
    found = server.get(path)
    items = server.get(f"{path}/items", {"limit": _PAGE})["items"]
    if as_json:
        print_json(found | {"items": items})
        return
    print_lines(_job_lines(found))
    if items:
        print_columns([("receipt", "state"), *((each["item"], each["state"]) for each in items)])


@app.command()
def stop(
    job_id: JobId,
    actor: Annotated[str, typer.Option(help="Who does it, for people.")] = "",
    url: Url = None,
    config: Config = None,
    admin_token: AdminToken = None,
    as_json: AsJson = False,
) -> None:
    """Undo a dismissal of many receipts that did not begin, or stop one that works."""
    server = admin_server(url, config, admin_token)
    found = server.post(f"{_JOBS}/{quote(job_id, safe='')}/stop", {"actor": actor})
    if as_json:
        print_json(found)
    else:
        print_lines(_job_lines(found))


@app.command()
def restore(
    carrier: Carrier = None,
    carrier_id: Id = None,
    every: All = False,
    url: Url = None,
    config: Config = None,
    admin_token: AdminToken = None,
    as_json: AsJson = False,
) -> None:
    """List receipts again that were dismissed."""
    server = admin_server(url, config, admin_token)
    count = _tell(server, "restore", carrier, carrier_id, every=every)
    if as_json:
        print_json({"count": count})
    else:
        print_lines([f"{counted(count, 'receipt')} restored"])


def _job_lines(found: dict[str, Any]) -> list[str]:
    counts = found["counts"]
    done = f"{counts['done']:,} dismissed, {counts['skipped']:,} skipped"
    return [
        found["id"],
        f"{found['status']}: {found['explanation']}",
        f"receipts   {counts['total']:,}: {done}, {counts['remaining']:,} remaining",
        f"due        {found['dueAt']}",
    ]


def _tell(
    server: Server, verb: str, carrier: str | None, carrier_id: str | None, *, every: bool
) -> int:
    """How many receipts there were: with this id, or all."""
    if every == (carrier_id is not None):
        raise typer.BadParameter("give --carrier and --id, or --all")
    if carrier_id is not None:
        if carrier is None:
            raise typer.BadParameter("--id needs --carrier")
        ids = {"carrier": carrier, "carrierMessageId": carrier_id}
        return _post(server, verb, [{**ids, "state": state.value} for state in State])
    total, is_last = 0, False
    while not is_last and (found := _list(server, carrier, _PAGE, is_dismissed=verb == "restore")):
        count = _post(server, verb, [{key: each[key] for key in _KEYS} for each in found])
        total += count
        is_last = not count or len(found) < _PAGE
    return total


def _post(server: Server, verb: str, names: list[dict[str, str]]) -> int:
    return int(server.post(f"{_PATH}/{verb}", {"receipts": names})["count"])


def _list(
    server: Server, carrier: str | None, limit: int, *, is_dismissed: bool
) -> list[dict[str, Any]]:
    query = {"carrier": carrier, "limit": limit, "dismissed": "true" if is_dismissed else None}
    found: list[dict[str, Any]] = server.get(_PATH, query)["receipts"]
    return found


def _row(each: dict[str, Any]) -> list[str]:
    ids = [each["carrierMessageId"] or "-", *([each["textId"]] if each["textId"] else [])]
    code = f" ({each['carrierCode']})" if each["carrierCode"] else ""
    return [
        each["lastAt"][:19].replace("T", " "),
        each["carrier"],
        " or ".join(ids),
        each["state"] + code,
        ", ".join(each["numbers"]) or "-",
        str(each["count"]),
        each["disposition"],
    ]
