"""`simpost keys`: API keys of an account."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any, TextIO, TypeAlias
from urllib.parse import quote

import typer

from simpost.cli.client import Server
from simpost.cli.options import (
    AccessCode,
    AdminToken,
    AsJson,
    Config,
    Secret,
    Url,
    account_server,
    admin_server,
)
from simpost.cli.output import print_columns, print_json, print_lines
from simpost.cli.times import read_time, write_time
from simpost.domain.api_keys import KeyScope, key_id_of
from simpost.errors import ConfigError

app = typer.Typer(no_args_is_help=True, help="Add, list and revoke API keys.")

Account: TypeAlias = Annotated[
    str | None, typer.Option("--account", help="Account of the keys; needs the admin token.")
]


@app.command()
def add(
    name: Annotated[str, typer.Argument(help="Name of the key, for people.")],
    scope: Annotated[
        list[KeyScope],
        typer.Option(
            help="Scope that the key gets: it allows one kind of request, see "
            "docs/keys.md. Repeat the option for several scopes."
        ),
    ],
    expires: Annotated[
        str | None, typer.Option(help="When the key ends: 90d or 12h from now, or an ISO time.")
    ] = None,
    file: Annotated[
        Path | None, typer.Option(help="Write the key to this new file instead of the terminal.")
    ] = None,
    account: Account = None,
    url: Url = None,
    config: Config = None,
    access_code: AccessCode = None,
    secret: Secret = None,
    admin_token: AdminToken = None,
    as_json: AsJson = False,
) -> None:
    """Add a key and show it once."""
    wanted: dict[str, Any] = {"name": name, "scopes": scope}
    if expires:
        wanted["expiresAt"] = _end(expires, datetime.now(UTC))
    server, path = _keys_of(account, url, config, access_code, secret, admin_token)
    if file:
        with new_file(file) as opened:
            added = server.post(path, wanted)
            opened.write(added.pop("key") + "\n")
    else:
        added = server.post(path, wanted)
    if as_json:
        print_json(added)
        return
    print_lines([f"id: {added['id']}"])
    if file:
        print_lines([f"The key is in {file}."])
    else:
        print_lines([f"key: {added['key']}"])
        print("\nThe key is shown this once. Store it now.")


@app.command("list")
def list_keys(
    account: Account = None,
    url: Url = None,
    config: Config = None,
    access_code: AccessCode = None,
    secret: Secret = None,
    admin_token: AdminToken = None,
    as_json: AsJson = False,
) -> None:
    """List the keys of an account, without their secrets."""
    server, path = _keys_of(account, url, config, access_code, secret, admin_token)
    keys = server.get(path)["keys"]
    if as_json:
        print_json(keys)
    elif keys:
        print_columns(_rows(keys))
    else:
        print("no keys")


@app.command()
def revoke(
    key: Annotated[str, typer.Argument(help="Id of the key, or the key itself.")],
    account: Account = None,
    url: Url = None,
    config: Config = None,
    access_code: AccessCode = None,
    secret: Secret = None,
    admin_token: AdminToken = None,
    as_json: AsJson = False,
) -> None:
    """Revoke a key: it is refused from now on."""
    server, path = _keys_of(account, url, config, access_code, secret, admin_token)
    revoked = server.delete(f"{path}/{quote(key_id_of(key) or key, safe='')}")
    if as_json:
        print_json(revoked)
    else:
        print_lines([f"{revoked['id']} is revoked"])


def _keys_of(
    account: str | None,
    url: str | None,
    config: Path | None,
    access_code: str | None,
    secret: str | None,
    admin_token: str | None,
) -> tuple[Server, str]:
    """A client that may manage the keys, and their path."""
    if account:
        path = f"/v1/admin/accounts/{quote(account, safe='')}/keys"
        return admin_server(url, config, admin_token), path
    if not access_code or not secret:
        raise ConfigError(
            "which account? Give --access-code and --secret, or set SIMPOST_ACCESS_CODE and "
            "SIMPOST_SECRET, or name it by --account with the admin token. No API key manages keys."
        )
    return account_server(url, config, access_code, secret), "/v1/keys"


def _end(text: str, now: datetime) -> str:
    """The time that `--expires` names. Raises BadParameter if it names none."""
    if found := re.fullmatch(r"(\d{1,5})([dh])", text):
        unit = timedelta(days=1) if found[2] == "d" else timedelta(hours=1)
        return write_time(now + int(found[1]) * unit)
    wanted = "must be like 90d or 12h, or an ISO time, as 2030-01-31T12:00:00Z"
    return write_time(read_time(text, "--expires", wanted))


@contextmanager
def new_file(path: Path) -> Iterator[TextIO]:
    """A new file that only its owner reads; removed if no key is added. Raises ConfigError."""
    try:
        opened = open(path, "x", opener=lambda name, flags: os.open(name, flags, 0o600))  # noqa: SIM115
    except FileExistsError:
        raise ConfigError(f"{path} exists already: name a new file.") from None
    try:
        with opened:
            yield opened
    except BaseException:
        path.unlink()
        raise


def _rows(keys: list[dict[str, Any]]) -> list[list[str]]:
    rows = [["id", "name", "scopes", "created (UTC)", "expires (UTC)", "last used (UTC)"]]
    rows += [
        [
            each["id"],
            each["name"],
            " ".join(each["scopes"]),
            _shown(each["createdAt"]),
            _shown(each["expiresAt"]),
            _shown(each["lastUsedAt"]),
        ]
        for each in keys
    ]
    return rows


def _shown(time: str | None) -> str:
    return time[:16].replace("T", " ") if time else "never"
