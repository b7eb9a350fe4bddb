"""`simpost accounts`: the accounts that may call the API."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Annotated, Any, TypeAlias
from urllib.parse import quote

import typer

from simpost.cli.options import AdminToken, AsJson, Config, Url, admin_server
from simpost.cli.output import print_columns, print_json, print_lines
from simpost.domain.accounts import Dialect
from simpost.domain.messages import Category
from simpost.errors import ConfigError

app = typer.Typer(no_args_is_help=True, help="Add, list and change accounts.")

_PATH = "/v1/admin/accounts"
_LIMITS = (
    ("day", "day"),
    ("month", "month"),
    ("dayCost", "day cost"),
    ("monthCost", "month cost"),
)
"""Limits of a budget, and their headings."""

Code: TypeAlias = Annotated[str, typer.Argument(help="Access code: letters, digits, . _ -")]
Name: TypeAlias = Annotated[str | None, typer.Option(help="Name of the account, for people.")]
Speaks: TypeAlias = Annotated[Dialect | None, typer.Option(help="Dialect of the compatible API.")]
CodeOnly: TypeAlias = Annotated[
    bool | None, typer.Option(help="Accept the access code alone as credential.")
]
IpAllow: TypeAlias = Annotated[
    list[str] | None,
    typer.Option(help="Allowed network of its callers, such as 192.0.2.0/24; may be repeated."),
]
Pace: TypeAlias = Annotated[
    float | None, typer.Option(min=0, help="Rate limit in requests per second; 0: no limit.")
]
Why: TypeAlias = Annotated[Category | None, typer.Option(help="Default category of its messages.")]
LookAlikes: TypeAlias = Annotated[
    bool | None,
    typer.Option(
        "--look-alikes/--no-look-alikes",
        help="Replace characters by look-alikes, such as straight quotes, where that saves parts.",
    ),
]
Language: TypeAlias = Annotated[
    str | None, typer.Option(help="Default language of its templates, such as pt-BR.")
]
DetectCodes: TypeAlias = Annotated[
    bool | None,
    typer.Option(
        "--detect-codes/--no-detect-codes",
        help="Compatible API: send texts that look like one-time codes as codes.",
    ),
]
Events: TypeAlias = Annotated[
    bool | None,
    typer.Option("--events/--no-events", help="Keep events of its messages."),
]


@app.command()
def add(
    code: Code,
    name: Name = None,
    dialect: Speaks = None,
    access_code_only: CodeOnly = None,
    ip_allow: IpAllow = None,
    requests_per_second: Pace = None,
    category: Why = None,
    look_alikes: LookAlikes = None,
    detect_codes: DetectCodes = None,
    events: Events = None,
    language: Language = None,
    url: Url = None,
    config: Config = None,
    admin_token: AdminToken = None,
    as_json: AsJson = False,
) -> None:
    """Add an account and show its secret once."""
    wanted = _wanted(name, dialect, access_code_only, ip_allow, requests_per_second, category)
    wanted |= _switches(look_alikes, detect_codes, events)
    if language is not None:
        wanted["language"] = language
    server = admin_server(url, config, admin_token)
    _show_secret(server.post(_PATH, {"accessCode": code, **wanted}), as_json=as_json)


@app.command("list")
def list_accounts(
    url: Url = None,
    config: Config = None,
    admin_token: AdminToken = None,
    as_json: AsJson = False,
) -> None:
    """List all accounts, without their secrets."""
    accounts = admin_server(url, config, admin_token).get(_PATH)["accounts"]
    if as_json:
        print_json(accounts)
        return
    rows = [["access code", "name", "dialect", "requests/s", "category", "from", "state"]]
    rows += [
        [
            account["accessCode"],
            account["name"],
            account["dialect"],
            f"{account['requestsPerSecond']:g}" if account["requestsPerSecond"] else "any",
            account["category"],
            ", ".join(account["ipAllow"]) or "anywhere",
            "enabled" if account["enabled"] else "disabled",
        ]
        for account in accounts
    ]
    print_columns(rows)


@app.command()
def change(
    code: Code,
    name: Name = None,
    dialect: Speaks = None,
    access_code_only: CodeOnly = None,
    ip_allow: IpAllow = None,
    from_anywhere: Annotated[
        bool, typer.Option("--from-anywhere", help="Allow all networks again.")
    ] = False,
    requests_per_second: Pace = None,
    category: Why = None,
    look_alikes: LookAlikes = None,
    detect_codes: DetectCodes = None,
    events: Events = None,
    language: Language = None,
    enable: Annotated[
        bool | None, typer.Option("--enable/--disable", help="Enable or disable the account.")
    ] = None,
    new_secret: Annotated[
        bool, typer.Option("--new-secret", help="Generate a new secret and show it once.")
    ] = False,
    url: Url = None,
    config: Config = None,
    admin_token: AdminToken = None,
    as_json: AsJson = False,
) -> None:
    """Change the given fields of an account; the others stay."""
    wanted = _wanted(name, dialect, access_code_only, ip_allow, requests_per_second, category)
    wanted |= _switches(look_alikes, detect_codes, events)
    if language is not None:
        wanted["language"] = language
    if from_anywhere:
        wanted["ipAllow"] = []
    if enable is not None:
        wanted["enabled"] = enable
    if new_secret:
        wanted["newSecret"] = True
    if not wanted:
        raise ConfigError("say what to change: `simpost accounts change --help` lists it.")
    server = admin_server(url, config, admin_token)
    _show_secret(server.patch(f"{_PATH}/{quote(code, safe='')}", wanted), as_json=as_json)


@app.command()
def budgets(
    code: Code,
    prefix: Annotated[
        str, typer.Option(help="Country prefix of MSISDNs, such as 66. Default: all eSIMs.")
    ] = "",
    day: Annotated[
        int | None, typer.Option(min=0, help="Most parts per day (UTC); 0: no limit.")
    ] = None,
    month: Annotated[
        int | None, typer.Option(min=0, help="Most parts per month (UTC); 0: no limit.")
    ] = None,
    day_cost: Annotated[
        str | None, typer.Option(metavar="UNITS", help="Most cost units per day; 0: no limit.")
    ] = None,
    month_cost: Annotated[
        str | None, typer.Option(metavar="UNITS", help="Most cost units per month; 0: no limit.")
    ] = None,
    url: Url = None,
    config: Config = None,
    admin_token: AdminToken = None,
    as_json: AsJson = False,
) -> None:
    """Show the budgets of an account and their use, or change the budget of a prefix."""
    server = admin_server(url, config, admin_token)
    path = f"{_PATH}/{quote(code, safe='')}/budgets"
    found = server.get(path)["budgets"]
    given = {"day": day, "month": month, "dayCost": day_cost, "monthCost": month_cost}
    if any(most is not None for most in given.values()):
        wanted = _with_budget(found, prefix, given)
        found = server.put(path, json.dumps({"budgets": wanted}).encode())["budgets"]
    elif prefix:
        raise ConfigError("give --day, --month, --day-cost or --month-cost with --prefix.")
    if as_json:
        print_json(found)
    elif found:
        has_cost = any(each["dayCost"] or each["monthCost"] for each in found)
        limits = _LIMITS if has_cost else _LIMITS[:2]
        heading = ["prefix", *(word for _, title in limits for word in (title, "used"))]
        print_columns([heading, *(_budget_row(each, limits) for each in found)])
    else:
        print("no budgets")


def _budget_row(found: dict[str, Any], limits: Sequence[tuple[str, str]]) -> list[str]:
    row = [found["prefix"] or "any"]
    for name, _ in limits:
        row += [str(found[name]), str(found[f"{name}Used"])] if found[name] else ["no limit", ""]
    return row


def _with_budget(
    found: list[dict[str, Any]], prefix: str, changes: dict[str, Any]
) -> list[dict[str, Any]]:
    """The budgets to save: the given limits of the prefix changed, 0 as no limit."""
    limits = {each["prefix"]: {name: each[name] for name, _ in _LIMITS} for each in found}
    changed = limits.setdefault(prefix, {})
    given = {name: most for name, most in changes.items() if most is not None}
    changed |= {name: None if _is_zero(most) else most for name, most in given.items()}
    return [{"prefix": key, **most} for key, most in limits.items() if any(most.values())]


def _is_zero(most: int | str) -> bool:
    return most == 0 or (isinstance(most, str) and re.fullmatch(r"0(\.0*)?", most) is not None)


def _wanted(
    name: str | None,
    dialect: Dialect | None,
    access_code_only: bool | None,
    ip_allow: list[str] | None,
    requests_per_second: float | None,
    category: Category | None,
) -> dict[str, Any]:
    given = {
        "name": name,
        "dialect": dialect,
        "accessCodeOnly": access_code_only,
        "ipAllow": ip_allow or None,
        "requestsPerSecond": requests_per_second,
        "category": category,
    }
    return {key: value for key, value in given.items() if value is not None}


def _switches(
    look_alikes: bool | None, detect_codes: bool | None, events: bool | None
) -> dict[str, Any]:
    given = {"lookAlikes": look_alikes, "detectCodes": detect_codes, "events": events}
    return {key: value for key, value in given.items() if value is not None}


def _show_secret(account: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        print_json(account)
        return
    print_lines([f"RT-AccessCode: {account['accessCode']}"])
    if account.get("secret"):
        print_lines([f"RT-SecretKey: {account['secret']}"])
        print(
            "\nThe secret is shown this once; `simpost accounts change --new-secret` makes another."
        )
