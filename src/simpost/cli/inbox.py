"""`simpost inbox`: inbound messages, and the conversation of an eSIM."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any
from urllib.parse import quote

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
)
from simpost.cli.output import print_columns, print_json, print_lines
from simpost.cli.pages import read_pages
from simpost.domain.texts import shown_absence
from simpost.errors import ConfigError

_ARROW = {"toEsim": "->", "fromEsim": "<-"}


def inbox(
    inbound_id: Annotated[
        str | None,
        typer.Argument(metavar="[ID]", help="Show this message with its raw octets."),
    ] = None,
    esim: Annotated[
        str | None, typer.Option(help="Show the conversation of this esimTranNo.")
    ] = None,
    unassigned: Annotated[
        bool,
        typer.Option(
            "--unassigned", help="Show messages that belong to no account (needs the admin token)."
        ),
    ] = False,
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
    """Show inbound messages from handsets and phones."""
    if esim and unassigned:
        raise ConfigError("--esim and --unassigned: choose one.")
    if account and unassigned:
        raise ConfigError("--account and --unassigned: choose one.")
    path, name = "/v1/inbound", "inbound"
    which = {}
    if unassigned or account:
        server = admin_server(url, config, admin_token)
        path = "/v1/admin/inbound"
        which = {"account": account}
    else:
        server = account_server(url, config, access_code, secret, api_key)
    if esim:
        owner = f"/v1/admin/accounts/{quote(account, safe='')}" if account else "/v1"
        path, name = f"{owner}/esims/{quote(esim, safe='')}/conversation", "entries"
        which = {}
    if inbound_id:
        if esim:
            raise ConfigError("an id and --esim: choose one.")
        one = server.get(f"{path}/{quote(inbound_id, safe='')}")
        if as_json:
            print_json(one)
        else:
            print_lines(_in_full(one))
        return
    found = read_pages(server, path, name, which, limit)
    if as_json:
        print_json(found)
    elif found:
        print_columns(list(_said(found) if esim else _came(found)))
    else:
        print("no inbound messages" if not esim else "no messages in this conversation")


def _in_full(one: dict[str, Any]) -> Iterator[str]:
    yield f"inbound   {one['id']}"
    yield f"received  {one['receivedAt']} by {one['carrier']}"
    yield f"state     {_state(one)}"
    yield f"from      {one['from']}"
    yield f"to        {one['to']}"
    yield f"eSIM      {one['esimTranNo'] or '-'}"
    yield f"encoding  {one['encoding']}"
    yield f"text      {_text(one)}"
    for part in one["parts"]:
        cut = f" of {part['size']}" if part["size"] > len(part["octets"]) // 2 else ""
        yield (
            f"part {part['number']:<3}  data_coding 0x{part['dataCoding']:02X}, "
            f"esm_class 0x{part['esmClass']:02X}, {len(part['octets']) // 2}{cut} octets: "
            f"{part['octets']}"
        )


def _came(found: list[dict[str, Any]]) -> Iterator[list[str]]:
    yield ["received (UTC)", "from", "to", "eSIM", "state", "text"]
    for each in found:
        yield [
            _time(each["receivedAt"]),
            each["from"],
            each["to"],
            each["esimTranNo"] or "-",
            _state(each),
            _text(each),
        ]


def _said(found: list[dict[str, Any]]) -> Iterator[list[str]]:
    yield ["time (UTC)", "", "from", "to", "state", "text"]
    for each in found:
        yield [
            _time(each["at"]),
            _ARROW[each["direction"]],
            each["from"],
            each["to"],
            _state(each),
            _text(each),
        ]


def _time(text: str) -> str:
    return text[:19].replace("T", " ")


def _state(each: dict[str, Any]) -> str:
    reason = each["reason"]
    notes = [reason["code"]] if reason else []
    if each["missingParts"]:
        notes.append("incomplete")
    return f"{each['state']} ({', '.join(notes)})" if notes else str(each["state"])


def _text(each: dict[str, Any]) -> str:
    if absence := each.get("textAbsence"):
        return shown_absence(absence)
    if each["binary"] is not None:
        note = "undecodable " if each.get("encoding") == "undecodable" else ""
        return f"{note}{each['binary']}"
    return each["text"] or ""
