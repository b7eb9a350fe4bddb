"""`simpost plans`: the plans that eSIMs are sold with."""

from __future__ import annotations

import typer

from simpost.cli.importing import DryRun, File, Replace, Report, import_file
from simpost.cli.options import Config, OperatorToken, Url, operator_server
from simpost.engine.importing import Kind

app = typer.Typer(no_args_is_help=True, help="Bring in plans.")


@app.callback()
def _plans() -> None:
    """Bring in plans."""


@app.command("import")
def import_plans(
    file: File,
    dry_run: DryRun = False,
    replace: Replace = False,
    report: Report = None,
    url: Url = None,
    config: Config = None,
    operator_token: OperatorToken = None,
) -> None:
    """Bring in plans: the JSON that package/list returns, or CSV with the same names.

    Rows are added, or change what is there by packageCode: what a row does not name stays.

    Leaves with 0 only when every row went in.
    """
    server = None if dry_run else operator_server(url, config, operator_token)
    import_file(file, Kind.PLANS, server, "/v1/operator/plans", report, replace=replace)
