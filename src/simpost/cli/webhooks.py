"""`simpost webhooks`: endpoints that receive the events of an account."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, TypeAlias
from urllib.parse import quote

import typer

from simpost.cli.options import AccessCode, ApiKey, AsJson, Config, Secret, Url, account_server
from simpost.cli.output import print_columns, print_json, print_lines
from simpost.domain.messages import Category
from simpost.domain.plurals import counted
from simpost.domain.webhooks import DeliveryState
from simpost.errors import ConfigError

app = typer.Typer(
    no_args_is_help=True, help="Add, change, test and replay webhook endpoints of an account."
)

_PATH = "/v1/webhooks"
_SHOWN = 60

Id: TypeAlias = Annotated[str, typer.Argument(help="Id of the endpoint.", metavar="ID")]
EventTypes: TypeAlias = Annotated[
    list[str] | None,
    typer.Option("--event", help="Type of event, such as message.delivered or message.*."),
]
Categories: TypeAlias = Annotated[
    list[Category] | None, typer.Option("--category", help="Category of messages.")
]


@app.command()
def add(
    target: Annotated[str, typer.Argument(help="URL that receives the events.", metavar="URL")],
    event: EventTypes = None,
    category: Categories = None,
    batch: Annotated[
        int, typer.Option(min=1, max=100, help="Largest number of events in one request.")
    ] = 1,
    description: Annotated[str, typer.Option(help="Your own words.")] = "",
    url: Url = None,
    config: Config = None,
    access_code: AccessCode = None,
    secret: Secret = None,
    api_key: ApiKey = None,
    as_json: AsJson = False,
) -> None:
    """Add an endpoint and print its secret, which is not shown again."""
    document = {
        "url": target,
        "eventTypes": event or [],
        "categories": category or [],
        "batch": batch,
        "description": description,
    }
    answer = account_server(url, config, access_code, secret, api_key).post(_PATH, document)
    _print_secret(answer, as_json)


@app.command("list")
def list_endpoints(
    url: Url = None,
    config: Config = None,
    access_code: AccessCode = None,
    secret: Secret = None,
    api_key: ApiKey = None,
    as_json: AsJson = False,
) -> None:
    """List all endpoints with their states and counts."""
    found = account_server(url, config, access_code, secret, api_key).get(_PATH)["webhooks"]
    if as_json:
        print_json(found)
    elif found:
        print_columns(list(_rows(found)))
    else:
        print("no webhooks")


@app.command()
def show(
    endpoint: Id,
    url: Url = None,
    config: Config = None,
    access_code: AccessCode = None,
    secret: Secret = None,
    api_key: ApiKey = None,
) -> None:
    """Show one endpoint as JSON."""
    print_json(account_server(url, config, access_code, secret, api_key).get(_of(endpoint)))


@app.command()
def pause(
    endpoint: Id,
    url: Url = None,
    config: Config = None,
    access_code: AccessCode = None,
    secret: Secret = None,
    api_key: ApiKey = None,
) -> None:
    """Deliver nothing until it is resumed. Events wait."""
    server = account_server(url, config, access_code, secret, api_key)
    _act(server.post(_of(endpoint, "/pause"), {}))


@app.command()
def resume(
    endpoint: Id,
    url: Url = None,
    config: Config = None,
    access_code: AccessCode = None,
    secret: Secret = None,
    api_key: ApiKey = None,
) -> None:
    """Deliver again, also to an endpoint that was disabled or is gone."""
    server = account_server(url, config, access_code, secret, api_key)
    _act(server.post(_of(endpoint, "/resume"), {}))


@app.command()
def delete(
    endpoint: Id,
    url: Url = None,
    config: Config = None,
    access_code: AccessCode = None,
    secret: Secret = None,
    api_key: ApiKey = None,
) -> None:
    """Delete an endpoint. Its pending deliveries end."""
    account_server(url, config, access_code, secret, api_key).delete(_of(endpoint))
    print_lines([f"{endpoint}  deleted"])


@app.command("rotate-secret")
def rotate_secret(
    endpoint: Id,
    overlap: Annotated[
        int,
        typer.Option(min=0, help="Seconds in which the present secret signs too; 0 revokes it."),
    ] = 86_400,
    url: Url = None,
    config: Config = None,
    access_code: AccessCode = None,
    secret: Secret = None,
    api_key: ApiKey = None,
    as_json: AsJson = False,
) -> None:
    """Replace the secret and print the new one, which is not shown again."""
    server = account_server(url, config, access_code, secret, api_key)
    path = _of(endpoint, "/rotate-secret")
    _print_secret(server.post(path, {"overlapSeconds": overlap}), as_json)


@app.command("test")
def send_test(
    endpoint: Id,
    url: Url = None,
    config: Config = None,
    access_code: AccessCode = None,
    secret: Secret = None,
    api_key: ApiKey = None,
    as_json: AsJson = False,
) -> None:
    """Send a test event now; exit with 1 unless it was accepted."""
    server = account_server(url, config, access_code, secret, api_key)
    attempt = server.post(_of(endpoint, "/test"), {})
    if as_json:
        print_json(attempt)
    else:
        print_lines([_describe(attempt)])
    if not 200 <= (attempt["status"] or 0) < 300:
        raise typer.Exit(1)


@app.command()
def deliveries(
    endpoint: Id,
    state: Annotated[
        DeliveryState | None, typer.Option(help="Show only deliveries in this state.")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, max=50, help="Largest number to show.")] = 20,
    url: Url = None,
    config: Config = None,
    access_code: AccessCode = None,
    secret: Secret = None,
    api_key: ApiKey = None,
    as_json: AsJson = False,
) -> None:
    """Show events that needed more than one attempt, newest first."""
    server = account_server(url, config, access_code, secret, api_key)
    page = server.get(_of(endpoint, "/deliveries"), {"state": state, "limit": limit})
    if as_json:
        print_json(page["deliveries"])
    elif page["deliveries"]:
        print_columns(list(_delivery_rows(page["deliveries"])))
    else:
        print("no deliveries")


@app.command()
def replay(
    endpoint: Id,
    event_id: Annotated[list[str] | None, typer.Option(help="Id of an event.")] = None,
    after: Annotated[int | None, typer.Option(min=0, help="Events after this number.")] = None,
    before: Annotated[int | None, typer.Option(min=0, help="Events before this number.")] = None,
    since: Annotated[str | None, typer.Option(help="Events from this RFC 3339 time on.")] = None,
    until: Annotated[str | None, typer.Option(help="Events before this RFC 3339 time.")] = None,
    event: EventTypes = None,
    exhausted: Annotated[
        bool, typer.Option("--exhausted", help="Only events whose last attempt failed.")
    ] = False,
    url: Url = None,
    config: Config = None,
    access_code: AccessCode = None,
    secret: Secret = None,
    api_key: ApiKey = None,
) -> None:
    """Send events to an endpoint again."""
    given = {
        "eventIds": event_id,
        "after": after,
        "before": before,
        "from": since,
        "to": until,
        "eventTypes": event,
        "state": DeliveryState.EXHAUSTED if exhausted else None,
    }
    document = {name: value for name, value in given.items() if value is not None}
    if not document:
        raise ConfigError("say which events to replay, such as --exhausted or --after 0")
    server = account_server(url, config, access_code, secret, api_key)
    total, goes_on = 0, True
    while goes_on:
        answer = server.post(_of(endpoint, "/replay"), document)
        total += answer["replayed"]
        goes_on = answer["next"] is not None
        document["before" if exhausted else "after"] = answer["next"]
    print_lines([f"{counted(total, 'event')} will be sent again"])


def _of(endpoint: str, action: str = "") -> str:
    return f"{_PATH}/{quote(endpoint, safe='')}{action}"


def _act(answer: dict[str, Any]) -> None:
    print_lines([f"{answer['id']}  {answer['state']}"])


def _print_secret(answer: dict[str, Any], as_json: bool) -> None:
    if as_json:
        print_json(answer)
        return
    _act(answer)
    print_lines([f"secret: {answer['secret'] or 'as before: this endpoint exists already'}"])


def _describe(attempt: dict[str, Any]) -> str:
    outcome = f"HTTP {attempt['status']}" if attempt["status"] else attempt["error"]
    return f"{outcome} after {attempt['durationMs']} ms"


def _rows(found: list[dict[str, Any]]) -> Iterator[list[str]]:
    yield ["id", "state", "delivered", "exhausted", "events", "URL"]
    for each in found:
        yield [
            each["id"],
            each["state"],
            str(each["delivered"]),
            str(each["exhausted"]),
            " ".join(each["eventTypes"]) or "all",
            each["url"][:_SHOWN],
        ]


def _delivery_rows(found: list[dict[str, Any]]) -> Iterator[list[str]]:
    yield ["event", "type", "state", "attempts", "next attempt (UTC)", "last attempt"]
    for each in found:
        attempts, due = each["attempts"], each["nextAttemptAt"]
        yield [
            each["eventId"],
            each["type"],
            each["state"],
            str(len(attempts)),
            due[:19].replace("T", " ") if due else "-",
            _describe(attempts[-1])[:_SHOWN] if attempts else "-",
        ]
