"""`simpost events`: the events of an account's messages."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any

import typer

from simpost.cli.options import AccessCode, ApiKey, AsJson, Config, Secret, Url, account_server
from simpost.cli.output import print_columns, print_json

_PAGE = 1_000


def events(
    after: Annotated[
        int | None,
        typer.Option(min=0, help="Show events after this sequence number; else from the oldest."),
    ] = None,
    limit: Annotated[int, typer.Option(min=1, help="Largest number to show.")] = 20,
    url: Url = None,
    config: Config = None,
    access_code: AccessCode = None,
    secret: Secret = None,
    api_key: ApiKey = None,
    as_json: AsJson = False,
) -> None:
    """Show events of messages, oldest first."""
    server = account_server(url, config, access_code, secret, api_key)
    found: list[dict[str, Any]] = []
    while True:
        size = min(limit - len(found), _PAGE)
        page = server.get("/v1/events", {"after": after, "limit": size})
        found += page["events"]
        after = page["next"]
        if not page["hasMore"] or len(found) >= limit:
            break
    if as_json:
        print_json(found)
    elif found:
        print_columns(list(_rows(found)))
    else:
        print(f"no events after {after}")


def _rows(found: list[dict[str, Any]]) -> Iterator[list[str]]:
    yield ["sequence", "occurred (UTC)", "type", "subject", "reason", "carrier"]
    for each in found:
        yield [
            str(each["sequence"]),
            each["occurredAt"][:19].replace("T", " "),
            each["type"],
            each["subject"],
            each["data"].get("reason") or "-",
            each["data"].get("carrier") or "-",
        ]
