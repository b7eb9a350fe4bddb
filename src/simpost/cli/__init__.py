"""The command line. Only the module of the called command is imported."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from importlib import import_module
from typing import Annotated, NamedTuple

import typer

from simpost import __version__
from simpost.cli.output import accept_any_text
from simpost.errors import ConfigError, SimpostError
from simpost.text.display import visible_lines

_EPILOG = (
    "Exit codes: 0: done; 1: the command failed, in whole or in part; "
    "2: the command line or the configuration is invalid."
)


class CommandEntry(NamedTuple):
    """The module of a command, and its line in `simpost --help`."""

    module: str
    name: str
    help: str
    panel: str


COMMANDS = {
    "init": CommandEntry("init", "init", "Create a configuration file with new secrets.", "Run"),
    "check": CommandEntry("check", "check", "Check a configuration file and explain it.", "Run"),
    "doctor": CommandEntry(
        "doctor",
        "doctor",
        "Look at clock, disk, limits, certificates, carriers, sources and webhooks.",
        "Run",
    ),
    "serve": CommandEntry("serve", "serve", "Run the service until SIGINT or SIGTERM.", "Run"),
    "health": CommandEntry("health", "health", "Ask a service whether it runs.", "Run"),
    "to-postgres": CommandEntry(
        "to_postgres", "to_postgres", "Move the embedded store to PostgreSQL.", "Run"
    ),
    "backup": CommandEntry(
        "backup",
        "backup",
        "Back up the embedded store to one verified file, also while simpost runs.",
        "Run",
    ),
    "restore": CommandEntry(
        "backup", "restore", "Replace the embedded store with a backup.", "Run"
    ),
    "mark-copy": CommandEntry(
        "copies",
        "mark_copy",
        "Mark a store as a copy, so that it sends nothing until it is confirmed.",
        "Run",
    ),
    "demo": CommandEntry(
        "demo",
        "demo",
        "Run simpost, an SMSC simulator and sample data in one process, on loopback only.",
        "Try",
    ),
    "smsc": CommandEntry(
        "smsc",
        "smsc",
        "Run an SMSC simulator with handsets that show what they receive.",
        "Try",
    ),
    "text": CommandEntry(
        "text", "text", "Show how a text is encoded and split, and what drives its cost.", "Try"
    ),
    "send": CommandEntry("send", "send", "Send an SMS to an eSIM.", "Use"),
    "cancel": CommandEntry("cancel", "cancel", "Cancel a message that has not left.", "Use"),
    "messages": CommandEntry("messages", "messages", "Show messages and their states.", "Use"),
    "find": CommandEntry(
        "look_up", "look_up", "Find eSIMs and messages by any number, id or order.", "Use"
    ),
    "counts": CommandEntry(
        "counts",
        "counts",
        "Show what became of the messages of the last hour, day and week.",
        "Use",
    ),
    "needs": CommandEntry(
        "needs",
        "app",
        "Show what does not get better by itself, and what to do.",
        "Use",
    ),
    "templates": CommandEntry(
        "templates", "app", "Save, list, show, render and delete templates.", "Use"
    ),
    "verify": CommandEntry("verify", "app", "Send one-time codes to eSIMs, and check them.", "Use"),
    "automations": CommandEntry(
        "automations", "app", "Send messages when something happens to an eSIM.", "Use"
    ),
    "broadcast": CommandEntry("broadcast", "app", "Send one template to many eSIMs.", "Use"),
    "bulk": CommandEntry(
        "bulk",
        "app",
        "Do one thing with many messages or deliveries, with a time to undo it.",
        "Use",
    ),
    "conversations": CommandEntry(
        "conversations", "app", "Read and answer the texts of travellers.", "Use"
    ),
    "events": CommandEntry("events", "events", "Show events of messages, oldest first.", "Use"),
    "webhooks": CommandEntry(
        "webhooks",
        "app",
        "Add, change, test and replay webhook endpoints of an account.",
        "Use",
    ),
    "lifecycle": CommandEntry(
        "lifecycle",
        "app",
        "Add, list and delete sources of lifecycle events; import events.",
        "Use",
    ),
    "refusals": CommandEntry(
        "refusals", "refusals", "Show refused messages and their reasons.", "Use"
    ),
    "inbox": CommandEntry(
        "inbox", "inbox", "Show inbound messages from handsets and phones.", "Use"
    ),
    "preferences": CommandEntry(
        "preferences", "app", "Show and change what travellers are sent.", "Use"
    ),
    "completion": CommandEntry(
        "completion",
        "completion",
        "Print the script that completes commands and options in a shell.",
        "Use",
    ),
    "mcp": CommandEntry("mcp", "mcp", "Offer an account as tools to language models (MCP).", "Use"),
    "status": CommandEntry(
        "status",
        "status",
        "Show whether messages leave: carriers, stops, nodes, copies, and what waits.",
        "Administer",
    ),
    "accounts": CommandEntry("accounts", "app", "Add, list and change accounts.", "Administer"),
    "keys": CommandEntry("keys", "app", "Add, list and revoke API keys.", "Administer"),
    "smpp": CommandEntry(
        "smpp", "app", "Add, list and revoke SMPP logins of accounts.", "Administer"
    ),
    "users": CommandEntry(
        "users", "app", "Add, list and remove users of the console; end sessions.", "Administer"
    ),
    "audit": CommandEntry(
        "audit",
        "audit",
        "Show what users of the console changed and revealed, newest first.",
        "Administer",
    ),
    "plans": CommandEntry("plans", "app", "Import, list, retire and delete plans.", "Administer"),
    "esims": CommandEntry("esims", "app", "Import, list, retire and delete eSIMs.", "Administer"),
    "carriers": CommandEntry(
        "carriers", "app", "Show, pause, drain and resume carriers.", "Administer"
    ),
    "stop": CommandEntry(
        "stops",
        "stop",
        "Stop the messages of an account, a category, a country, or everything.",
        "Administer",
    ),
    "resume": CommandEntry(
        "stops",
        "resume",
        "Remove the stop with the same options, and list the remaining stops.",
        "Administer",
    ),
    "stops": CommandEntry("stops", "stops", "Show all stops and their reasons.", "Administer"),
    "forget": CommandEntry(
        "forget",
        "forget",
        "Erase the texts and numbers of the traveller behind an eSIM, and where they were.",
        "Administer",
    ),
    "seal": CommandEntry(
        "seal",
        "seal",
        "Count stored texts by key, and seal them again with the first key.",
        "Administer",
    ),
    "sync": CommandEntry("sync", "sync", "Copy plans and eSIMs of a supplier.", "Administer"),
    "sources": CommandEntry(
        "sync",
        "sources",
        "Show the suppliers whose catalogues are copied, and how old the copies are.",
        "Administer",
    ),
    "nodes": CommandEntry(
        "nodes", "nodes", "Show the nodes, their roles and their leases.", "Administer"
    ),
    "receipts": CommandEntry(
        "receipts",
        "app",
        "Show, dismiss and restore receipts that matched no part.",
        "Administer",
    ),
    "confirm-copy": CommandEntry(
        "copies", "confirm_copy", "Let a store send that is a copy of another one.", "Administer"
    ),
    "reload": CommandEntry(
        "reload", "reload", "Tell a running service to read its configuration again.", "Administer"
    ),
}


def main(arguments: Sequence[str] | None = None) -> None:
    """Run one command and exit with its code."""
    arguments = sys.argv[1:] if arguments is None else list(arguments)
    accept_any_text()
    try:
        try:
            _app(_command_name(arguments))(arguments, prog_name="simpost")
        finally:
            _drop_unwritten_errors()
            sys.stdout.flush()
    except SimpostError as error:
        print(f"simpost: {visible_lines(str(error))}", file=sys.stderr)
        sys.exit(2 if isinstance(error, ConfigError) else 1)
    except UnicodeEncodeError:
        print("simpost: an argument is not valid UTF-8", file=sys.stderr)
        sys.exit(2)
    except OSError as error:
        sys.stdout = open(os.devnull, "w")  # noqa: PTH123, SIM115  the rest of the output cannot be written
        if not isinstance(error, BrokenPipeError):
            print(f"simpost: {visible_lines(str(error))}", file=sys.stderr)
        sys.exit(1)


def _drop_unwritten_errors() -> None:
    """Log lines that a closed terminal does not take must not change the exit code."""
    try:
        sys.stderr.flush()
    except OSError:
        sys.stderr = open(os.devnull, "w")  # noqa: PTH123, SIM115  nothing more can be written


def find(command: CommandEntry) -> Callable[..., object] | typer.Typer:
    """Import a command: a function, or a Typer of subcommands."""
    found: Callable[..., object] | typer.Typer = getattr(
        import_module(f"simpost.cli.{command.module}"), command.name
    )
    return found


def _command_name(arguments: Sequence[str]) -> str:
    """The name of the command; during shell completion, of the command being completed."""
    if arguments:
        return arguments[0]
    line = os.environ.get("_TYPER_COMPLETE_ARGS") or os.environ.get("COMP_WORDS", "")
    return next((word for word in line.split()[1:] if word in COMMANDS), "")


def _app(called: str) -> typer.Typer:
    """All commands by name; only the called one is imported."""
    app = typer.Typer(no_args_is_help=True, pretty_exceptions_enable=False, epilog=_EPILOG)
    app.callback()(_simpost)
    for word, command in COMMANDS.items():
        real = find(command) if word == called else _stub
        if isinstance(real, typer.Typer):
            app.add_typer(real, name=word, help=command.help, rich_help_panel=command.panel)
        else:
            help_text = None if word == called else command.help
            app.command(word, help=help_text, rich_help_panel=command.panel)(real)
    return app


def _stub() -> None:
    """Placeholder in the help for a command that is not imported."""


def _show_version(is_given: bool) -> None:
    if is_given:
        print(f"simpost {__version__}")
        raise typer.Exit


def _simpost(
    _version: Annotated[
        bool,
        typer.Option("--version", help="Show the version.", callback=_show_version, is_eager=True),
    ] = False,
) -> None:
    """The open-source SMS service for eSIMs."""
