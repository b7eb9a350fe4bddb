"""`simpost verify`: start, check, list, show and cancel verifications."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from typing import Annotated, Any, TypeAlias
from urllib.parse import quote

import typer

from simpost.cli.options import (
    AccessCode,
    AdminToken,
    ApiKey,
    AsJson,
    Config,
    Secret,
    Url,
    account_server,
    admin_server,
)
from simpost.cli.output import print_json, print_lines
from simpost.cli.verify_lists import list_ratios, list_verifications
from simpost.errors import ConfigError

app = typer.Typer(no_args_is_help=True, help="Send one-time codes to eSIMs, and check them.")

_PATH = "/v1/verifications"
_STEPS = {
    "create": "sent",
    "keep": "pending, nothing sent",
    "send_again": "sent again",
    "supersede": "sent, the pending one is superseded",
}

Id: TypeAlias = Annotated[str, typer.Argument(metavar="ID", help="Id of the verification.")]


@app.command()
def start(
    esim: Annotated[str | None, typer.Argument(metavar="[ESIM]", help="esimTranNo.")] = None,
    iccid: Annotated[str | None, typer.Option(help="ICCID of the eSIM.")] = None,
    msisdn: Annotated[str | None, typer.Option(help="Number of the eSIM.")] = None,
    purpose: Annotated[str, typer.Option(help="What the code is for, such as login.")] = "login",
    session: Annotated[
        str | None, typer.Option(help="Your session: a start with another one supersedes.")
    ] = None,
    digits: Annotated[int | None, typer.Option(min=4, max=10, help="Digits of the code.")] = None,
    language: Annotated[str | None, typer.Option(help="Language of the text, as pt-BR.")] = None,
    sender: Annotated[str | None, typer.Option("--from", help="Sender on the handset.")] = None,
    host: Annotated[
        str | None, typer.Option(help="Website that asks for the code, as login.example.com.")
    ] = None,
    app_hash: Annotated[
        str | None, typer.Option(help="Hash of the Android app that reads the code.")
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show the decision; store and send nothing.")
    ] = False,
    url: Url = None,
    config: Config = None,
    access_code: AccessCode = None,
    secret: Secret = None,
    api_key: ApiKey = None,
    as_json: AsJson = False,
) -> None:
    """Send a one-time code to an eSIM. A repeated start sends nothing before its time."""
    wanted = {
        "esimTranNo": esim,
        "iccid": iccid,
        "msisdn": msisdn,
        "purpose": purpose,
        "sessionKey": session,
        "digits": digits,
        "language": language,
        "from": sender,
        "host": host,
        "appHash": app_hash,
        "dryRun": dry_run,
    }
    given = {name: value for name, value in wanted.items() if value is not None}
    answer = account_server(url, config, access_code, secret, api_key).post(_PATH, given)
    if as_json:
        print_json(answer)
    elif dry_run:
        print_lines(list(_preview_lines(answer)))
    else:
        print_lines([f"{answer['id']}  {_STEPS[answer['step']]}", *_lines(answer)])
    if dry_run and answer["decision"] == "refuse":
        raise typer.Exit(1)


@app.command()
def check(
    verification_id: Id,
    code: Annotated[
        str | None,
        typer.Argument(help="The code as it was typed. Default: read from standard input."),
    ] = None,
    url: Url = None,
    config: Config = None,
    access_code: AccessCode = None,
    secret: Secret = None,
    api_key: ApiKey = None,
    as_json: AsJson = False,
) -> None:
    """Check a one-time code. The exit code is 0 only if it is verified."""
    if code is None:
        code = sys.stdin.readline().strip()
    server = account_server(url, config, access_code, secret, api_key)
    answer = server.post(f"{_place(verification_id)}/check", {"code": code})
    if as_json:
        print_json(answer)
    else:
        left = answer["checksLeft"]
        checks = f", {left} check{'' if left == 1 else 's'} left" if left else ""
        print_lines([f"{answer['id']}  {answer['verdict']}{checks}"])
    if answer["verdict"] != "verified":
        raise typer.Exit(1)


@app.command()
def show(
    verification_id: Id,
    url: Url = None,
    config: Config = None,
    access_code: AccessCode = None,
    secret: Secret = None,
    api_key: ApiKey = None,
    as_json: AsJson = False,
) -> None:
    """Show a verification, without its code."""
    server = account_server(url, config, access_code, secret, api_key)
    _print(server.get(_place(verification_id)), as_json=as_json)


@app.command()
def cancel(
    verification_id: Id,
    url: Url = None,
    config: Config = None,
    access_code: AccessCode = None,
    secret: Secret = None,
    api_key: ApiKey = None,
    as_json: AsJson = False,
) -> None:
    """Cancel a verification: its code is invalid from then on."""
    server = account_server(url, config, access_code, secret, api_key)
    _print(server.delete(_place(verification_id)), as_json=as_json)


app.command("list")(list_verifications)
app.command("ratios")(list_ratios)


@app.command()
def policy(
    account: Annotated[str, typer.Argument(help="Access code of the account.")],
    digits: Annotated[int | None, typer.Option(min=4, max=10, help="Digits of a code.")] = None,
    life: Annotated[int | None, typer.Option(help="Seconds a code is valid.")] = None,
    max_checks: Annotated[int | None, typer.Option(help="Most checks.")] = None,
    max_sends: Annotated[int | None, typer.Option(help="Most sends.")] = None,
    resend_wait: Annotated[int | None, typer.Option(help="Seconds between sends.")] = None,
    repeat_code: Annotated[
        bool | None,
        typer.Option("--repeat-code/--new-code", help="Whether a send again repeats the code."),
    ] = None,
    language: Annotated[str | None, typer.Option(help="Language of the text, as pt-BR.")] = None,
    sender: Annotated[str | None, typer.Option("--from", help="Sender on the handset.")] = None,
    per_hour: Annotated[
        list[str] | None, typer.Option(help="Most sends an hour, such as account=500.")
    ] = None,
    per_day: Annotated[
        list[str] | None, typer.Option(help="Most sends a day, such as country=5000.")
    ] = None,
    reset: Annotated[
        bool, typer.Option("--reset", help="Use the settings again, then apply the options.")
    ] = False,
    url: Url = None,
    config: Config = None,
    admin_token: AdminToken = None,
    as_json: AsJson = False,
) -> None:
    """Show what an account has in place of the settings, or change it. Needs the admin token."""
    given = {
        "digits": digits,
        "lifeSeconds": life,
        "maxChecks": max_checks,
        "maxSends": max_sends,
        "resendWaitSeconds": resend_wait,
        "repeatCode": repeat_code,
        "language": language,
        "from": sender,
        "sendsPerHour": _limits(per_hour),
        "sendsPerDay": _limits(per_day),
    }
    changes = {name: value for name, value in given.items() if value is not None}
    server = admin_server(url, config, admin_token)
    path = f"/v1/admin/accounts/{quote(account, safe='')}/verifications"
    found = server.get(path)
    if changes or reset:
        wanted = changes if reset else found | changes
        found = server.put(path, json.dumps(wanted).encode())
    if as_json:
        print_json(found)
        return
    own = {name: value for name, value in found.items() if value is not None}
    print_lines([f"{name:<18} {_shown(value)}" for name, value in own.items()] or ["as configured"])


def _limits(given: list[str] | None) -> dict[str, int] | None:
    """The limits of options such as `account=500`."""
    limits: dict[str, int] = {}
    for each in given or ():
        name, _, most = each.partition("=")
        if not most.isdecimal():
            raise ConfigError(f"{each!r} must be a budget and a number, such as account=500.")
        limits[name] = int(most)
    return limits or None


def _shown(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name} {most}" for name, most in value.items())
    return str(value).lower() if isinstance(value, bool) else str(value)


def _place(verification_id: str) -> str:
    return f"{_PATH}/{quote(verification_id, safe='')}"


def _print(found: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        print_json(found)
    else:
        print_lines([f"{found['id']}  {found['state']}", *_lines(found)])


def _lines(found: dict[str, Any]) -> Iterator[str]:
    session = f", session {found['sessionKey']}" if found["sessionKey"] else ""
    yield f"eSIM         {found['esimTranNo']}"
    yield f"purpose      {found['purpose']}{session}"
    yield f"sends        {found['sends']}"
    yield f"message      {found['messageId'] or 'none'}"
    if found["endedAt"]:
        yield f"ended        {found['endedAt']}"
        return
    yield f"checks left  {found['checksLeft']}"
    yield f"expires      {found['expiresAt']}"
    yield f"send again   {found['resendAt'] or 'no'}"


def _preview_lines(preview: dict[str, Any]) -> Iterator[str]:
    parts = preview["partCount"]
    if preview["decision"] == "refuse":
        reason = preview["reason"]
        yield f"would refuse: {reason['explanation']} {reason['detail']}".rstrip()
        yield reason["remedy"]
        if preview["resendAt"]:
            yield f"possible again at {preview['resendAt']} ({preview['budget']})"
        return
    if preview["step"] == "keep":
        yield f"would send nothing before {preview['resendAt'] or 'its end'}: it is pending"
        return
    count = f"{parts} part{'' if parts == 1 else 's'}"
    yield f"would {preview['decision']}, {count} by {preview['carrier']}, with a code such as:"
    yield "".join(preview["segments"])
