"""`simpost templates`: save, list, show, render and delete templates."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Annotated, Any, TypeAlias
from urllib.parse import quote

import typer

from simpost.cli.options import AccessCode, ApiKey, AsJson, Config, Secret, Url, account_server
from simpost.cli.output import print_columns, print_json, print_lines
from simpost.cli.pages import read_pages
from simpost.errors import ConfigError

app = typer.Typer(no_args_is_help=True, help="Save, list, show, render and delete templates.")

_PATH = "/v1/templates"

Name: TypeAlias = Annotated[str, typer.Argument(help="Name of the template.")]
Version: TypeAlias = Annotated[
    int | None, typer.Option("--version", min=1, help="Version. Default: the latest.")
]
Values: TypeAlias = Annotated[
    str | None,
    typer.Option(
        metavar="JSON", help='Values of the variables, such as \'{"country": "Japan", "days": 7}\'.'
    ),
]
Language: TypeAlias = Annotated[
    str | None, typer.Option(help="Language of the recipient, such as pt-BR.")
]


@app.command()
def save(
    file: Annotated[Path, typer.Argument(help="Template as JSON; - reads standard input.")],
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Check it and show its parts, but do not save it.")
    ] = False,
    url: Url = None,
    config: Config = None,
    access_code: AccessCode = None,
    secret: Secret = None,
    api_key: ApiKey = None,
    as_json: AsJson = False,
) -> None:
    """Save a new version of a template, and show the longest text of each language."""
    document = _read(file)
    if dry_run:
        document["dryRun"] = True
    answer = account_server(url, config, access_code, secret, api_key).post(_PATH, document)
    if as_json:
        print_json(answer)
        return
    version = answer["version"]
    print_lines([f"{answer['name']}  {f'version {version}' if version else 'valid, not saved'}"])
    print_columns(list(_rows_of_longest(answer["longest"])))


@app.command("list")
def list_templates(
    url: Url = None,
    config: Config = None,
    access_code: AccessCode = None,
    secret: Secret = None,
    api_key: ApiKey = None,
    as_json: AsJson = False,
) -> None:
    """List templates by name."""
    server = account_server(url, config, access_code, secret, api_key)
    found = read_pages(server, _PATH, "templates", {})
    if as_json:
        print_json(found)
    elif found:
        print_columns(list(_rows(found)))
    else:
        print("no templates")


@app.command()
def show(
    name: Name,
    version: Version = None,
    url: Url = None,
    config: Config = None,
    access_code: AccessCode = None,
    secret: Secret = None,
    api_key: ApiKey = None,
    as_json: AsJson = False,
) -> None:
    """Show the texts and variables of a template."""
    server = account_server(url, config, access_code, secret, api_key)
    found = server.get(_path(name, f"/versions/{version}" if version else ""))
    if as_json:
        print_json(found)
        return
    print_lines([f"{found['name']}  version {found['version']} of {found['createdAt']}"])
    for variable, about in found["variables"].items():
        given = "required" if about["default"] is None else f"default {about['default']!r}"
        print_lines([f"  {{{variable}}}  {about['type']}, {given}, longest {about['longest']!r}"])
    for language, text in found["texts"].items():
        mark = " (default)" if language == found["defaultLanguage"] else ""
        print_lines([f"{language}{mark}: {text}"])


@app.command()
def preview(
    name: Name,
    version: Version = None,
    url: Url = None,
    config: Config = None,
    access_code: AccessCode = None,
    secret: Secret = None,
    api_key: ApiKey = None,
    as_json: AsJson = False,
) -> None:
    """Show the longest text of each language, its parts and its UCS-2 triggers."""
    server = account_server(url, config, access_code, secret, api_key)
    found = server.get(_path(name, "/preview"), {"version": version})
    if as_json:
        print_json(found)
    else:
        print_columns(list(_rows_of_longest(found["longest"])))


@app.command()
def render(
    name: Name,
    values: Values = None,
    language: Language = None,
    version: Version = None,
    url: Url = None,
    config: Config = None,
    access_code: AccessCode = None,
    secret: Secret = None,
    api_key: ApiKey = None,
    as_json: AsJson = False,
) -> None:
    """Show the text that values give; nothing is sent."""
    server = account_server(url, config, access_code, secret, api_key)
    wanted = {"values": parse_values(values), "language": language, "version": version}
    found = server.post(_path(name, "/render"), wanted)
    if as_json:
        print_json(found)
        return
    source, parts = found["template"], _parts(found)
    print_lines([found["text"], f"  version {source['version']} in {source['language']}, {parts}"])


@app.command()
def delete(
    name: Name,
    url: Url = None,
    config: Config = None,
    access_code: AccessCode = None,
    secret: Secret = None,
    api_key: ApiKey = None,
    as_json: AsJson = False,
) -> None:
    """Delete a template with all its versions."""
    answer = account_server(url, config, access_code, secret, api_key).delete(_path(name))
    if as_json:
        print_json(answer)
    else:
        print_lines([f"{answer['name']}  deleted"])


def parse_values(text: str | None) -> dict[str, Any]:
    """Values of variables from a JSON object. Raises ConfigError."""
    try:
        values = json.loads(text or "{}")
    except ValueError:
        values = None
    if not isinstance(values, dict):
        raise ConfigError('--values must be a JSON object, such as \'{"country": "Japan"}\'.')
    return values


def _path(name: str, rest: str = "") -> str:
    return f"{_PATH}/{quote(name, safe='')}{rest}"


def _read(file: Path) -> dict[str, Any]:
    try:
        text = sys.stdin.read() if str(file) == "-" else file.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{file}: {getattr(error, 'strerror', None) or error}") from None
    try:
        document = json.loads(text)
    except ValueError as error:
        raise ConfigError(f"{file} is not valid JSON: {error}") from None
    if not isinstance(document, dict):
        raise ConfigError(f"{file} must be a JSON object.")
    return document


def _rows(found: Iterable[dict[str, Any]]) -> Iterator[list[str]]:
    yield ["name", "version", "saved (UTC)", "languages", "variables"]
    for each in found:
        default = each["defaultLanguage"]
        languages = [default, *(tag for tag in each["languages"] if tag != default)]
        yield [
            each["name"],
            str(each["version"]),
            each["createdAt"][:19].replace("T", " "),
            ", ".join(languages),
            ", ".join(each["variables"]) or "-",
        ]


def _rows_of_longest(longest: Iterable[dict[str, Any]]) -> Iterator[list[str]]:
    yield ["language", "longest", "UCS-2 triggers", "text"]
    for each in longest:
        triggers = " ".join(trigger["character"] for trigger in each["ucs2Triggers"])
        yield [each["language"], _parts(each), triggers or "-", each["text"]]


def _parts(found: dict[str, Any]) -> str:
    count = found["partCount"]
    return f"{count} part{'' if count == 1 else 's'} of {found['encoding']}"
