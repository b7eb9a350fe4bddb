"""`simpost broadcast file`, `files`, `file-rows` and `delete-file`: eSIMs of broadcasts."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Final
from urllib.parse import quote

import typer

from simpost.cli.options import AccessCode, ApiKey, AsJson, Config, Secret, Url, account_server
from simpost.cli.output import columns, print_columns, print_json, print_lines
from simpost.cli.pages import read_pages
from simpost.errors import ConfigError

_PATH: Final = "/v1/broadcast-files"
_MAX_OCTETS: Final = 8 * 1_048_576


def upload_file(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="CSV or XLSX file with a heading.")],
    map_: Annotated[
        list[str] | None,
        typer.Option(
            "--map", metavar="HEADING=FIELD", help="esimTranNo, iccid or a variable; repeatable."
        ),
    ] = None,
    sheet: Annotated[str, typer.Option(help="Sheet of a workbook that has several.")] = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Read it; store nothing.")] = False,
    url: Url = None,
    config: Config = None,
    access_code: AccessCode = None,
    secret: Secret = None,
    api_key: ApiKey = None,
    as_json: AsJson = False,
) -> None:
    """Upload the eSIMs of a broadcast, with values of its template; then `start --file ID`.

    Shows the first 20 rows and every refused one. The exit code is 0 only if no row was refused.
    """
    try:
        octets = file.read_bytes()
    except OSError as error:
        raise ConfigError(f"{file} cannot be read: {error.strerror}.") from None
    if len(octets) > _MAX_OCTETS:
        raise ConfigError(f"{file} has {len(octets):,} octets, {_MAX_OCTETS:,} at most: split it.")
    query = {"name": file.name[:128], "sheet": sheet, "dryRun": str(dry_run).lower()}
    server = account_server(url, config, access_code, secret, api_key)
    read = server.upload(_PATH, [*query.items(), *(("map", each) for each in map_ or ())], octets)
    refused = read["refusedRows"]
    while read["id"] and len(refused) < read["refused"]:
        place = f"{_PATH}/{quote(read['id'], safe='')}/rows"
        query_rows = {"refused": "true", "after": refused[-1]["line"], "limit": 1000}
        refused += server.get(place, query_rows)["rows"]
    if as_json:
        print_json(read)
    else:
        print_lines(_lines(read, refused))
    if read["refused"]:
        raise typer.Exit(1)


def list_files(
    url: Url = None,
    config: Config = None,
    access_code: AccessCode = None,
    secret: Secret = None,
    api_key: ApiKey = None,
    as_json: AsJson = False,
) -> None:
    """List the files with the eSIMs of broadcasts, newest first."""
    server = account_server(url, config, access_code, secret, api_key)
    found = server.get(_PATH)["files"]
    if as_json:
        print_json(found)
    elif not found:
        print_lines(["No files."])
    else:
        heading = ("id", "name", "eSIMs", "refused", "state", "kept until")
        print_columns([heading, *map(_file_row, found)])


def list_file_rows(
    file_id: Annotated[str, typer.Argument(metavar="ID", help="Id of the file.")],
    refused: Annotated[
        bool | None, typer.Option("--refused/--good", help="Show only such rows. Default: all.")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, help="Largest number to show.")] = 200,
    url: Url = None,
    config: Config = None,
    access_code: AccessCode = None,
    secret: Secret = None,
    api_key: ApiKey = None,
    as_json: AsJson = False,
) -> None:
    """List the rows of a file as they were read, with the reasons of refused ones."""
    server = account_server(url, config, access_code, secret, api_key)
    which = {} if refused is None else {"refused": str(refused).lower()}
    place = f"{_PATH}/{quote(file_id, safe='')}/rows"
    found = read_pages(server, place, "rows", which, limit, cursor="after")
    if as_json:
        print_json(found)
    elif not found:
        print_lines(["No rows."])
    else:
        print_columns(list(_row_columns(found)))


def delete_file(
    file_id: Annotated[str, typer.Argument(metavar="ID", help="Id of the file.")],
    url: Url = None,
    config: Config = None,
    access_code: AccessCode = None,
    secret: Secret = None,
    api_key: ApiKey = None,
) -> None:
    """Delete a file with the eSIMs of broadcasts, and the values in it."""
    server = account_server(url, config, access_code, secret, api_key)
    server.delete(f"{_PATH}/{quote(file_id, safe='')}")
    print_lines([f"{file_id} is deleted"])


def _file_row(found: dict[str, Any]) -> tuple[str, ...]:
    state = "in use" if found["inUse"] else "" if found["complete"] else "not complete"
    counts = f"{found['good']:,}", f"{found['refused']:,}"
    return found["id"], found["name"], *counts, state, found["keptUntil"]


def _lines(read: dict[str, Any], refused: list[dict[str, Any]]) -> Iterator[str]:
    if read["id"]:
        yield f"{read['id']}  {read['name']}  (kept until {read['keptUntil']})"
    for heading, use in read["columns"].items():
        yield f"column {heading!r}: {use or 'not used'}"
    yield from columns(list(_row_columns(read["preview"])), None)
    yield f"rows that name an eSIM: {read['good']:,} of {read['rows']:,}"
    for row in refused:
        yield f"line {row['line']}: {row['reason']}"
    if len(refused) < read["refused"]:
        yield f"and {read['refused'] - len(refused):,} more"


def _row_columns(rows: list[dict[str, Any]]) -> Iterator[list[str]]:
    yield ["line", "esimTranNo", "values", ""]
    for row in rows:
        values = ", ".join(f"{name}={text}" for name, text in row["values"].items())
        yield [str(row["line"]), row["esimTranNo"] or "-", values, row["reason"] or ""]
