"""File imports: shared by `plans import` and `esims import`."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryFile
from typing import Annotated, Any, BinaryIO, Self, TextIO, TypeAlias

import typer
from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TaskProgressColumn,
    TextColumn,
    TimeRemainingColumn,
)

from simpost.catalogue.files import Batch, Kind, RowError, batches, read_rows
from simpost.catalogue.missing_rows import KeySet, Spool
from simpost.catalogue.row_fields import field_names, is_field
from simpost.cli.client import RequestRefused, Server, Unanswered, Unreachable
from simpost.cli.retirement import Missing, Retirement
from simpost.errors import ConfigError, SimpostError
from simpost.text.display import visible

_CHUNK_OCTETS = 262_144
_SHOWN = 20

File: TypeAlias = Annotated[Path, typer.Argument(help="JSON or CSV file; -: stdin.")]
DryRun: TypeAlias = Annotated[
    bool,
    typer.Option("--dry-run", help="Check the rows and save nothing; needs no running service."),
]
Replace: TypeAlias = Annotated[
    bool,
    typer.Option(
        "--replace", help="Replace whole rows: fields that a row does not name are cleared."
    ),
]
Columns: TypeAlias = Annotated[
    list[str] | None,
    typer.Option("--map", metavar="COLUMN=FIELD", help="Field of a CSV column; may be repeated."),
]
RetireMissing: TypeAlias = Annotated[
    bool,
    typer.Option(
        "--retire-missing",
        help="Retire rows that the file does not have, after a preview and a question.",
    ),
]
Yes: TypeAlias = Annotated[bool, typer.Option("--yes", help="Retire without asking.")]
Report: TypeAlias = Annotated[
    Path | None, typer.Option(help="File for refused rows: line, tab, reason.")
]


class Stopped(SimpostError):
    """The import ended before the file did."""


@dataclass
class ImportProgress:
    """Counts of an import, and the output for its refused rows."""

    show: Callable[[str], None]
    report: TextIO | None
    shows_all: bool
    good: int = 0
    bad: int = 0
    added: int = 0
    changed: int = 0
    unchanged: int = 0
    plan_unknown: int = 0
    doubts: int = 0
    line: int = 0
    is_whole: bool = True
    started_s: float = field(default_factory=time.monotonic)

    def tell(self, flaw: RowError) -> None:
        """Count a refused row, and write or print its reason."""
        self.bad += 1
        reason = visible(flaw.reason)
        self.is_whole = self.is_whole and not flaw.stops
        if self.report:
            self.report.write(f"{flaw.line}\t{reason}\n")
        if self.shows_all or self.bad <= _SHOWN:
            ending = "; nothing after it was read" if flaw.stops else ""
            self.show(f"line {flaw.line}: {reason}{ending}")
        elif self.bad == _SHOWN + 1:
            where = "in the report" if self.report else "not shown; --report FILE keeps them all"
            self.show(f"... more bad rows are {where}")


def import_file(
    path: Path,
    kind: Kind,
    server: Server | None,
    target: str,
    report: Path | None,
    *,
    replace: bool = False,
    columns: list[str] | None = None,
    retirement: Retirement | None = None,
) -> None:
    """Check all rows of a file and save the valid ones; without a server, check only.

    With a retirement all rows are checked before the first is saved, and what the file does not
    have is retired after the last, if none was bad.

    Leaves with 1 when a row was bad or the file was broken.
    """
    renamed = _columns(columns or [], kind)
    if retirement and server:
        retirement.check_can_ask()
    with ExitStack() as stack:
        file = stack.enter_context(_opened(path))
        kept = stack.enter_context(_created(report)) if report else None
        console = Console(stderr=True, markup=False, highlight=False, soft_wrap=True)
        progress = stack.enter_context(_progress(console))
        task = progress.add_task("0 rows", total=_size(file))
        tally = ImportProgress(
            show=console.print, report=kept, shows_all=not (kept or console.is_terminal)
        )
        chunks = _read(file, lambda octets: progress.advance(task, octets))
        target = f"{target}?replace=true" if replace else target
        items: Iterable[Batch | RowError]
        items = batches(read_rows(chunks, kind, columns=renamed), kind, replace=replace)
        missing = None
        if retirement:
            spool = Spool(stack.enter_context(TemporaryFile()))
            keys = _keep_all(items, spool, tally)
            progress.stop()
            if spool.rows and not tally.bad:
                file_of_keys = stack.enter_context(TemporaryFile("w+", encoding="utf-8"))
                missing = Missing(file_of_keys, retirement, keys)
                missing.show()
            if missing and server:
                missing.ask(spool.rows)
            progress.start()
            items = spool
        with Saver(server, target, tally) as saver:
            for item in items:
                if isinstance(item, RowError):
                    tally.tell(item)
                    continue
                saver.save(item)
                progress.update(task, description=f"{tally.good:,} rows")
        progress.stop()
        print(_summary(tally, is_checked_only=server is None))
        if retirement:
            print(_retired(missing, tally, is_checked_only=server is None))
    if tally.bad or not tally.good:
        raise typer.Exit(1)


def _keep_all(items: Iterable[Batch | RowError], spool: Spool, tally: ImportProgress) -> KeySet:
    """Read a file to its end; returns the keys of its valid rows."""
    keys = KeySet()
    for item in items:
        if isinstance(item, RowError):
            tally.tell(item)
            continue
        for key in item.keys:
            keys.add(key)
        spool.add(item)
    return keys


def _retired(missing: Missing | None, tally: ImportProgress, *, is_checked_only: bool) -> str:
    if missing is None or tally.bad:
        reason = "not every row is good" if tally.bad else "the file holds no rows"
        return f"Nothing {'would be' if is_checked_only else 'was'} retired: {reason}."
    if is_checked_only:
        return f"{missing.count:,} would be retired."
    return f"{missing.retire():,} retired."


class Saver:
    """Sends a batch while the next one is read; without a server it only counts.

    Raises Stopped when the service does not take a batch.
    """

    def __init__(self, server: Server | None, target: str, tally: ImportProgress) -> None:
        self._server = server
        self._target = target
        self._tally = tally
        self._thread = ThreadPoolExecutor(1)
        self._sent: tuple[Batch, Future[Any]] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        with self._thread:
            if kind is None:
                self._settle()

    def save(self, batch: Batch) -> None:
        """Start saving a batch, after the previous one is saved."""
        self._settle()
        if self._server is None:
            self._count(batch, {"refused": []})
        else:
            self._sent = batch, self._thread.submit(self._server.put, self._target, batch.body)

    def _settle(self) -> None:
        if self._sent is None:
            return
        batch, future = self._sent
        self._sent = None
        try:
            answer = future.result()
        except (RequestRefused, Unanswered, Unreachable) as error:
            raise Stopped(_where_it_stopped(self._tally, batch, error)) from None
        self._count(batch, answer)

    def _count(self, batch: Batch, answer: dict[str, Any]) -> None:
        refused = answer["refused"]
        self._tally.added += answer.get("added", 0)
        self._tally.changed += answer.get("changed", 0)
        self._tally.unchanged += answer.get("unchanged", 0)
        self._tally.plan_unknown += answer.get("planUnknown", 0)
        for each in refused:
            self._tally.tell(RowError(batch.lines[each["index"]], each["reason"]))
        self._tally.good += len(batch.lines) - len(refused)
        self._tally.doubts += batch.doubts
        self._tally.line = batch.lines[-1]


def _columns(given: list[str], kind: Kind) -> dict[str, str]:
    """Fields by the names of their columns in the heading."""
    found: dict[str, str] = {}
    for each in given:
        column, _, field_name = each.rpartition("=")
        column, field_name = column.strip(), field_name.strip()
        if not column or not is_field(kind.key, field_name):
            raise ConfigError(
                f"--map {each!r} must be COLUMN=FIELD; fields are {field_names(kind.key)}."
            )
        found[column] = field_name
    return found


def _where_it_stopped(tally: ImportProgress, batch: Batch, error: SimpostError) -> str:
    if not tally.line:
        return f"{error} Nothing was saved."
    return (
        f"{error} The good rows up to line {tally.line} are saved, those from line "
        f"{batch.lines[0]} on are not. Saving again changes nothing: run it once more."
    )


def _summary(tally: ImportProgress, *, is_checked_only: bool) -> str:
    took_s = time.monotonic() - tally.started_s
    words = [f"{tally.good:,} rows {'are good' if is_checked_only else 'saved'}"]
    if not is_checked_only:
        words[0] += (
            f" ({tally.added:,} added, {tally.changed:,} changed, {tally.unchanged:,} unchanged)"
        )
    if tally.plan_unknown:
        words.append(f"{tally.plan_unknown:,} of a plan that is not known")
    if tally.bad:
        words.append(f"{tally.bad:,} bad")
    if tally.doubts:
        words.append(f"{tally.doubts:,} with an odd ICCID, taken all the same")
    ending = "" if tally.is_whole else " The rest of the file was not read."
    if not tally.good and not tally.bad:
        ending = " The file holds none."
    return f"{', '.join(words)}, in {took_s:.1f} s.{ending}"


def _opened(path: Path) -> BinaryIO:
    if str(path) == "-":
        return sys.stdin.buffer
    try:
        return path.open("rb", buffering=0)
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror}.") from None


def _created(path: Path) -> TextIO:
    try:
        return path.open("w", encoding="utf-8", errors="backslashreplace")
    except OSError as error:
        raise ConfigError(f"{path} cannot be written: {error.strerror}.") from None


def _size(file: BinaryIO) -> int | None:
    try:
        return file.seek(0, 2) if file.seekable() else None
    finally:
        if file.seekable():
            file.seek(0)


def _read(file: BinaryIO, advance: Callable[[int], None]) -> Iterator[bytes]:
    try:
        while chunk := file.read(_CHUNK_OCTETS):
            yield chunk
            advance(len(chunk))
    except OSError as error:
        raise ConfigError(f"the file cannot be read: {error.strerror}.") from None


def _progress(console: Console) -> Progress:
    return Progress(
        TextColumn("{task.description:>16}"),
        BarColumn(),
        TaskProgressColumn(),
        DownloadColumn(),
        TimeRemainingColumn(),
        console=console,
        disable=not console.is_terminal,
        transient=True,
    )
