"""`simpost audit`: what users of the console changed and revealed."""

from __future__ import annotations

from typing import Annotated

import typer

from simpost.cli.options import AdminToken, AsJson, Config, Url, admin_server
from simpost.cli.output import print_columns, print_json, print_lines
from simpost.cli.pages import read_pages

_HEADING = ["at (UTC)", "user", "account", "act", "of", "address"]


def audit(
    account: Annotated[
        str | None, typer.Option(help="Show only acts that concern this access code.")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, help="Largest number to show.")] = 50,
    url: Url = None,
    config: Config = None,
    admin_token: AdminToken = None,
    as_json: AsJson = False,
) -> None:
    """Show what users of the console changed and revealed, newest first."""
    server = admin_server(url, config, admin_token)
    found = read_pages(server, "/v1/admin/audit", "rows", {"account": account}, limit)
    if as_json:
        print_json(found)
    elif not found:
        print_lines(["no acts"])
    else:
        rows = [
            [
                each["at"][:19].replace("T", " "),
                each["user"],
                each["account"] or "-",
                each["action"],
                each["target"],
                each["address"],
            ]
            for each in found
        ]
        print_columns([_HEADING, *rows])
