"""`simpost esims`: the eSIMs that accounts may send to."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import quote

import typer

from simpost.cli.importing import DryRun, File, Replace, Report, import_file
from simpost.cli.options import Config, OperatorToken, Url, operator_server
from simpost.engine.importing import Kind

app = typer.Typer(no_args_is_help=True, help="Bring in eSIMs.")


@app.callback()
def _esims() -> None:
    """Bring in eSIMs."""


@app.command("import")
def import_esims(
    file: File,
    account: Annotated[str, typer.Option(help="Access code of the account they belong to.")],
    dry_run: DryRun = False,
    replace: Replace = False,
    report: Report = None,
    url: Url = None,
    config: Config = None,
    operator_token: OperatorToken = None,
) -> None:
    """Bring in eSIMs: the JSON that esim/query returns, or CSV with the same names.

    Rows are added, or change what is there by esimTranNo: what a row does not name stays.

    Leaves with 0 only when every row went in.
    """
    server = None if dry_run else operator_server(url, config, operator_token)
    path = f"/v1/operator/accounts/{quote(account, safe='')}/esims"
    import_file(file, Kind.ESIMS, server, path, report, replace=replace)
