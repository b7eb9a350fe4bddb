"""`simpost conversations`: list, show, answer, assign and close conversations."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from typing import Annotated, Any, TypeAlias
from urllib.parse import quote

import typer

from simpost.cli.options import AccessCode, ApiKey, AsJson, Config, Secret, Url, account_server
from simpost.cli.output import print_columns, print_json, print_lines
from simpost.cli.pages import read_pages, read_values
from simpost.cli.send import show_decision
from simpost.domain.texts import shown_absence
from simpost.errors import ConfigError

app = typer.Typer(no_args_is_help=True, help="Read and answer the texts of travellers.")

_PATH = "/v1/conversations"
_ARROW = {"toEsim": "->", "fromEsim": "<-"}
_HEADING = ("id", "status", "eSIM", "assignee", "unread", "updated (UTC)")

Id: TypeAlias = Annotated[str, typer.Argument(metavar="ID", help="Id of the conversation.")]


@app.command("list")
def list_conversations(
    status: Annotated[str | None, typer.Option(help="Only these: open, waiting or closed.")] = None,
    assignee: Annotated[
        str | None, typer.Option(help="Only those of this person; empty: of nobody.")
    ] = None,
    tag: Annotated[str | None, typer.Option(help="Only those with this tag.")] = None,
    esim: Annotated[str | None, typer.Option(help="Only those of this esimTranNo.")] = None,
    unread: Annotated[bool, typer.Option("--unread", help="Only those with unread texts.")] = False,
    search: Annotated[
        str | None, typer.Option(help="Only those of eSIMs with a text with these words.")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, help="Largest number to show.")] = 20,
    url: Url = None,
    config: Config = None,
    access_code: AccessCode = None,
    secret: Secret = None,
    api_key: ApiKey = None,
    as_json: AsJson = False,
) -> None:
    """List conversations, newest first."""
    which = {"status": status, "assignee": assignee, "tag": tag, "esimTranNo": esim}
    which["search"] = search
    query: dict[str, Any] = {name: each for name, each in which.items() if each is not None}
    if unread:
        query["unread"] = "true"
    server = account_server(url, config, access_code, secret, api_key)
    found = read_pages(server, _PATH, "conversations", query, limit)
    if as_json:
        print_json(found)
    elif not found:
        print_lines(["No conversations."])
    else:
        print_columns([_HEADING, *(_row(each) for each in found)])


@app.command()
def show(
    conversation_id: Id,
    limit: Annotated[int, typer.Option(min=1, help="Largest number of texts to show.")] = 20,
    url: Url = None,
    config: Config = None,
    access_code: AccessCode = None,
    secret: Secret = None,
    api_key: ApiKey = None,
    as_json: AsJson = False,
) -> None:
    """Show a conversation with its texts, oldest first, and its notes."""
    server = account_server(url, config, access_code, secret, api_key)
    place = _place(conversation_id)
    found = server.get(place)
    entries = read_pages(server, f"{place}/entries", "entries", {}, limit)[::-1]
    notes = read_pages(server, f"{place}/notes", "notes", {}, limit)[::-1]
    if as_json:
        print_json({**found, "entries": entries, "notes": notes})
    else:
        print_lines([*_lines(found), *_texts(entries), *_notes(notes)])


@app.command()
def start(
    esim: Annotated[str | None, typer.Argument(metavar="[ESIM]", help="esimTranNo.")] = None,
    iccid: Annotated[str | None, typer.Option(help="ICCID of the eSIM.")] = None,
    msisdn: Annotated[str | None, typer.Option(help="Number of the eSIM.")] = None,
    order: Annotated[str | None, typer.Option(help="Order with one eSIM.")] = None,
    url: Url = None,
    config: Config = None,
    access_code: AccessCode = None,
    secret: Secret = None,
    api_key: ApiKey = None,
    as_json: AsJson = False,
) -> None:
    """Begin a conversation with an eSIM, or show the one it has. Nothing is sent yet."""
    names = {"esimTranNo": esim, "iccid": iccid, "msisdn": msisdn, "orderNo": order}
    given = {name: value for name, value in names.items() if value is not None}
    server = account_server(url, config, access_code, secret, api_key)
    _print(server.post(_PATH, given), as_json=as_json)


@app.command()
def reply(
    conversation_id: Id,
    text: Annotated[
        str | None,
        typer.Argument(help="The text. Default: read from standard input."),
    ] = None,
    template: Annotated[str | None, typer.Option(help="Name of a template instead.")] = None,
    value: Annotated[
        list[str] | None, typer.Option(metavar="NAME=VALUE", help="Value of a variable.")
    ] = None,
    at: Annotated[
        str | None, typer.Option("--at", metavar="TIME", help="Send it then: an RFC 3339 time.")
    ] = None,
    instead_of: Annotated[
        str | None,
        typer.Option(metavar="MESSAGE", help="Replace this reply, which waits for its time."),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what would happen and send nothing.")
    ] = False,
    url: Url = None,
    config: Config = None,
    access_code: AccessCode = None,
    secret: Secret = None,
    api_key: ApiKey = None,
    as_json: AsJson = False,
) -> None:
    """Reply to the eSIM. The conversation waits for the traveller then."""
    body: dict[str, Any] = {"sendAt": at} if at else {}
    if template is None:
        body["text"] = sys.stdin.read().rstrip("\n") if text is None else text
    else:
        if text is not None:
            raise ConfigError("a text and --template: choose one.")
        body |= {"template": template, "values": read_values(value)}
    server = account_server(url, config, access_code, secret, api_key)
    path = f"{_place(conversation_id)}/replies"
    if dry_run:
        show_decision(server.post(f"{path}?dryRun=true", body), as_json=as_json)
        return
    if instead_of is None:
        answer = server.post(path, body)
    else:
        answer = server.put(f"{path}/{quote(instead_of, safe='')}", json.dumps(body).encode())
    if as_json:
        print_json(answer)
    else:
        print_lines([f"{answer['id']}  {answer['state']}"])


@app.command()
def note(
    conversation_id: Id,
    text: Annotated[str, typer.Argument(help="The note. The traveller never sees it.")],
    author: Annotated[str, typer.Option(help="Who writes it.")],
    url: Url = None,
    config: Config = None,
    access_code: AccessCode = None,
    secret: Secret = None,
    api_key: ApiKey = None,
    as_json: AsJson = False,
) -> None:
    """Add a private note."""
    server = account_server(url, config, access_code, secret, api_key)
    answer = server.post(f"{_place(conversation_id)}/notes", {"author": author, "text": text})
    if as_json:
        print_json(answer)
    else:
        print_lines([f"{answer['id']}  noted"])


@app.command()
def change(
    conversation_id: Id,
    status: Annotated[str | None, typer.Option(help="open, waiting or closed.")] = None,
    assignee: Annotated[
        str | None, typer.Option(help="The person who answers; empty: nobody.")
    ] = None,
    tag: Annotated[
        list[str] | None, typer.Option(help="A tag; all tags from now on. Repeat it for more.")
    ] = None,
    read: Annotated[bool, typer.Option("--read", help="All texts were read.")] = False,
    url: Url = None,
    config: Config = None,
    access_code: AccessCode = None,
    secret: Secret = None,
    api_key: ApiKey = None,
    as_json: AsJson = False,
) -> None:
    """Assign, tag, close or reopen a conversation."""
    which = {"status": status, "assignee": assignee, "tags": tag or None, "read": read or None}
    given = {name: each for name, each in which.items() if each is not None}
    if not given:
        raise ConfigError("nothing to change: give --status, --assignee, --tag or --read.")
    server = account_server(url, config, access_code, secret, api_key)
    _print(server.patch(_place(conversation_id), given), as_json=as_json)


def _place(conversation_id: str) -> str:
    return f"{_PATH}/{quote(conversation_id, safe='')}"


def _print(found: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        print_json(found)
    else:
        print_lines(_lines(found))


def _row(found: dict[str, Any]) -> tuple[str, ...]:
    return (
        found["id"],
        found["status"],
        found["esimTranNo"],
        found["assignee"] or "nobody",
        str(found["unread"]),
        found["updatedAt"],
    )


def _lines(found: dict[str, Any]) -> Iterator[str]:
    yield f"{found['id']}  {found['status']}"
    yield f"eSIM        {found['esimTranNo']}"
    yield f"assignee    {found['assignee'] or 'nobody'}"
    if found["tags"]:
        yield f"tags        {', '.join(found['tags'])}"
    yield f"unread      {found['unread']}"
    if found["unansweredSince"]:
        yield f"unanswered  since {found['unansweredSince']}"
    if found["replyDueAt"]:
        yield f"reply due   {found['replyDueAt']}"
    if found["failedMessageId"]:
        yield f"failed      reply {found['failedMessageId']}"


def _texts(entries: list[dict[str, Any]]) -> Iterator[str]:
    for each in entries:
        text = each["text"] or each["binary"] or shown_absence(each["textAbsence"])
        yield f"{each['at']}  {_ARROW[each['direction']]}  {each['state']}  {text}"
        if each["reason"]:
            yield f"    {each['reason']['explanation']} {each['reason']['remedy']}"


def _notes(notes: list[dict[str, Any]]) -> Iterator[str]:
    for each in notes:
        yield f"{each['at']}  note by {each['author']}: {each['text'] or '(erased)'}"
