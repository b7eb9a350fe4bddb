"""`simpost messages`: the message log, and one message in full."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote

import typer

from simpost.cli.exchange_lines import exchange_lines
from simpost.cli.export import export_messages, format_of
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
    is_admins,
)
from simpost.cli.output import print_columns, print_json, print_lines
from simpost.cli.pages import read_pages
from simpost.cli.timeline import timeline
from simpost.cli.times import SPAN, parse_span, parse_time, read_time, write_time
from simpost.domain.messages import Category
from simpost.domain.reasons import Reason
from simpost.domain.states import State
from simpost.domain.texts import shown_absence

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def messages(
    message_id: Annotated[
        str | None, typer.Argument(metavar="ID", help="Show this message in full.")
    ] = None,
    esim: Annotated[str | None, typer.Option(help="Show only this esimTranNo.")] = None,
    iccid: Annotated[str | None, typer.Option(help="Show only this ICCID.")] = None,
    msisdn: Annotated[str | None, typer.Option(help="Show only the eSIM with this number.")] = None,
    state: Annotated[State | None, typer.Option(help="Show only this state.")] = None,
    reason: Annotated[Reason | None, typer.Option(help="Show only this reason.")] = None,
    category: Annotated[Category | None, typer.Option(help="Show only this category.")] = None,
    template: Annotated[str | None, typer.Option(help="Show only texts of this template.")] = None,
    broadcast: Annotated[
        str | None, typer.Option(metavar="ID", help="Show only texts of this broadcast.")
    ] = None,
    reference: Annotated[str | None, typer.Option(help="Show only this reference.")] = None,
    reference_prefix: Annotated[
        str | None, typer.Option(help="Show only references that begin with this.")
    ] = None,
    carrier_id: Annotated[
        str | None, typer.Option(help="Show only the message with this id of a carrier.")
    ] = None,
    since: Annotated[
        str | None, typer.Option(help="Show only the last 30m, 2h or 7d, or since an ISO time.")
    ] = None,
    until: Annotated[
        str | None, typer.Option(help="Show only what was accepted until this ISO time.")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, help="Largest number to show.")] = 20,
    export: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Write all of them to FILE, which ends in .csv or .jsonl."
        ),
    ] = None,
    exchanges: Annotated[
        bool, typer.Option("--exchanges", help="Of one message, show what its attempts sent.")
    ] = False,
    url: Url = None,
    config: Config = None,
    access_code: AccessCode = None,
    secret: Secret = None,
    api_key: ApiKey = None,
    account: Account = None,
    admin_token: AdminToken = None,
    as_json: AsJson = False,
) -> None:
    """Show messages and their states.

    With the admin token: messages of any account, by id, --account or --msisdn.
    """
    if export:
        format_of(export)  # an error here is better than one from the service
    if exchanges and not message_id:
        raise typer.BadParameter("needs the ID of a message", param_hint="--exchanges")
    which = {
        "esimTranNo": esim,
        "iccid": iccid,
        "msisdn": msisdn,
        "state": state,
        "reason": reason,
        "category": category,
        "template": template,
        "broadcast": broadcast,
        "reference": reference,
        "referencePrefix": reference_prefix,
        "carrierMessageId": carrier_id,
        "from": parse_since(since, datetime.now(UTC)) if since else None,
        "to": parse_time(until, "--until") if until else None,
    }
    if is_admins(account, access_code, secret, api_key, config, admin_token):
        server, path = admin_server(url, config, admin_token), "/v1/admin/messages"
        which["account"] = account
    else:
        server, path = account_server(url, config, access_code, secret, api_key), "/v1/messages"
    if export:
        export_messages(server, path, which, export)
        return
    if message_id:
        one = f"{path}/{quote(message_id, safe='')}"
        shown = server.get(f"{one}/exchanges" if exchanges else one)
        if as_json:
            print_json(shown)
        else:
            print_lines(exchange_lines(shown) if exchanges else timeline(shown))
        return
    found = read_pages(server, path, "messages", which, limit)
    if as_json:
        print_json(found)
    elif found:
        print_columns(list(_rows(found)))
    else:
        print("no messages")


def parse_since(text: str, now: datetime) -> str:
    """An RFC 3339 time from a span before now or from an ISO time, in UTC if it has no offset."""
    if SPAN.fullmatch(text):
        time = now - min(parse_span(text, "--since"), now - _EPOCH)
    else:
        time = read_time(text, "--since", "must be a span such as 2h or an ISO time")
    return write_time(max(time, _EPOCH))  # nothing is older


def _rows(found: list[dict[str, Any]]) -> Iterator[list[str]]:
    yield ["accepted (UTC)", "id", "eSIM", "state", "parts", "text"]
    for message in found:
        reason = message["reason"]
        yield [
            message["createdAt"][:19].replace("T", " "),
            message["id"],
            message["esimTranNo"],
            message["state"] + (f" ({reason['code']})" if reason else ""),
            str(message["partCount"]),
            _text(message),
        ]


def _text(message: dict[str, Any]) -> str:
    if absence := message.get("textAbsence"):
        return shown_absence(absence)
    text: str = message["binary"] if message["text"] is None else message["text"]
    return text
