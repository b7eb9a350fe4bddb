"""`simpost needs`: what does not get better by itself."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

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

_HEADING: Final = ["kind", "account", "what", "what to do"]
_IN_DOUBT: Final = "Ask the traveller or the carrier, then `simpost bulk start send_again`."
_REPLAY: Final = "Replay them by `simpost webhooks replay` once it works."
_RESUME: Final = "Fix it, then `simpost webhooks resume`."


def needs(
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
        print_columns([_HEADING, *_rows(found)])
    if found["webhooks"] is None:
        print_lines(["webhooks are not shown: the key lacks the scope webhooks"])
    if found["held"]:
        print_lines(["", "held by policy:"])
        print_columns([["account", "message", "eSIM", "until (UTC)", "why"], *_held(found["held"])])
    if found["more"]:
        print_lines(["", "more accounts have something than are shown"])


def _rows(found: dict[str, Any]) -> Iterator[list[str]]:
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


def _held(held: list[dict[str, Any]]) -> Iterator[list[str]]:
    for each in held:
        for message in each["messages"]:
            why = message["reason"]["code"] if message["reason"] else "-"
            until = message["until"][:16].replace("T", " ")
            yield [each["account"], message["id"], message["esimTranNo"], until, why]
        if each["more"]:
            yield [each["account"], "and more", "-", "-", "-"]
