"""`simpost refusals`: refused texts and their reasons."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from simpost.cli.messages import parse_since
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
from simpost.cli.output import print_columns, print_json
from simpost.domain.reasons import Reason

_PAGE = 200


def refusals(
    esim: Annotated[str | None, typer.Option(help="Show only this esimTranNo.")] = None,
    iccid: Annotated[str | None, typer.Option(help="Show only this ICCID.")] = None,
    reason: Annotated[Reason | None, typer.Option(help="Show only this reason.")] = None,
    since: Annotated[
        str | None, typer.Option(help="Show only the last 30m, 2h or 7d, or since an ISO time.")
    ] = None,
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
    """Show refused messages and their reasons."""
    which = {
        "esimTranNo": esim,
        "iccid": iccid,
        "reason": reason,
        "from": parse_since(since, datetime.now(UTC)) if since else None,
        "account": account,
    }
    if account:
        server, path = admin_server(url, config, admin_token), "/v1/admin/refusals"
    else:
        server, path = account_server(url, config, access_code, secret, api_key), "/v1/refusals"
    found: list[dict[str, Any]] = []
    cursor = None
    while True:
        size = min(limit - len(found), _PAGE)
        page = server.get(path, {**which, "limit": size, "cursor": cursor})
        found += page["refusals"]
        cursor = page["next"]
        if not cursor or len(found) >= limit:
            break
    if as_json:
        print_json(found)
        return
    if found:
        print_columns(list(_rows(found)))
    else:
        print("no refusals")
    for day in page["notListed"]:
        print(f"{day['day']}: {day['count']} more were refused and are not listed")


def _rows(found: list[dict[str, Any]]) -> Iterator[list[str]]:
    yield ["refused (UTC)", "eSIM", "ICCID", "reason", "request id", "meaning"]
    for each in found:
        yield [
            each["refusedAt"][:19].replace("T", " "),
            each["esimTranNo"] or "-",
            each["iccid"] or "-",
            each["reason"]["code"],
            each["requestId"] or "-",
            each["reason"]["explanation"],
        ]
