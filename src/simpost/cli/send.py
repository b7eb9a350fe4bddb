"""`simpost send`: send one SMS to one eSIM."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from simpost.cli.client import Server, Unanswered
from simpost.cli.options import (
    AccessCode,
    ApiKey,
    AsJson,
    Config,
    Secret,
    Url,
    account_server,
    finite,
)
from simpost.cli.output import print_json, print_lines
from simpost.cli.templates import Language, Values, parse_values
from simpost.cli.times import NOT_A_TIME, parse_span, parse_time, read_time, write_time
from simpost.domain.messages import Category
from simpost.domain.plurals import counted
from simpost.domain.states import State
from simpost.errors import ConfigError
from simpost.text.display import visible

_FIRST_WAIT_S = 0.25
_LONGEST_WAIT_S = 2.0


def send(
    text: Annotated[str | None, typer.Argument(help="Text of the message.")] = None,
    esim: Annotated[str | None, typer.Option(help="Recipient, by esimTranNo.")] = None,
    iccid: Annotated[str | None, typer.Option(help="Recipient, by ICCID.")] = None,
    msisdn: Annotated[str | None, typer.Option(help="Recipient, by phone number.")] = None,
    category: Annotated[
        Category | None, typer.Option(help="Category. Default: that of the account.")
    ] = None,
    validity: Annotated[int | None, typer.Option(min=1, help="Validity in seconds.")] = None,
    sender: Annotated[
        str | None,
        typer.Option("--from", help="Sender that the handset shows. Default: that of the carrier."),
    ] = None,
    message_class: Annotated[
        int | None, typer.Option("--class", min=0, max=3, help="Message class; 0: flash.")
    ] = None,
    receipt: Annotated[
        bool, typer.Option("--receipt/--no-receipt", help="Ask for a delivery receipt.")
    ] = True,
    look_alikes: Annotated[
        bool | None,
        typer.Option(
            "--look-alikes/--no-look-alikes",
            help="Use look-alikes where that saves parts. Default: as the account.",
        ),
    ] = None,
    binary: Annotated[
        str | None, typer.Option(help="Octets in hex digits instead of a text.")
    ] = None,
    ports: Annotated[
        str | None,
        typer.Option(metavar="TO[:FROM]", help="With --binary: application ports."),
    ] = None,
    template: Annotated[
        str | None, typer.Option(help="Name of a template to render instead of a text.")
    ] = None,
    template_version: Annotated[
        int | None, typer.Option(min=1, help="Its version. Default: the latest.")
    ] = None,
    values: Values = None,
    language: Language = None,
    at: Annotated[
        str | None,
        typer.Option(
            metavar="TIME", help="When to send it: an ISO time, in UTC if it has no offset."
        ),
    ] = None,
    expires_at: Annotated[
        str | None,
        typer.Option(metavar="TIME", help="When it expires: an ISO time, instead of --validity."),
    ] = None,
    lifetime: Annotated[
        str | None,
        typer.Option("--for", metavar="SPAN", help="It expires 30m, 2h or 7d after now, or --at."),
    ] = None,
    reference: Annotated[
        str | None, typer.Option(help="Your own string for it: up to 128 ASCII characters.")
    ] = None,
    request_id: Annotated[
        str | None, typer.Option(help="Idempotency key: the same key within 24 hours sends once.")
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what would happen and send nothing.")
    ] = False,
    wait: Annotated[bool, typer.Option("--wait", help="Wait for the final state.")] = False,
    timeout: Annotated[
        float, typer.Option(min=0, callback=finite, help="With --wait: most seconds to wait.")
    ] = 300,
    url: Url = None,
    config: Config = None,
    access_code: AccessCode = None,
    secret: Secret = None,
    api_key: ApiKey = None,
    as_json: AsJson = False,
) -> None:
    """Send an SMS to an eSIM."""
    if not esim and not iccid and not msisdn:
        raise ConfigError("no eSIM given: use --esim, --iccid or --msisdn.")
    if sum(each is not None for each in (text, binary, template)) != 1:
        raise ConfigError(
            "nothing to send: give a text, --binary or --template (only one of them)."
        )
    server = account_server(url, config, access_code, secret, api_key)
    wanted = {
        "text": text,
        "binary": binary,
        "template": template,
        "templateVersion": template_version,
        "values": None if values is None else parse_values(values),
        "language": language,
        "ports": parse_ports(ports) if ports else None,
        "from": sender,
        "class": message_class,
        "receipt": None if receipt else False,
        "lookAlikes": look_alikes,
        "esimTranNo": esim,
        "iccid": iccid,
        "msisdn": msisdn,
        "category": category,
        "validitySeconds": validity,
        "sendAt": parse_time(at, "--at") if at else None,
        "expiresAt": _expiry(expires_at, lifetime, at),
        "reference": reference,
        "dryRun": dry_run or None,
    }
    document = {name: value for name, value in wanted.items() if value is not None}
    request_id = request_id or str(uuid.uuid4())
    try:
        answer = server.post("/v1/messages", document, request_id=request_id)
    except Unanswered as error:
        raise Unanswered(f"{error} Ask again with --request-id {request_id}.") from None
    if dry_run:
        show_decision(answer, as_json=as_json)
    elif wait:
        _follow(server, answer["id"], timeout, as_json=as_json)
    elif as_json:
        print_json(answer)
    else:
        state = f"{answer['state']}{_until(answer)}"
        print_lines([f"{answer['id']}  {state}{_size(answer)}{_replaced(answer)}"])


def _expiry(expires_at: str | None, lifetime: str | None, at: str | None) -> str | None:
    """When the message expires; `None` without an option that says it."""
    if lifetime is None:
        return parse_time(expires_at, "--expires-at") if expires_at else None
    if expires_at:
        raise typer.BadParameter("goes without --expires-at", param_hint="--for")
    start = read_time(at, "--at", NOT_A_TIME) if at else datetime.now(UTC)
    return write_time(start + parse_span(lifetime, "--for"))


def parse_ports(text: str) -> dict[str, int]:
    """Ports from `2948` or `2948:9200`: of the application on the handset, and of the sender."""
    destination, _, source = text.partition(":")
    try:
        return {"destination": int(destination), "source": int(source or 0)}
    except ValueError:
        raise typer.BadParameter(
            "must be a port, or two with a colon between", param_hint="--ports"
        ) from None


def _size(answer: dict[str, Any]) -> str:
    count = answer["partCount"]
    return f", {counted(count, 'part')} of {answer['encoding']}" if count else ""


def _until(answer: dict[str, Any]) -> str:
    return f" until {answer['heldUntil']}" if answer["heldUntil"] else ""


def _replaced(answer: dict[str, Any]) -> str:
    count = sum(each["count"] for each in answer["replaced"])
    return f", {count} character{'' if count == 1 else 's'} replaced" if count else ""


def show_decision(answer: dict[str, Any], *, as_json: bool) -> None:
    """Print the decision of a dry run; exit with 1 if it is a refusal."""
    refused = answer["decision"] == "refuse"
    if as_json:
        print_json(answer)
    elif refused:
        reason = answer["reason"]
        said = " ".join(filter(None, [reason["explanation"], reason["detail"], reason["remedy"]]))
        print_lines([f"would be refused: {reason['code']}", said, *_rules(answer)])
    else:
        way = f"{answer['to']} through {answer['carrier']}"
        done = (
            f"would be held{_until(answer)}, then sent" if answer["heldUntil"] else "would be sent"
        )
        said = f"{done} to {way}{_size(answer)}{_replaced(answer)}"
        print_lines([said, *(f"  {part}" for part in answer["segments"]), *_rules(answer)])
    if refused:
        raise typer.Exit(1)


def _rules(answer: dict[str, Any]) -> Iterator[str]:
    """One line for each rule, with the facts that it looked at."""
    for each in answer["rules"]:
        facts = ", ".join(f"{name} {_plain(value)}" for name, value in each["facts"].items())
        yield f"{each['rule']:14} {each['verdict']:10}  {facts}".rstrip()


def _plain(value: Any) -> str:
    if isinstance(value, list):
        return " ".join(map(_plain, value)) or "-"
    if isinstance(value, dict):
        return "/".join(map(_plain, value.values()))
    return "-" if value in (None, "") else visible(str(value))


def _follow(server: Server, message_id: str, timeout_s: float, *, as_json: bool) -> None:
    """Exit with 0 once it is delivered, with 1 if it ends otherwise or the time is up.

    Without a receipt `sent` is the last that is ever known, and as good as it gets.
    """
    message: dict[str, Any] = {}
    for message in follow(server, message_id, timeout_s):
        if not as_json:
            print_lines([f"{message_id}  {message['state']}{_reason(message)}"])
    if as_json:
        print_json(message)
    if message["state"] not in (State.DELIVERED, State.SENT if _is_unreported(message) else None):
        raise typer.Exit(1)


def _is_unreported(message: dict[str, Any]) -> bool:
    return not message["receipt"]


def _reason(message: dict[str, Any]) -> str:
    reason = message["reason"]
    return f"  {reason['explanation']} {reason['remedy']}" if reason else ""


def follow(
    server: Server,
    message_id: str,
    timeout_s: float,
    *,
    clock_s: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> Iterator[dict[str, Any]]:
    """The message after each change of state or reason, until it is final or the time is up."""
    ends_s = clock_s() + timeout_s
    wait_s = _FIRST_WAIT_S
    last = None
    while True:
        message = server.get(f"/v1/messages/{message_id}")
        if (message["state"], message["reason"]) != last:
            last = (message["state"], message["reason"])
            wait_s = _FIRST_WAIT_S
            yield message
        is_last = message["state"] == State.SENT and _is_unreported(message)
        if is_last or State(message["state"]).is_final or clock_s() + wait_s > ends_s:
            return
        sleep(wait_s)
        wait_s = min(_LONGEST_WAIT_S, wait_s * 1.5)
