"""`simpost smpp`: the logins with which clients of an account bind by SMPP."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, TypeAlias
from urllib.parse import quote

import typer

from simpost.cli.keys import new_file
from simpost.cli.options import AdminToken, AsJson, Config, Url, admin_server
from simpost.cli.output import print_columns, print_json, print_lines

app = typer.Typer(no_args_is_help=True, help="Add, list and revoke SMPP logins of accounts.")

Code: TypeAlias = Annotated[str, typer.Argument(help="Access code of the account.")]


@app.command()
def add(
    account: Code,
    system_id: Annotated[
        str | None,
        typer.Option(help="Name to bind with, 1 to 15 characters; without it one is generated."),
    ] = None,
    ip_allow: Annotated[
        list[str] | None,
        typer.Option(help="Network that may bind, such as 192.0.2.0/24; may be repeated."),
    ] = None,
    file: Annotated[
        Path | None,
        typer.Option(help="Write the password to this new file instead of the terminal."),
    ] = None,
    url: Url = None,
    config: Config = None,
    admin_token: AdminToken = None,
    as_json: AsJson = False,
) -> None:
    """Add an SMPP login and show its password once."""
    wanted = {"systemId": system_id, "ipAllow": ip_allow or []}
    server, path = admin_server(url, config, admin_token), _path(account)
    if file:
        with new_file(file) as opened:
            added = server.post(path, wanted)
            opened.write(added.pop("password") + "\n")
    else:
        added = server.post(path, wanted)
    if as_json:
        print_json(added)
        return
    print_lines([f"system_id: {added['systemId']}"])
    if file:
        print_lines([f"The password is in {file}."])
    else:
        print_lines([f"password: {added['password']}"])
        print("\nThe password is shown this once. Store it now.")


@app.command("list")
def list_logins(
    account: Code,
    url: Url = None,
    config: Config = None,
    admin_token: AdminToken = None,
    as_json: AsJson = False,
) -> None:
    """List the SMPP logins of an account, without their passwords."""
    logins = admin_server(url, config, admin_token).get(_path(account))["logins"]
    if as_json:
        print_json(logins)
    elif logins:
        rows = [["system_id", "from", "created (UTC)"]]
        rows += [
            [
                each["systemId"],
                ", ".join(each["ipAllow"]) or "anywhere",
                each["createdAt"][:16].replace("T", " "),
            ]
            for each in logins
        ]
        print_columns(rows)
    else:
        print("no SMPP logins")


@app.command()
def revoke(
    account: Code,
    system_id: Annotated[str, typer.Argument(help="The system_id of the login.")],
    url: Url = None,
    config: Config = None,
    admin_token: AdminToken = None,
    as_json: AsJson = False,
) -> None:
    """Revoke an SMPP login: its connections end, and its binds are refused."""
    path = f"{_path(account)}/{quote(system_id, safe='')}"
    revoked = admin_server(url, config, admin_token).delete(path)
    if as_json:
        print_json(revoked)
    else:
        print_lines([f"{revoked['systemId']} is revoked"])


def _path(account: str) -> str:
    return f"/v1/admin/accounts/{quote(account, safe='')}/smpp-logins"
