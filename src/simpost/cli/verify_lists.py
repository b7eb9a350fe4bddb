"""`simpost verify list` and `ratios`: what became of one-time codes, without the codes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, Final

import typer

from simpost.cli.options import AccessCode, ApiKey, AsJson, Config, Secret, Url, account_server
from simpost.cli.output import print_columns, print_json, print_lines
from simpost.cli.pages import read_pages
from simpost.domain.verifications import VerificationState

_PATH: Final = "/v1/verifications"


def list_verifications(
    esim: Annotated[str | None, typer.Option(help="Show only this esimTranNo.")] = None,
    state: Annotated[
        VerificationState | None, typer.Option(help="Show only verifications in this state.")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, help="Largest number to show.")] = 20,
    url: Url = None,
    config: Config = None,
    access_code: AccessCode = None,
    secret: Secret = None,
    api_key: ApiKey = None,
    as_json: AsJson = False,
) -> None:
    """List verifications, newest first."""
    server = account_server(url, config, access_code, secret, api_key)
    which = {"esimTranNo": esim, "state": state.value if state else None}
    found = read_pages(server, _PATH, "verifications", which, limit)
    if as_json:
        print_json(found)
    elif found:
        print_columns(list(_rows(found)))
    else:
        print_lines(["no verifications"])


def list_ratios(
    url: Url = None,
    config: Config = None,
    access_code: AccessCode = None,
    secret: Secret = None,
    api_key: ApiKey = None,
    as_json: AsJson = False,
) -> None:
    """Show how many verifications of the last 24 hours succeeded, by prefix and hour."""
    server = account_server(url, config, access_code, secret, api_key)
    found = server.get("/v1/verification-ratios")["ratios"]
    if as_json:
        print_json(found)
    elif found:
        print_columns(list(_ratio_rows(found)))
    else:
        print_lines(["no verifications"])


def _rows(found: list[dict[str, Any]]) -> Iterator[list[str]]:
    yield ["started (UTC)", "id", "eSIM", "purpose", "state", "sends"]
    for each in found:
        started = each["createdAt"][:19].replace("T", " ")
        names = (each["id"], each["esimTranNo"], each["purpose"], each["state"])
        yield [started, *names, str(each["sends"])]


def _ratio_rows(found: list[dict[str, Any]]) -> Iterator[list[str]]:
    yield ["hour (UTC)", "country", "prefix", "started", "verified", "not verified", "ratio"]
    for each in found:
        ratio = "-" if each["ratio"] is None else f"{each['ratio']:.0%}"
        counts = (f"{each[name]:,}" for name in ("started", "verified", "unverified"))
        hour = each["hour"][:16].replace("T", " ")
        yield [hour, each["country"] or "-", each["prefix"], *counts, ratio]
