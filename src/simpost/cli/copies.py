"""`simpost confirm-copy` and `simpost mark-copy`: whether a copy of a store sends."""

from __future__ import annotations

import asyncio
import getpass
import os
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from simpost.cli.client import Server
from simpost.cli.options import AdminToken, AsJson, Config, Url, admin_server
from simpost.cli.output import print_json, print_lines
from simpost.config import StoreSettings, load
from simpost.domain.plurals import counted
from simpost.errors import ConfigError, StoreError
from simpost.observe import configure_logging

_PATH: Final = "/v1/admin/copy"
_POLL_S: Final = 0.2
_WAIT_S: Final = 3_600.0
"""Longest wait for the cancellation of what waited."""


def confirm_copy(
    send_waiting: Annotated[
        bool,
        typer.Option("--send-waiting", help="Send what waited in the copy, maybe a second time."),
    ] = False,
    cancel_waiting: Annotated[
        bool, typer.Option("--cancel-waiting", help="Cancel what waited in the copy.")
    ] = False,
    by: Annotated[
        str, typer.Option(help="Who confirms. Default: you, on this machine.", show_default=False)
    ] = "",
    url: Url = None,
    config: Config = None,
    admin_token: AdminToken = None,
    as_json: AsJson = False,
) -> None:
    """Let a store send that is a copy of another one.

    Without an option it shows whether sending is held, why, and what waits. Messages that were
    accepted since the copy was found are sent with both options.
    """
    if send_waiting and cancel_waiting:
        raise ConfigError("give --send-waiting or --cancel-waiting, not both.")
    server = admin_server(url, config, admin_token)
    found = server.get(_PATH)
    if found["held"] and (send_waiting or cancel_waiting):
        waiting = "send" if send_waiting else "cancel"
        server.post(f"{_PATH}/confirm", {"by": by or _person(), "waiting": waiting})
        found = _wait(server)
    if as_json:
        print_json(found)
    else:
        print_lines(_lines(found))


def mark_copy(
    config: Annotated[
        Path, typer.Option(envvar="SIMPOST_CONFIG", help="Configuration file that names the store.")
    ] = Path("simpost.toml"),
) -> None:
    """Mark a store as a copy, so that it sends nothing until it is confirmed.

    Run it before the first start of a restored snapshot, which nothing tells from the original.
    """
    settings = load(config, os.environ)
    configure_logging("warning", settings.log.format)
    asyncio.run(_mark(settings.store))
    print_lines(["Marked as a copy. Start it; then `simpost confirm-copy` lets it send."])


async def _mark(settings: StoreSettings) -> None:
    from simpost.store.selection import open_store

    if settings.is_embedded and not settings.path.is_file():
        raise StoreError(f"there is no store {settings.path}")
    async with open_store(settings, f"mark-copy-{os.getpid()}") as opened:
        # A node that sends knows that its store is no copy, and would end the hold.
        if opened.nodes and (alive := await opened.nodes.alive()):
            raise StoreError(f"the database is served by {alive[0]}; stop every node of it first")
        await opened.store.instance.mark()


def _person() -> str:
    try:
        name = getpass.getuser()
    except (KeyError, OSError):
        name = str(os.getuid())
    return f"{name}@{socket.gethostname()}"[:100]


def _wait(server: Server) -> Any:
    until_s = time.monotonic() + _WAIT_S
    while (found := server.get(_PATH))["held"] and time.monotonic() < until_s:
        time.sleep(_POLL_S)
    return found


def _lines(found: dict[str, Any]) -> Iterator[str]:
    waiting = found["waiting"]
    if found["held"]:
        yield f"Nothing is sent: this store is a copy ({found['found']}), since {found['since']}."
        yield (
            f"Waiting: {counted(waiting['queuedParts'], 'part')}, "
            f"{counted(waiting['heldMessages'], 'held message')}, "
            f"{counted(waiting['broadcasts'], 'broadcast')}, "
            f"{counted(waiting['automationRuns'], 'automation run')}."
        )
        if found["confirmation"]:
            yield "It is confirmed; what waited is being cancelled."
        else:
            yield "If the original no longer sends: simpost confirm-copy --send-waiting"
            yield "If the original sent these, or will: simpost confirm-copy --cancel-waiting"
    else:
        yield "Sending is not held."
    for each in found["confirmations"]:
        yield f"Confirmed {each['at']} by {each['by']} ({each['sign']}): {each['waiting']}"
