"""`simpost bulk`: do one thing with many messages or deliveries, with a time to undo it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Annotated, Any, Final, TypeAlias
from urllib.parse import quote
from uuid import uuid4

import typer

from simpost.cli.messages import parse_since
from simpost.cli.options import AccessCode, ApiKey, AsJson, Config, Secret, Url, account_server
from simpost.cli.output import print_columns, print_json, print_lines
from simpost.cli.pages import read_pages
from simpost.cli.times import parse_time
from simpost.domain.bulk_jobs import BulkItemState, BulkVerb
from simpost.domain.messages import Category
from simpost.domain.reasons import Reason
from simpost.domain.states import State
from simpost.errors import ConfigError

app = typer.Typer(
    no_args_is_help=True,
    help="Do one thing with many messages or deliveries, with a time to undo it.",
)

_PATH: Final = "/v1/bulk-jobs"
_LOOK_S: Final = 0.5
_OVER: Final = ("finished", "undone", "stopped")

Id: TypeAlias = Annotated[str, typer.Argument(metavar="ID", help="Id of the bulk job.")]
Actor: TypeAlias = Annotated[str, typer.Option(help="Who does it, for people.")]


@app.command()
def start(
    verb: Annotated[BulkVerb, typer.Argument(metavar="VERB", help="What to do with each.")],
    ids: Annotated[
        list[str] | None, typer.Option("--id", help="Only this message; may be repeated.")
    ] = None,
    esim: Annotated[str | None, typer.Option(help="Only messages to this esimTranNo.")] = None,
    iccid: Annotated[str | None, typer.Option(help="Only messages to this ICCID.")] = None,
    msisdn: Annotated[str | None, typer.Option(help="Only messages to this number.")] = None,
    state: Annotated[State | None, typer.Option(help="Only messages in this state.")] = None,
    reason: Annotated[Reason | None, typer.Option(help="Only messages with this reason.")] = None,
    category: Annotated[
        Category | None, typer.Option(help="Only messages of this category.")
    ] = None,
    template: Annotated[str | None, typer.Option(help="Only texts of this template.")] = None,
    broadcast: Annotated[
        str | None, typer.Option(metavar="ID", help="Only texts of this broadcast.")
    ] = None,
    reference: Annotated[str | None, typer.Option(help="Only this reference.")] = None,
    reference_prefix: Annotated[
        str | None, typer.Option(help="Only references that begin with this.")
    ] = None,
    since: Annotated[
        str | None, typer.Option(help="Only the last 30m, 2h or 7d, or since an ISO time.")
    ] = None,
    until: Annotated[
        str | None, typer.Option(help="Only what was accepted until this ISO time.")
    ] = None,
    webhook: Annotated[
        str | None, typer.Option(metavar="ID", help="Of replay: only this endpoint.")
    ] = None,
    undo_s: Annotated[
        int | None, typer.Option(min=0, help="Seconds in which it can be undone.")
    ] = None,
    actor: Actor = "",
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Count what matches; do nothing.")
    ] = False,
    watch: Annotated[
        bool, typer.Option("--watch", help="Wait until it is over; Ctrl-C stops it.")
    ] = False,
    url: Url = None,
    config: Config = None,
    access_code: AccessCode = None,
    secret: Secret = None,
    api_key: ApiKey = None,
    as_json: AsJson = False,
) -> None:
    """Begin a job: cancel, release or send_again messages, or replay what webhooks gave up."""
    filters = {
        "esimTranNo": esim,
        "iccid": iccid,
        "msisdn": msisdn,
        "state": state,
        "reason": reason,
        "category": category,
        "template": template,
        "broadcast": broadcast,
        "reference": reference,
        "referencePrefix": reference_prefix,
        "from": parse_since(since, datetime.now(UTC)) if since else None,
        "to": parse_time(until, "--until") if until else None,
    }
    given = {name: value for name, value in filters.items() if value is not None}
    if verb.is_of_messages and bool(ids) == bool(given):
        raise ConfigError("say which messages: by --id, or by at least one filter.")
    body = {
        "verb": verb,
        "ids": ids or None,
        "messages": given or None,
        "webhook": webhook,
        "undoSeconds": undo_s,
        "actor": actor,
        "dryRun": dry_run,
    }
    server = account_server(url, config, access_code, secret, api_key)
    answer = server.post(_PATH, body, request_id="" if dry_run else str(uuid4()))
    if watch and not dry_run:
        try:
            while answer["status"] not in _OVER:
                time.sleep(_LOOK_S)
                answer = server.get(_place(answer["id"]))
        except KeyboardInterrupt:
            server.close()  # the interrupt may have cut a response
            answer = server.post(f"{_place(answer['id'])}/stop", {"actor": actor})
    if as_json:
        print_json(answer)
    else:
        print_lines([answer["explanation"]] if dry_run else _lines(answer))


@app.command("list")
def list_jobs(
    limit: Annotated[int, typer.Option(min=1, help="Largest number to show.")] = 20,
    url: Url = None,
    config: Config = None,
    access_code: AccessCode = None,
    secret: Secret = None,
    api_key: ApiKey = None,
    as_json: AsJson = False,
) -> None:
    """List bulk jobs, newest first."""
    server = account_server(url, config, access_code, secret, api_key)
    found = read_pages(server, _PATH, "bulkJobs", {}, limit)
    if as_json:
        print_json(found)
    elif not found:
        print_lines(["No bulk jobs."])
    else:
        heading = ("id", "verb", "status", "done", "skipped", "failed", "of")
        print_columns([heading, *map(_row, found)])


@app.command()
def show(
    job_id: Id,
    url: Url = None,
    config: Config = None,
    access_code: AccessCode = None,
    secret: Secret = None,
    api_key: ApiKey = None,
    as_json: AsJson = False,
) -> None:
    """Show a bulk job with its counts."""
    server = account_server(url, config, access_code, secret, api_key)
    found = server.get(_place(job_id))
    if as_json:
        print_json(found)
    else:
        print_lines(_lines(found))


@app.command()
def items(
    job_id: Id,
    state: Annotated[
        BulkItemState | None, typer.Option(help="Only those in this state, such as failed.")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, help="Largest number to show.")] = 200,
    url: Url = None,
    config: Config = None,
    access_code: AccessCode = None,
    secret: Secret = None,
    api_key: ApiKey = None,
    as_json: AsJson = False,
) -> None:
    """List what became of each item of a bulk job."""
    server = account_server(url, config, access_code, secret, api_key)
    path = f"{_place(job_id)}/items"
    found = read_pages(server, path, "items", {"state": state}, limit, cursor="after")
    if as_json:
        print_json(found)
    else:
        print_columns([("item", "state", "new message or reason"), *map(_item_row, found)])


@app.command()
def stop(
    job_id: Id,
    actor: Actor = "",
    url: Url = None,
    config: Config = None,
    access_code: AccessCode = None,
    secret: Secret = None,
    api_key: ApiKey = None,
    as_json: AsJson = False,
) -> None:
    """Undo a bulk job that did not begin, or stop one that works."""
    server = account_server(url, config, access_code, secret, api_key)
    found = server.post(f"{_place(job_id)}/stop", {"actor": actor})
    if as_json:
        print_json(found)
    else:
        print_lines(_lines(found))


def _place(job_id: str) -> str:
    return f"{_PATH}/{quote(job_id, safe='')}"


def _row(found: dict[str, Any]) -> tuple[str, ...]:
    counts = found["counts"]
    numbers = (str(counts[name]) for name in ("done", "skipped", "failed", "total"))
    return found["id"], found["verb"], found["status"], *numbers


def _item_row(found: dict[str, Any]) -> tuple[str, ...]:
    reason = found["reason"]
    why = f"{reason['code']} {reason['detail']}".strip() if reason else ""
    return found["item"], found["state"], found["messageId"] or why


def _lines(found: dict[str, Any]) -> Iterator[str]:
    counts = found["counts"]
    yield f"{found['id']}  {found['verb']}"
    yield f"{found['status']}: {found['explanation']}"
    yield (
        f"items      {counts['total']:,}: {counts['done']:,} done, {counts['skipped']:,} skipped, "
        f"{counts['failed']:,} failed, {counts['remaining']:,} remaining"
    )
    yield f"due        {found['dueAt']}"
