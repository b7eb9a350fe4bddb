"""Every option and argument of every command, with absurd values."""

from __future__ import annotations

import json
import os
import random
import signal
import sys
import tempfile
import traceback
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, NoReturn

import typer

from simpost.cli import COMMANDS, _app, main

NOBODY = "http://127.0.0.1:1"
LONGEST_S = 20
ENDLESS = ("demo", "serve", "smsc")
"""They serve until a signal ends them; their own tests start them."""
TRACEBACK = 99
VALUES = (
    "",
    " ",
    "-1",
    "0",
    "-0.5",
    "9" * 30,
    "9" * 5000,
    "1e400",
    "nan",
    "-inf",
    "0x10",
    "²",
    "٣",
    "true",
    "null",
    "{}",
    "[",
    "😀",
    "a" * 100_000,
    "\x1b[2J\r\n\x07",
    "\u202e\u2066",
    "\udcff\udcfe",
    "../../..",
    "/dev/null",
    "/proc/self/mem",
    "http://[::1",
    "http://x:99999999",
    "postgresql://[",
    "9999-12-31T23:59:59-23:59",
    "0001-01-01T00:00:00+23:59",
    "999999d",
    "a=b=c,,=",
    "%s%n{0}",
)
# What leads to the option: without it the command refuses before it reads the value.
NEEDED: Mapping[str, tuple[str, ...]] = {
    "send": ("hello", "--esim=23072017992029"),
    "check": (),
    "serve": ("--port=0",),
    "demo": ("--port=0", "--handsets-port=0", "--smsc-port=0"),
    "smsc": ("--port=0", "--http-port=0"),
    "text": ("hello",),
    "accounts add": ("fuzzed",),
    "accounts change": ("fuzzed", "--name=x"),
    "esims import": ("-", "--account=demo"),
    "plans import": ("-",),
}
CREDENTIALS = frozenset({"--url", "--access-code", "--secret", "--admin-token"})


class Case(NamedTuple):
    command: str
    option: str
    arguments: tuple[str, ...]


class Outcome(NamedTuple):
    """How a command ended; `status` is negative for a signal."""

    status: int
    output: str


def cases() -> Iterator[Case]:
    """All of them, in an order that stays."""
    for word in COMMANDS:
        group: Any = typer.main.get_command(_app(word))
        found = group.commands[word]
        named = getattr(found, "commands", {"": found})
        for name, command in named.items():
            called = f"{word} {name}".strip()
            for parameter in command.params:
                yield from _cases_of(called, parameter)


def _cases_of(called: str, parameter: Any) -> Iterator[Case]:
    needed = NEEDED.get(called, ())
    option = next((each for each in parameter.opts if each.startswith("--")), "")
    if option in {"--help", "--install-completion", "--show-completion"}:
        return
    place = ("--url", NOBODY) if option in CREDENTIALS else ()
    if option and parameter.is_flag:
        yield Case(called, option, (*called.split(), *needed, *place, option))
        return
    for value in VALUES:
        if option:
            given = (*needed, *place, f"{option}={value}")
        else:
            given = (*(each for each in needed if each.startswith("-")), "--", value)
        yield Case(called, option or str(parameter.name), (*called.split(), *given))


def outcome_of(arguments: Sequence[str], folder: Path) -> Outcome:
    """Run a command in a fork of this process, which has everything imported already."""
    with tempfile.TemporaryFile() as output:
        child = os.fork()
        if not child:
            _run(arguments, folder, output.fileno())
        _, status = os.waitpid(child, 0)
        output.seek(0)
        said = output.read().decode("utf-8", "backslashreplace")
    return Outcome(os.waitstatus_to_exitcode(status), said)


def _run(arguments: Sequence[str], folder: Path, output: int) -> NoReturn:
    status = TRACEBACK
    try:
        os.setsid()
        os.chdir(folder)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.dup2(output, 1)
        os.dup2(output, 2)
        sys.stdin = os.fdopen(0, "r", closefd=False)
        sys.stdout = os.fdopen(1, "w", encoding="utf-8", closefd=False)
        sys.stderr = os.fdopen(2, "w", encoding="utf-8", closefd=False)
        signal.alarm(LONGEST_S)  # a command that hangs ends by a signal, which fails the test
        main(list(arguments))
        status = 0
    except SystemExit as ended:
        status = ended.code if isinstance(ended.code, int) else 1
    except BaseException:  # noqa: BLE001  the shell would see its traceback
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


def run_sample(seed: int, count: int, folder: Path) -> None:
    """Print how a sample of the cases ended, one a line."""
    may_run = [case for case in cases() if case.command not in ENDLESS]
    for case in random.Random(seed).sample(may_run, count):
        status, output = outcome_of(case.arguments, folder)
        shown = [each[:60] for each in case.arguments]
        ended = {"arguments": shown, "status": status, "output": output[-2000:]}
        sys.stdout.write(json.dumps(ended) + "\n")


if __name__ == "__main__":
    run_sample(int(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3]))
