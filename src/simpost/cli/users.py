"""`simpost users`: the people who sign in to the console."""

from __future__ import annotations

import json
import sys
from typing import Annotated, TypeAlias
from urllib.parse import quote

import typer

from simpost.cli.options import AdminToken, AsJson, Config, Url, admin_server
from simpost.cli.output import print_columns, print_json, print_lines
from simpost.domain.console_users import ConsoleRole

app = typer.Typer(
    no_args_is_help=True, help="Add, list and remove users of the console; end sessions."
)

Name: TypeAlias = Annotated[
    str, typer.Argument(help="Name of the user, such as an e-mail address.")
]
_totp = typer.Typer(no_args_is_help=True, help="Reset the authenticator of a user.")
app.add_typer(_totp, name="totp")
_PATH = "/v1/admin/console-users"


@app.command()
def add(
    name: Name,
    role: Annotated[ConsoleRole, typer.Option(help="What the user may do, see docs/console.md.")],
    account: Annotated[
        str | None,
        typer.Option(help="Access code of the only account to see. Default: all accounts."),
    ] = None,
    no_password: Annotated[
        bool, typer.Option("--no-password", help="The user signs in by the identity provider.")
    ] = False,
    url: Url = None,
    config: Config = None,
    admin_token: AdminToken = None,
    as_json: AsJson = False,
) -> None:
    """Add a user of the console; the password is asked, or read from standard input."""
    server = admin_server(url, config, admin_token)
    password = None if no_password else _password()
    wanted = {"name": name, "role": role.value, "account": account, "password": password}
    added = server.post(_PATH, wanted)
    if as_json:
        print_json(added)
    else:
        print_lines([f"{added['name']} is added: {_scope(added)}"])


@app.command("list")
def list_users(
    url: Url = None,
    config: Config = None,
    admin_token: AdminToken = None,
    as_json: AsJson = False,
) -> None:
    """List the users of the console."""
    users = admin_server(url, config, admin_token).get(_PATH)["users"]
    if as_json:
        print_json(users)
    elif users:
        rows = [["name", "role", "account", "authenticator", "created (UTC)"]]
        rows += [
            [
                each["name"],
                each["role"],
                each["account"] or "all",
                "yes" if each["totp"] else "no",
                _minute(each["createdAt"]),
            ]
            for each in users
        ]
        print_columns(rows)
    else:
        print("no users")


@app.command()
def password(
    name: Name,
    url: Url = None,
    config: Config = None,
    admin_token: AdminToken = None,
    as_json: AsJson = False,
) -> None:
    """Set the password of a user, which ends the sessions of the user."""
    server = admin_server(url, config, admin_token)
    body = json.dumps({"password": _password()}).encode()
    changed = server.put(f"{_PATH}/{quote(name, safe='')}/password", body)
    if as_json:
        print_json(changed)
    else:
        print_lines([f"{changed['name']} has a new password"])


@app.command()
def remove(
    name: Name,
    url: Url = None,
    config: Config = None,
    admin_token: AdminToken = None,
    as_json: AsJson = False,
) -> None:
    """Remove a user of the console, which ends the sessions of the user."""
    removed = admin_server(url, config, admin_token).delete(f"{_PATH}/{quote(name, safe='')}")
    if as_json:
        print_json(removed)
    else:
        print_lines([f"{removed['name']} is removed"])


@app.command()
def sessions(
    name: Name,
    end: Annotated[
        list[str] | None, typer.Option(metavar="ID", help="End this session; repeatable.")
    ] = None,
    url: Url = None,
    config: Config = None,
    admin_token: AdminToken = None,
    as_json: AsJson = False,
) -> None:
    """List where a user is signed in, or end sessions."""
    server = admin_server(url, config, admin_token)
    path = f"{_PATH}/{quote(name, safe='')}/sessions"
    for each in end or ():
        server.delete(f"{path}/{quote(each, safe='')}")
    found = server.get(path)["sessions"]
    if as_json:
        print_json(found)
    elif found:
        rows = [["id", "began (UTC)", "last request (UTC)", "address"]]
        rows += [
            [each["id"], _minute(each["beganAt"]), _minute(each["seenAt"]), each["address"]]
            for each in found
        ]
        print_columns(rows)
    else:
        print_lines([f"{name} is not signed in"])


@_totp.command("reset")
def reset_totp(
    name: Name,
    url: Url = None,
    config: Config = None,
    admin_token: AdminToken = None,
    as_json: AsJson = False,
) -> None:
    """Delete the authenticator and recovery codes of a user, which ends the sessions."""
    path = f"{_PATH}/{quote(name, safe='')}/totp"
    reset = admin_server(url, config, admin_token).delete(path)
    if as_json:
        print_json(reset)
    elif reset["hadTotp"]:
        print_lines([f"{reset['name']} has no authenticator any more"])
    else:
        print_lines([f"{reset['name']} had no authenticator; nothing was changed"])


def _password() -> str:
    """Asked twice on a terminal; else the first line of standard input. Never an argument."""
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\r\n")
    asked: str = typer.prompt("Password", hide_input=True, confirmation_prompt=True)
    return asked


def _minute(time: str) -> str:
    return time[:16].replace("T", " ")


def _scope(user: dict[str, str | None]) -> str:
    return f"{user['role']} of {user['account'] or 'all accounts'}"
