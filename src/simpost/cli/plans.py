"""`simpost plans`: the plans of eSIMs."""

from __future__ import annotations

from typing import Annotated
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
from simpost.cli.options import AdminToken, AsJson, Config, Url, admin_server
from simpost.cli.retirement import Retirement
from simpost.errors import ConfigError

app = typer.Typer(no_args_is_help=True, help="Import, list, retire and delete plans.")


@app.callback()
def _plans() -> None:
    """Import, list, retire and delete plans."""


@app.command("import")
def import_plans(
    file: File,
    account: Annotated[
        str | None,
        typer.Option(
            help="Import only prices, as those of this account; the plans stay unchanged."
        ),
    ] = None,
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
    """Import plans from the JSON that package/list returns, or from CSV with the same names.

    A row with a new packageCode is added; otherwise it changes the fields that it has.

    The exit code is 0 only if every row was saved.
    """
    if account and (replace or retire_missing):
        raise ConfigError("--account takes prices only: not with --replace or --retire-missing.")
    prices = f"/v1/admin/accounts/{quote(account or '', safe='')}/prices"
    retirement = None
    if retire_missing:
        server = admin_server(url, config, admin_token)
        columns_shown = ("packageCode", "slug", "location")
        retirement = Retirement(server, Kind.PLANS, {}, columns_shown, is_confirmed=yes)
    import_file(
        file,
        Kind.PLANS,
        None if dry_run else admin_server(url, config, admin_token),
        prices if account else _PATH,
        report,
        replace=replace,
        columns=columns,
        retirement=retirement,
    )


_PATH = "/v1/admin/plans"
_COLUMNS = ("packageCode", "slug", "type", "location", "smsStatus", "retired")

Keys = Annotated[list[str], typer.Argument(metavar="PACKAGECODE...")]
Key = Annotated[str, typer.Argument(metavar="PACKAGECODE")]


@app.command("list")
def list_plans(
    limit: Annotated[int, typer.Option(min=1, help="Largest number to show.")] = 50,
    url: Url = None,
    config: Config = None,
    admin_token: AdminToken = None,
    as_json: AsJson = False,
) -> None:
    """List plans."""
    server = admin_server(url, config, admin_token)
    which: dict[str, str] = {}
    rows = catalogue.listed(server, _PATH, "plans", which)
    catalogue.show_list(rows, _COLUMNS, limit, as_json=as_json)


@app.command("show")
def show_plan(
    key: Key,
    url: Url = None,
    config: Config = None,
    admin_token: AdminToken = None,
    as_json: AsJson = False,
) -> None:
    """Show one plan in full."""
    server = admin_server(url, config, admin_token)
    catalogue.show_one(server.get(f"{_PATH}/{quote(key, safe='')}"), as_json=as_json)


@app.command("retire")
def retire_plans(
    keys: Keys, url: Url = None, config: Config = None, admin_token: AdminToken = None
) -> None:
    """Retire plans: package/list leaves them out, and their eSIMs stay."""
    server = admin_server(url, config, admin_token)
    catalogue.change(server, f"{_PATH}/retire", "packageCodes", keys, "retired")


@app.command("restore")
def restore_plans(
    keys: Keys, url: Url = None, config: Config = None, admin_token: AdminToken = None
) -> None:
    """Restore retired plans."""
    server = admin_server(url, config, admin_token)
    catalogue.change(server, f"{_PATH}/restore", "packageCodes", keys, "restored")


@app.command("delete")
def delete_plan(
    key: Key, url: Url = None, config: Config = None, admin_token: AdminToken = None
) -> None:
    """Delete a plan permanently; the plan of its eSIMs is then unknown."""
    catalogue.delete(admin_server(url, config, admin_token), _PATH, key)
