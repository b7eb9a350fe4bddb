"""`simpost to-postgres`: move the embedded store to PostgreSQL."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskProgressColumn,
    TextColumn,
    TimeRemainingColumn,
)

from simpost.cli.text_key_warnings import print_warnings, warnings_of_file
from simpost.config import Settings, load
from simpost.domain.plurals import counted
from simpost.errors import ConfigError, StoreError
from simpost.messaging.from_settings import repeats_of
from simpost.runtime.clock import wall_clock_ms
from simpost.store import to_postgres as move

_LINE_S = 5.0
"""Seconds between two lines without a progress bar; one more is written after each table."""
_AGAIN = "What was moved stays moved: run the same command again and it goes on from there."
_NEXT = """
Everything is in {to}. Next, in {config}:

  [store]
  database_url = "postgresql://..."   # the one you moved to; the keys stay as they are

and start simpost. {path} is unchanged, but simpost refuses to serve it: its queued messages
are sent from the database. Keep it until you have a backup of the database.
"""


def to_postgres(
    config: Annotated[
        Path, typer.Option(envvar="SIMPOST_CONFIG", help="Configuration file with secrets_key.")
    ] = Path("simpost.toml"),
    to: Annotated[
        str,
        typer.Option(
            envvar="SIMPOST_TO_POSTGRES_URL",
            help="postgresql://USER:PASSWORD@HOST/DATABASE. Prefer the variable: options show in "
            "process lists. Default: database_url of the configuration.",
            show_default=False,
        ),
    ] = "",
    from_: Annotated[
        Path | None,
        typer.Option(
            "--from", help="File to move. Default: that of database_url.", show_default=False
        ),
    ] = None,
    cancel: Annotated[
        bool,
        typer.Option("--cancel", help="Cancel: allow serving a file that was moved only in part."),
    ] = False,
) -> None:
    """Move the embedded store to PostgreSQL.

    Stop simpost first. If the command is interrupted, run it again: it continues where it
    stopped. At the end it compares row counts. Sealed texts stay sealed; they move without their
    keys, too, and a warning names the keys that are missing.

    The exit code is 0 only when both sides have the same counts.
    """
    settings = load(config, os.environ)
    path = _source(settings, from_)
    key = settings.store.secrets_key.get_secret_value()
    if cancel:
        left = move.cancel_move(path, seal_key=key)
        print(f"{path} can be served again. Drop {left}: it has only a part of the store.")
        return
    url = _target(settings, to)
    if path.is_file():
        print_warnings(warnings_of_file(settings.store, path))
    started_s = time.monotonic()
    with _telling() as tell:
        moved = _run(path, url, settings, key, tell)
    took_s = time.monotonic() - started_s
    if not moved.counts:
        print(f"{path} was moved to {moved.to} before; nothing is left to do.")
        return
    print("\n".join(_table(moved.counts)))
    if not moved.is_whole:
        raise StoreError(
            f"the two sides differ, after {took_s:.1f} s. Nothing serves {moved.to} as it is: find "
            "out who wrote to it, `simpost to-postgres --cancel`, and begin again with an empty one"
        )
    print(f"\nThe same on both sides, after {took_s:.1f} s.")
    if moved.in_doubt:
        print(
            f"{counted(moved.in_doubt, 'part')} had no response from the carrier when the service "
            "stopped, and may have arrived: in doubt."
        )
    print(_NEXT.format(to=moved.to, config=config, path=path), end="")


def _source(settings: Settings, given: Path | None) -> Path:
    """Raises ConfigError when no file is named."""
    if given is not None:
        return given
    if not settings.store.is_embedded:
        raise ConfigError("--from: say which file is to be moved.")
    return settings.store.path


def _target(settings: Settings, given: str) -> str:
    """Raises ConfigError when no database is named."""
    if given:
        return given
    if settings.store.is_embedded:
        raise ConfigError("--to: say where to, postgresql://USER:PASSWORD@HOST/DATABASE.")
    return settings.store.database_url


def _run(path: Path, url: str, settings: Settings, key: str, tell: move.OnProgress) -> move.Moved:
    try:
        return asyncio.run(
            move.move(
                path,
                url,
                seal_key=key,
                repeats=repeats_of(settings),
                now_ms=wall_clock_ms(),
                on_progress=tell,
            )
        )
    except KeyboardInterrupt:
        raise StoreError(f"stopped. {_AGAIN}") from None


@contextmanager
def _telling() -> Iterator[move.OnProgress]:
    """A progress bar on a terminal, lines elsewhere."""
    console = Console(stderr=True, markup=False, highlight=False, soft_wrap=True)
    if not console.is_terminal:
        yield _ProgressLines(console)
        return
    with Progress(
        TextColumn("{task.description:>16}"),
        BarColumn(),
        TaskProgressColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=console,
        transient=True,
    ) as progress:
        task = progress.add_task("", total=None)
        yield lambda now: progress.update(
            task, description=now.table, completed=now.rows, total=now.total
        )


class _ProgressLines:
    def __init__(self, console: Console) -> None:
        self._console = console
        self._printed_s = time.monotonic()
        self._printed: move.Progress | None = None

    def __call__(self, now: move.Progress) -> None:
        is_due = now.rows >= now.total or time.monotonic() - self._printed_s >= _LINE_S
        if not (is_due and now.total) or now == self._printed:
            return
        self._printed = now
        self._printed_s = time.monotonic()
        self._console.print(f"{now.table}: {now.rows:,} of {now.total:,}")


def _table(counts: list[move.Count]) -> Iterator[str]:
    yield f"{'':<18}{'embedded':>14}{'database':>14}"
    for name, embedded, database in counts:
        odd = "" if embedded == database else "  differs"
        yield f"{name:<18}{embedded:>14,}{database:>14,}{odd}"
