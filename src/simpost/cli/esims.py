"""`simpost esims`: the eSIMs that accounts may send to."""

from __future__ import annotations

from typing import Annotated, Any
from urllib.parse import quote

import typer

from simpost.catalogue.files import Kind
from simpost.cli import catalogue
from simpost.cli.file_import import (
    Columns,
    DryRun,
    File,
    Replace,
    Report,
    RetireMissing,
    Yes,
    import_file,
)
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
)
from simpost.cli.output import print_columns, print_json, print_lines
from simpost.cli.retirement import Retirement

app = typer.Typer(no_args_is_help=True, help="Import, list, retire and delete eSIMs.")


@app.callback()
def _esims() -> None:
    """Import, list, retire and delete eSIMs."""


@app.command("import")
def import_esims(
    file: File,
    account: Annotated[str, typer.Option(help="Access code of the account that owns the eSIMs.")],
    dry_run: DryRun = False,
    replace: Replace = False,
    columns: Columns = None,
    retire_missing: RetireMissing = False,
    yes: Yes = False,
    report: Report = None,
    url: Url = None,
    config: Config = None,
    admin_token: AdminToken = None,
) -> None:
    """Import eSIMs from the JSON that esim/query returns, or from CSV with the same names.

    A row with a new esimTranNo is added; otherwise it changes the fields that it has.

    The exit code is 0 only if every row was saved.
    """
    retirement = None
    if retire_missing:
        retirement = Retirement(
            admin_server(url, config, admin_token),
            Kind.ESIMS,
            {"account": account, "retired": "false"},
            ("esimTranNo", "iccid", "msisdn", "smdpStatus", "esimStatus"),
            is_confirmed=yes,
        )
    import_file(
        file,
        Kind.ESIMS,
        None if dry_run else admin_server(url, config, admin_token),
        f"/v1/admin/accounts/{quote(account, safe='')}/esims",
        report,
        replace=replace,
        columns=columns,
        retirement=retirement,
    )


_PATH = "/v1/admin/esims"
_TAG_STEP = 1_000
_COLUMNS = (
    "esimTranNo",
    "account",
    "iccid",
    "msisdn",
    "smdpStatus",
    "esimStatus",
    "packageCode",
    "retired",
)

Keys = Annotated[list[str], typer.Argument(metavar="ESIMTRANNO...")]
Key = Annotated[str, typer.Argument(metavar="ESIMTRANNO")]


@app.command("list")
def list_esims(
    number: Annotated[
        str | None,
        typer.Argument(help="Show only this esimTranNo, ICCID, MSISDN, IMSI or orderNo."),
    ] = None,
    account: Annotated[str | None, typer.Option(help="Show only eSIMs of this account.")] = None,
    retired: Annotated[
        bool | None,
        typer.Option("--retired/--active", help="Show only retired or only active eSIMs."),
    ] = None,
    tag: Annotated[str | None, typer.Option(help="Show only eSIMs with this tag.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="Largest number to show.")] = 50,
    url: Url = None,
    config: Config = None,
    admin_token: AdminToken = None,
    as_json: AsJson = False,
) -> None:
    """List eSIMs, or search them by number or tag."""
    server = admin_server(url, config, admin_token)
    which = {
        "number": number,
        "account": account,
        "retired": None if retired is None else str(retired).lower(),
        "tag": tag,
    }
    rows = catalogue.listed(server, _PATH, "esims", which)
    catalogue.show_list(rows, _COLUMNS, limit, as_json=as_json)


@app.command("show")
def show_esim(
    key: Key,
    url: Url = None,
    config: Config = None,
    admin_token: AdminToken = None,
    as_json: AsJson = False,
) -> None:
    """Show one eSIM in full."""
    server = admin_server(url, config, admin_token)
    catalogue.show_one(server.get(f"{_PATH}/{quote(key, safe='')}"), as_json=as_json)


@app.command("retire")
def retire_esims(
    keys: Keys, url: Url = None, config: Config = None, admin_token: AdminToken = None
) -> None:
    """Retire eSIMs: messages to them are refused, and they stay listed."""
    server = admin_server(url, config, admin_token)
    catalogue.change(server, f"{_PATH}/retire", "esimTranNos", keys, "retired")


@app.command("restore")
def restore_esims(
    keys: Keys, url: Url = None, config: Config = None, admin_token: AdminToken = None
) -> None:
    """Restore retired eSIMs."""
    server = admin_server(url, config, admin_token)
    catalogue.change(server, f"{_PATH}/restore", "esimTranNos", keys, "restored")


@app.command("delete")
def delete_esim(
    key: Key, url: Url = None, config: Config = None, admin_token: AdminToken = None
) -> None:
    """Delete an eSIM permanently; its messages stay in the log."""
    catalogue.delete(admin_server(url, config, admin_token), _PATH, key)


@app.command("tag")
def tag_esims(
    keys: Keys,
    add: Annotated[list[str] | None, typer.Option(metavar="TAG", help="Tag to add.")] = None,
    remove: Annotated[list[str] | None, typer.Option(metavar="TAG", help="Tag to remove.")] = None,
    url: Url = None,
    config: Config = None,
    access_code: AccessCode = None,
    secret: Secret = None,
    api_key: ApiKey = None,
) -> None:
    """Add tags to eSIMs and remove them, as their account.

    The exit code is 0 only if no eSIM was refused.
    """
    server = account_server(url, config, access_code, secret, api_key)
    changed, refused = 0, []
    for first in range(0, len(keys), _TAG_STEP):
        body = {
            "esimTranNos": keys[first : first + _TAG_STEP],
            "add": add or [],
            "remove": remove or [],
        }
        done = server.post("/v1/esims/tags", body)
        changed += done["changed"]
        refused += done["refused"]
    print_lines([f"{changed:,} of {len(keys):,} changed"])
    print_lines(f"{each['esimTranNo']}: {each['reason']}" for each in refused)
    if refused:
        raise typer.Exit(1)


@app.command()
def events(
    esim: Annotated[str, typer.Argument(metavar="ESIM", help="esimTranNo.")],
    limit: Annotated[int, typer.Option(min=1, max=200, help="Largest number to show.")] = 50,
    url: Url = None,
    config: Config = None,
    access_code: AccessCode = None,
    secret: Secret = None,
    api_key: ApiKey = None,
    as_json: AsJson = False,
) -> None:
    """Show what suppliers reported of an eSIM, newest first, as its account."""
    server = account_server(url, config, access_code, secret, api_key)
    found = server.get(f"/v1/esims/{quote(esim, safe='')}/events", {"limit": limit})["events"]
    if as_json:
        print_json(found)
    elif found:
        heading = ("happened (UTC)", "received (UTC)", "kind", "source", "outcome", "details")
        print_columns([heading, *map(_event_row, found)])
    else:
        print("no events")


def _event_row(event: dict[str, Any]) -> tuple[str, ...]:
    percent, left, total = (
        event[name] for name in ("usedPercent", "remainingOctets", "totalOctets")
    )
    details = [event["country"], event["plan"], event["status"]]
    if percent is not None:
        details.append(f"{percent} % used")
    elif left is not None:
        details.append(f"{left:,} octets left" + (f" of {total:,}" if total else ""))
    if event["expiresAt"]:
        details.append(f"ends {event['expiresAt']}")
    return (
        event["occurredAt"],
        event["receivedAt"],
        event["kind"],
        event["source"],
        event["outcome"],
        ", ".join(each for each in details if each) or "-",
    )
