"""`simpost lifecycle`: sources of lifecycle events, and events from a file."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Annotated, Any, Final, TextIO
from urllib.parse import quote

import msgspec
import typer

from simpost.cli.options import AccessCode, ApiKey, AsJson, Config, Secret, Url, account_server
from simpost.cli.output import print_columns, print_json, print_lines
from simpost.domain.plurals import counted
from simpost.errors import ConfigError, SimpostError

app = typer.Typer(
    no_args_is_help=True, help="Add, list and delete sources of lifecycle events; import events."
)

_SOURCES: Final = "/v1/lifecycle/sources"
_ROWS: Final = 500
_TEXTS: Final = (
    "esimTranNo", "iccid", "orderNo", "kind", "at", "id", "country", "plan", "expiresAt",
)  # fmt: skip
_NUMBERS: Final = ("usedPercent", "remainingOctets", "totalOctets")


@app.command()
def add(
    kind: Annotated[str, typer.Argument(help="Supplier, such as esimgo, or mapping.")],
    name: Annotated[str, typer.Option(help="Your own words.")] = "",
    signing_secret: Annotated[
        str | None,
        typer.Option(
            envvar="SIMPOST_SIGNING_SECRET", help="Key with which the supplier signs deliveries."
        ),
    ] = None,
    allow: Annotated[
        list[str] | None, typer.Option(help="Address or network of the supplier.")
    ] = None,
    mapping: Annotated[
        typer.FileText | None, typer.Option(help="JSON file with the paths of the fields.")
    ] = None,
    url: Url = None,
    config: Config = None,
    access_code: AccessCode = None,
    secret: Secret = None,
    api_key: ApiKey = None,
    as_json: AsJson = False,
) -> None:
    """Add a source and print its URL, which is not shown again."""
    wanted: dict[str, Any] = {"kind": kind, "name": name, "allowedIps": allow or []}
    if signing_secret is not None:
        wanted["secret"] = signing_secret
    if mapping is not None:
        wanted["mapping"] = _json_of(mapping)
    answer = account_server(url, config, access_code, secret, api_key).post(_SOURCES, wanted)
    if as_json:
        print_json(answer)
    else:
        print_lines([f"id:  {answer['id']}", f"url: {answer['url']}"])


@app.command("list")
def list_sources(
    url: Url = None,
    config: Config = None,
    access_code: AccessCode = None,
    secret: Secret = None,
    api_key: ApiKey = None,
    as_json: AsJson = False,
) -> None:
    """List the sources, when each last reported, and how many events wait for their eSIM."""
    found = account_server(url, config, access_code, secret, api_key).get(_SOURCES)
    if as_json:
        print_json(found)
        return
    heading = ("id", "kind", "name", "signed", "last event (UTC)", "last test (UTC)")
    rows = [
        (
            each["id"],
            each["kind"],
            each["name"] or "-",
            "yes" if each["isSigned"] else "no",
            each["lastEventAt"] or "never",
            each["lastTestAt"] or "never",
        )
        for each in found["sources"]
    ]
    if rows:
        print_columns([heading, *rows])
    else:
        print("no sources")
    if parked := found["parkedEvents"]:
        print(f"{parked} event{'' if parked == 1 else 's'} of eSIMs that are not imported yet")


@app.command()
def delete(
    source: Annotated[str, typer.Argument(metavar="ID", help="Id of the source.")],
    url: Url = None,
    config: Config = None,
    access_code: AccessCode = None,
    secret: Secret = None,
    api_key: ApiKey = None,
) -> None:
    """Delete a source: its URL is unknown from then on."""
    server = account_server(url, config, access_code, secret, api_key)
    server.delete(f"{_SOURCES}/{quote(source, safe='')}")
    print_lines([f"{source}  deleted"])


@app.command()
def errors(
    limit: Annotated[int, typer.Option(min=1, max=200, help="Largest number to show.")] = 20,
    url: Url = None,
    config: Config = None,
    access_code: AccessCode = None,
    secret: Secret = None,
    api_key: ApiKey = None,
    as_json: AsJson = False,
) -> None:
    """Show deliveries that were not understood, newest first."""
    server = account_server(url, config, access_code, secret, api_key)
    found = server.get("/v1/lifecycle/errors", {"limit": limit})["errors"]
    if as_json:
        print_json(found)
    elif found:
        for each in found:
            print_lines([f"{each['receivedAt']}  {each['sourceId']}  {each['reason']}"])
    else:
        print("no errors")


@app.command("import")
def import_events(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="CSV file with a heading.")],
    url: Url = None,
    config: Config = None,
    access_code: AccessCode = None,
    secret: Secret = None,
    api_key: ApiKey = None,
    as_json: AsJson = False,
) -> None:
    """Report the events of a CSV file. The same file again changes nothing twice.

    Columns: kind, one of esimTranNo, iccid and orderNo, and any of at, id, country, plan,
    usedPercent, remainingOctets, totalOctets, expiresAt. Give at or id: without both, a repeated
    import reports new events.
    """
    server = account_server(url, config, access_code, secret, api_key)
    counts: Counter[str] = Counter()
    with _opened(file) as lines:
        rows = _read_rows(lines)
        while batch := list(islice(rows, _ROWS)):
            try:
                answer = server.post("/v1/lifecycle/events", {"rows": batch})
            except SimpostError as error:
                before = counted(sum(counts.values()), "event")
                done = f"Reported before: {before}." if counts else ""
                raise type(error)(f"{error} {done}".rstrip()) from None
            counts.update(each["outcome"] for each in answer["results"])
    if as_json:
        print_json(dict(counts))
    else:
        print_lines([f"{count:>8}  {outcome}" for outcome, count in sorted(counts.items())])


def _read_rows(lines: TextIO) -> Iterator[dict[str, Any]]:
    """The filled cells of each line. Raises ConfigError."""
    reader = csv.DictReader(lines)
    heading = set(reader.fieldnames or ())
    if "kind" not in heading or not heading <= {*_TEXTS, *_NUMBERS}:
        known = ", ".join((*_TEXTS, *_NUMBERS))
        raise ConfigError(f"the heading must have kind, and others of {known}.")
    try:
        for cells in reader:
            if None in cells:
                raise ConfigError(f"line {reader.line_num}: more cells than the heading has.")
            filled = {name: text.strip() for name, text in cells.items() if text and text.strip()}
            yield {name: _value(name, text, reader.line_num) for name, text in filled.items()}
    except (csv.Error, UnicodeDecodeError) as error:
        raise ConfigError(f"line {reader.line_num + 1} is not CSV in UTF-8: {error}.") from None


def _value(name: str, text: str, line: int) -> str | int:
    if name not in _NUMBERS:
        return text
    if not text.isascii() or not text.isdigit():
        raise ConfigError(f"line {line}: {name} must be a whole number, and is {text[:40]!r}.")
    return int(text)


def _opened(file: Path) -> TextIO:
    try:
        return file.open(encoding="utf-8-sig", newline="")
    except OSError as error:
        raise ConfigError(f"{file}: {error.strerror}.") from None


def _json_of(file: TextIO) -> Any:
    try:
        return msgspec.json.decode(file.read())
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"the mapping is not JSON: {error}.") from None
