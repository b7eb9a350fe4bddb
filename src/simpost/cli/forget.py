"""`simpost forget`: erase the texts, numbers and places of the traveller behind an eSIM."""

from __future__ import annotations

import sys
from typing import Annotated, Any
from urllib.parse import quote

import typer

from simpost.cli.options import AdminToken, AsJson, Config, Url, admin_server
from simpost.cli.output import print_columns, print_json, print_lines
from simpost.errors import ConfigError

_SHOWN = 50


def forget(
    esim: Annotated[str, typer.Option(metavar="ESIMTRANNO", help="The eSIM of the traveller.")],
    account: Annotated[
        str | None,
        typer.Option(help="Access code of its account. Needed when the eSIM was deleted."),
    ] = None,
    requested_by: Annotated[
        str | None, typer.Option("--requested-by", help="Who asked for it, for the record.")
    ] = None,
    history: Annotated[
        bool, typer.Option("--history", help="Erase nothing; show earlier erasures.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask for a confirmation.")] = False,
    url: Url = None,
    config: Config = None,
    admin_token: AdminToken = None,
    as_json: AsJson = False,
) -> None:
    """Erase the texts and numbers of the traveller behind an eSIM, and where they were.

    This cannot be undone. Messages that have not left are cancelled; their records stay with
    states and times. The eSIM loses its numbers until an import brings them back.
    """
    if not (yes or history or sys.stdin.isatty()):
        raise ConfigError("forget asks for a confirmation: give --yes when stdin is no terminal.")
    server = admin_server(url, config, admin_token)
    key = quote(esim, safe="")
    owner = account or str(server.get(f"/v1/admin/esims/{key}")["account"])
    path = f"/v1/admin/accounts/{quote(owner, safe='')}/esims/{key}"
    if history:
        found = server.get(f"{path}/erasures", {"limit": _SHOWN})["erasures"]
    elif yes or typer.confirm(f"Erase all texts, numbers and places of eSIM {esim}?", err=True):
        body = {"requestedBy": requested_by} if requested_by else {}
        found = [server.post(f"{path}/forget", body)]
    else:
        raise typer.Exit(1)
    if as_json:
        print_json(found if history else found[0])
    elif found:
        _show(found)
    else:
        print_lines(["no erasures"])


def _show(found: list[dict[str, Any]]) -> None:
    rows = [["begun (UTC)", "ended (UTC)", "requested by", "erased"]]
    rows += [
        [
            _time(each["begunAt"]),
            _time(each["endedAt"]) if each["endedAt"] else "-",
            each["requestedBy"],
            ", ".join(f"{count} {name}" for name, count in each["erased"].items() if count) or "-",
        ]
        for each in found
    ]
    print_columns(rows)
    if not found[0]["endedAt"]:
        print_lines(["The end is recorded when no message is with a carrier."])


def _time(text: str) -> str:
    return text[:19].replace("T", " ")
