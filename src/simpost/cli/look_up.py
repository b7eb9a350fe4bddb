"""`simpost find`: the eSIMs and messages that a number, an id or an order stands for."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any

import typer

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
    is_admins,
)
from simpost.cli.output import print_columns, print_json, print_lines


def look_up(
    text: Annotated[
        str,
        typer.Argument(
            help="An ICCID in any form, an esimTranNo, order, number or IMSI; the id of a message, "
            "its id at the carrier, or its reference."
        ),
    ],
    url: Url = None,
    config: Config = None,
    access_code: AccessCode = None,
    secret: Secret = None,
    api_key: ApiKey = None,
    admin_token: AdminToken = None,
    as_json: AsJson = False,
) -> None:
    """Find eSIMs and messages by any number, id or order.

    With the admin token: of all accounts. The exit code is 1 if nothing is found.
    """
    if is_admins(None, access_code, secret, api_key, config, admin_token):
        server, path = admin_server(url, config, admin_token), "/v1/admin/look-up"
    else:
        server, path = account_server(url, config, access_code, secret, api_key), "/v1/look-up"
    found = server.get(path, {"text": text})
    if as_json:
        print_json(found)
    elif found["esims"]:
        print_columns(list(_esim_rows(found["esims"])))
    elif found["messages"]:
        print_columns(list(_message_rows(found["messages"])))
    else:
        print_lines(["nothing found"])
    if not found["esims"] and not found["messages"]:
        raise typer.Exit(1)


def _esim_rows(esims: list[dict[str, Any]]) -> Iterator[list[str]]:
    yield ["account", "eSIM", "ICCID", "number", "order"]
    for each in esims:
        names = (each[name] or "-" for name in ("iccid", "msisdn", "orderNo"))
        yield [each["account"], each["esimTranNo"], *names]


def _message_rows(messages: list[dict[str, Any]]) -> Iterator[list[str]]:
    yield ["account", "message", "accepted (UTC)", "eSIM", "state"]
    for each in messages:
        accepted = each["createdAt"][:19].replace("T", " ")
        yield [each["account"], each["id"], accepted, each["esimTranNo"], each["state"]]
