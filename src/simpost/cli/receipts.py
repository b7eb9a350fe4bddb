"""`simpost receipts`: receipts that were applied to no part."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from simpost.cli.options import AdminToken, AsJson, Config, Url, admin_server
from simpost.cli.output import print_columns, print_json, print_lines

_HEADING = ["last (UTC)", "carrier", "id", "state", "numbers", "count", "disposition"]


def receipts(
    carrier: Annotated[str | None, typer.Option(help="Show only this carrier.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=200, help="Largest number to show.")] = 20,
    url: Url = None,
    config: Config = None,
    admin_token: AdminToken = None,
    as_json: AsJson = False,
) -> None:
    """Show receipts that matched no part, newest first."""
    server = admin_server(url, config, admin_token)
    query = {"carrier": carrier, "limit": limit}
    found = server.get("/v1/admin/receipts", query)["receipts"]
    if as_json:
        print_json(found)
    elif not found:
        print_lines(["no unmatched receipts"])
    else:
        print_columns([_HEADING, *(_row(each) for each in found)])


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
