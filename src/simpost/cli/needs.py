"""`simpost needs`: what does not get better by itself, and jobs that are stuck."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Annotated, Any, Final, TypeAlias

import typer

from simpost.cli.options import (
    AccessCode,
    Account,
    AdminToken,
    ApiKey,
    AsJson,
    Config,
    Secret,
    Url,
    account_server,
    admin_server,
    is_admins,
)
from simpost.cli.output import print_columns, print_json, print_lines
from simpost.domain.plurals import counted
from simpost.domain.stuck_jobs import StuckKind

app = typer.Typer(help="Show what does not get better by itself, and what to do.")

_PATH: Final = "/v1/needs-a-person"
_HEADING: Final = ["kind", "account", "what", "what to do"]
_IN_DOUBT: Final = "Ask the traveller or the carrier, then `simpost bulk start send_again`."
_REPLAY: Final = "Replay them by `simpost webhooks replay` once it works."
_RESUME: Final = "Fix it, then `simpost webhooks resume`."


Kind: TypeAlias = Annotated[
    StuckKind, typer.Argument(metavar="KIND", help="Kind of the stuck job, such as bulk_job.")
]
JobId: TypeAlias = Annotated[str, typer.Argument(metavar="ID", help="Id of the stuck job.")]


@app.callback(invoke_without_command=True)
def needs(
    context: typer.Context,
    account: Account = None,
    url: Url = None,
    config: Config = None,
    access_code: AccessCode = None,
    secret: Secret = None,
    api_key: ApiKey = None,
    admin_token: AdminToken = None,
    as_json: AsJson = False,
) -> None:
    """Show what does not get better by itself, and what to do.

    Below it what policy holds: it is decided again by itself. With the admin token: of the
    installation and all accounts, or of --account.
    """
    if context.invoked_subcommand:
        return
    if is_admins(account, access_code, secret, api_key, config, admin_token):
        server = admin_server(url, config, admin_token)
        found = server.get("/v1/admin/needs-a-person", {"account": account})
    else:
        server = account_server(url, config, access_code, secret, api_key)
        found = server.get("/v1/needs-a-person")
    if as_json:
        print_json(found)
        return
    if found["healthy"]:
        print_lines(["nothing needs a person"])
    else:
        print_columns([_HEADING, *_rows(found, datetime.now(UTC))])
    if found["webhooks"] is None:
        print_lines(["webhooks are not shown: the key lacks the scope webhooks"])
    if found["held"]:
        print_lines(["", "held by policy:"])
        print_columns([["account", "message", "eSIM", "until (UTC)", "why"], *_held(found["held"])])
    if found["more"]:
        print_lines(["", "more accounts have something than are shown"])


@app.command("try-again")
def try_again(
    kind: Kind,
    job_id: JobId,
    url: Url = None,
    config: Config = None,
    access_code: AccessCode = None,
    secret: Secret = None,
    api_key: ApiKey = None,
    as_json: AsJson = False,
) -> None:
    """Begin the next turn of a stuck job now, although a node has its lease."""
    server = account_server(url, config, access_code, secret, api_key)
    done = server.post(f"{_PATH}/try-again", {"kind": kind, "id": job_id})
    if as_json:
        print_json(done)
    else:
        print_lines([f"{_words(kind)} {job_id} is tried again"])


@app.command()
def cancel(
    kind: Kind,
    job_id: JobId,
    actor: Annotated[str, typer.Option(help="Who does it, for people.")] = "",
    url: Url = None,
    config: Config = None,
    access_code: AccessCode = None,
    secret: Secret = None,
    api_key: ApiKey = None,
    as_json: AsJson = False,
) -> None:
    """Cancel a stuck job; what was done stays done."""
    server = account_server(url, config, access_code, secret, api_key)
    done = server.post(f"{_PATH}/cancel", {"kind": kind, "id": job_id, "actor": actor})
    if as_json:
        print_json(done)
    else:
        print_lines([f"{_words(kind)} {job_id} is cancelled"])


def _words(kind: str) -> str:
    return kind.replace("_", " ")


def _stuck(found: dict[str, Any], now: datetime) -> Iterator[list[str]]:
    for each in found["stuck"]:
        kind = f"stuck {_words(each['kind'])}"
        for job in each["jobs"]:
            minutes = (now - datetime.fromisoformat(job["since"])).total_seconds() // 60
            many = f"{job['count']:,}: " if job["count"] > 1 else ""
            age = counted(int(minutes), "minute")
            what = f"{job['id']} {many}for {age}. {job['why']}".strip()
            yield [kind, job["account"] or "-", what, job["toDo"]]
        if each["more"]:
            yield [kind, "-", "and more", "Those that wait longest come first."]


def _rows(found: dict[str, Any], now: datetime) -> Iterator[list[str]]:
    for need in found.get("installation", ()):
        yield [need["kind"], "-", need["what"], need["toDo"]]
    for each in found["inDoubt"]:
        for message in each["messages"]:
            what = f"{message['id']} to {message['esimTranNo']}, since {message['since'][:16]}"
            yield ["in doubt", each["account"], what, _IN_DOUBT]
        if each["more"]:
            yield ["in doubt", each["account"], "and more", "`simpost messages` shows all."]
    for each in found["webhooks"] or ():
        if each["givenUp"]:
            count = f"{each['givenUp']}{' or more' if each['more'] else ''}"
            what, to_do = f"{each['id']} gave up {count} deliveries", _REPLAY
        else:
            what, to_do = f"{each['id']} is {each['state']}; its events wait", _RESUME
        yield ["webhook", each["account"], what, to_do]

    yield from _stuck(found, now)


def _held(held: list[dict[str, Any]]) -> Iterator[list[str]]:
    for each in held:
        for message in each["messages"]:
            why = message["reason"]["code"] if message["reason"] else "-"
            until = message["until"][:16].replace("T", " ")
            yield [each["account"], message["id"], message["esimTranNo"], until, why]
        if each["more"]:
            yield [each["account"], "and more", "-", "-", "-"]
