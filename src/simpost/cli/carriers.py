"""`simpost carriers`: list their connections; pause, drain and resume carriers."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Annotated, Any, TypeAlias
from urllib.parse import quote

import typer

from simpost.cli.options import AdminToken, AsJson, Config, Url, admin_server
from simpost.cli.output import print_columns, print_json, print_lines
from simpost.domain.message_counts import show_delay

app = typer.Typer(help="Show, pause, drain and resume carriers.")

_PATH = "/v1/admin/carriers"
_HEADING = [
    "carrier", "connection", "state", "unanswered", "rate/s",
    "last heard", "queued", "oldest", "leased", "receipts", "problem"
]  # fmt: skip

Name: TypeAlias = Annotated[str, typer.Argument(help="Name of the carrier.")]


@app.callback(invoke_without_command=True)
def show(
    context: typer.Context,
    url: Url = None,
    config: Config = None,
    admin_token: AdminToken = None,
    as_json: AsJson = False,
) -> None:
    """Show, pause, drain and resume carriers.

    `oldest` is how long ago the message of the oldest queued part was accepted; `receipts` is how
    long receipts of deliveries took in the last hour: half of them, and 95 of 100.
    """
    if context.invoked_subcommand:
        return
    carriers = admin_server(url, config, admin_token).get(_PATH)["carriers"]
    if as_json:
        print_json(carriers)
    else:
        _print(carriers)


@app.command()
def pause(
    name: Name,
    url: Url = None,
    config: Config = None,
    admin_token: AdminToken = None,
    as_json: AsJson = False,
) -> None:
    """Send nothing by a carrier until it is resumed; it stays bound and receives receipts.

    Messages are still accepted: they use the next carrier of their route, or stay queued.
    """
    _tell(name, "pause", url, config, admin_token, as_json=as_json)


@app.command()
def resume(
    name: Name,
    url: Url = None,
    config: Config = None,
    admin_token: AdminToken = None,
    as_json: AsJson = False,
) -> None:
    """End a pause or a drain."""
    _tell(name, "resume", url, config, admin_token, as_json=as_json)


@app.command()
def drain(
    name: Name,
    url: Url = None,
    config: Config = None,
    admin_token: AdminToken = None,
    as_json: AsJson = False,
) -> None:
    """Send nothing more, wait for unanswered parts, then unbind, until the carrier is resumed."""
    _tell(name, "drain", url, config, admin_token, as_json=as_json)


def _tell(
    name: str,
    verb: str,
    url: str | None,
    config: Any,
    admin_token: str | None,
    *,
    as_json: bool,
) -> None:
    server = admin_server(url, config, admin_token)
    carrier = server.post(f"{_PATH}/{quote(name, safe='')}/{verb}", {})
    if as_json:
        print_json(carrier)
    else:
        _print([carrier])


def _print(carriers: list[dict[str, Any]]) -> None:
    now = datetime.now(UTC)
    print_columns([_HEADING, *(row for carrier in carriers for row in rows_of(carrier, now))])
    for carrier in carriers:
        print_lines(lines_of_forms(carrier, now))


def rows_of(carrier: dict[str, Any], now: datetime) -> Iterator[list[str]]:
    """A row for each connection; what holds for the carrier stands in the first."""
    paused = ", paused" if carrier["paused"] else ""
    counts = [
        f"{carrier['queued']}",
        _oldest(carrier, now),
        f"{carrier['leased']}",
        _receipts(carrier),
    ]
    if not carrier["connections"]:
        yield [carrier["name"], "", "not configured", "", "", "", *counts, ""]
    for index, one in enumerate(carrier["connections"]):
        yield [
            "" if index else carrier["name"],
            f"{one['number']} {one['kind']}" + (f" at {node}" if (node := one["node"]) else ""),
            one["state"] + paused,
            f"{one['unanswered']}/{one['maxUnanswered']}" if one["maxUnanswered"] else "",
            _rate(one),
            _age(one["lastHeardAt"], now),
            *([""] * len(counts) if index else counts),
            one["problem"],
        ]


def lines_of_forms(carrier: dict[str, Any], now: datetime) -> Iterator[str]:
    """How receipts of this carrier write the ids of its answers, where they differ."""
    for form in carrier["receiptIdFormats"]:
        times = "once" if form["count"] == 1 else f"{form['count']} times"
        seen = f"seen {times}, last {_age(form['lastSeenAt'], now)}"
        yield f"{carrier['name']}: {form['description']} ({seen})"


def _oldest(carrier: dict[str, Any], now: datetime) -> str:
    return _age(carrier["oldestQueuedAt"], now) if carrier["oldestQueuedAt"] else ""


def _receipts(carrier: dict[str, Any]) -> str:
    """The median and the 95th percentile of their delay."""
    if not (delay := carrier["receiptDelay"]):
        return ""
    return f"{show_delay(delay['medianMs'])}, 95 % {show_delay(delay['p95Ms'])}"


def _rate(one: dict[str, Any]) -> str:
    if not one["maxUnanswered"]:
        return ""
    allowed = one["allowedPerSecond"]
    measured = plain_rate(float(f"{one['ratePerSecond']:.3g}"))  # a measurement has no more
    return f"{measured} of {plain_rate(allowed)}" if allowed else measured


def plain_rate(per_s: float) -> str:
    """With all its digits, and never in powers of ten."""
    return f"{per_s:.12f}".rstrip("0").rstrip(".")


def _age(time: str | None, now: datetime) -> str:
    if time is None:
        return "never"
    seconds = max(0, round((now - datetime.fromisoformat(time)).total_seconds()))
    if seconds < 120:
        return f"{seconds} s ago"
    return f"{seconds // 60} min ago" if seconds < 7200 else f"{seconds // 3600} h ago"
