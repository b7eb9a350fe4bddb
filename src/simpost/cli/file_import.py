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
from simpost.domain.plurals import counted
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
        "--replace", help="Replace whole rows: fields that a row does not have are cleared."
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
        help="Retire rows that the file does not have, after a preview and a confirmation.",
    ),
]
Yes: TypeAlias = Annotated[bool, typer.Option("--yes", help="Retire without asking.")]
Report: TypeAlias = Annotated[
    Path | None, typer.Option(help="File for refused rows: line, tab, reason.")
]


class Stopped(SimpostError):
    """The service stopped accepting rows before the end of the file."""


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
    tagged: int = 0
    unusual_iccids: int = 0
    line: int = 0
    is_complete: bool = True
    started_s: float = field(default_factory=time.monotonic)

    def add_refused(self, error: RowError) -> None:
        """Count a refused row, and write or print its reason."""
        self.bad += 1
        reason = visible(error.reason)
        self.is_complete = self.is_complete and not error.stops
        if self.report:
            self.report.write(f"{error.line}\t{reason}\n")
        if self.shows_all or self.bad <= _SHOWN:
            ending = "; nothing after it was read" if error.stops else ""
            self.show(f"line {error.line}: {reason}{ending}")
        elif self.bad == _SHOWN + 1:
            where = (
                "in the report" if self.report else "not shown; --report FILE writes all of them"
            )
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

    With a retirement all rows are checked before the first is saved. After the last one, the rows
    that the file does not have are retired, if no row was bad.

    Exits with code 1 if a row was bad, the file was broken or it had no rows.
    """
    field_of_column = _columns(columns or [], kind)
    if retirement and server:
        retirement.check_can_confirm()
    with ExitStack() as stack:
        file = stack.enter_context(_opened(path))
        report_file = stack.enter_context(_created(report)) if report else None
        console = Console(stderr=True, markup=False, highlight=False, soft_wrap=True)
        progress = stack.enter_context(_progress(console))
        task = progress.add_task("0 rows", total=_size(file))
        counts = ImportProgress(
            show=console.print,
            report=report_file,
            shows_all=not (report_file or console.is_terminal),
        )
        chunks = _read(file, lambda octets: progress.advance(task, octets))
        target = f"{target}?replace=true" if replace else target
        items: Iterable[Batch | RowError]
        items = batches(read_rows(chunks, kind, columns=field_of_column), kind, replace=replace)
        missing = None
        if retirement:
            spool = Spool(stack.enter_context(TemporaryFile()))
            keys = _spool_all(items, spool, counts)
            progress.stop()
            if spool.rows and not counts.bad:
                file_of_keys = stack.enter_context(TemporaryFile("w+", encoding="utf-8"))
                missing = Missing(file_of_keys, retirement, keys)
                missing.show()
            if missing and server:
                missing.confirm(spool.rows)
            progress.start()
            items = spool
        with Saver(server, target, counts) as saver:
            for item in items:
                if isinstance(item, RowError):
                    counts.add_refused(item)
                    continue
                saver.save(item)
                progress.update(task, description=counted(counts.good, "row"))
        progress.stop()
        print(_summary(counts, is_checked_only=server is None))
        if retirement:
            print(_retirement_result(missing, counts, is_checked_only=server is None))
    if counts.bad or not counts.good:
        raise typer.Exit(1)


def _spool_all(items: Iterable[Batch | RowError], spool: Spool, counts: ImportProgress) -> KeySet:
    """Copy all valid rows of a file to the spool; returns their keys."""
    keys = KeySet()
    for item in items:
        if isinstance(item, RowError):
            counts.add_refused(item)
            continue
        for key in item.keys:
            keys.add(key)
        spool.add(item)
    return keys


def _retirement_result(
    missing: Missing | None, counts: ImportProgress, *, is_checked_only: bool
) -> str:
    if missing is None or counts.bad:
        reason = "not every row is good" if counts.bad else "the file has no rows"
        return f"Nothing {'would be' if is_checked_only else 'was'} retired: {reason}."
    if is_checked_only:
        return f"{missing.count:,} would be retired."
    return f"{missing.retire():,} retired."


class Saver:
    """Sends a batch while the next one is read; without a server it only counts.

    Raises Stopped if the service does not accept a batch.
    """

    def __init__(self, server: Server | None, target: str, counts: ImportProgress) -> None:
        self._server = server
        self._target = target
        self._counts = counts
        self._thread = ThreadPoolExecutor(1)
        self._sent: tuple[Batch, Future[Any]] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        with self._thread:
            if kind is None:
                self._finish_batch()

    def save(self, batch: Batch) -> None:
        """Start saving a batch, after the previous one is saved."""
        self._finish_batch()
        if self._server is None:
            self._count(batch, {"refused": []})
        else:
            self._sent = batch, self._thread.submit(self._server.put, self._target, batch.body)

    def _finish_batch(self) -> None:
        if self._sent is None:
            return
        batch, future = self._sent
        self._sent = None
        try:
            response = future.result()
        except (RequestRefused, Unanswered, Unreachable) as error:
            raise Stopped(_stop_message(self._counts, batch, error)) from None
        self._count(batch, response)

    def _count(self, batch: Batch, response: dict[str, Any]) -> None:
        refused = response["refused"]
        self._counts.added += response.get("added", 0)
        self._counts.changed += response.get("changed", 0)
        self._counts.unchanged += response.get("unchanged", 0)
        self._counts.plan_unknown += response.get("planUnknown", 0)
        self._counts.tagged += response.get("tagged", 0)
        for row in refused:
            self._counts.add_refused(RowError(batch.lines[row["index"]], row["reason"]))
        self._counts.good += len(batch.lines) - len(refused)
        self._counts.unusual_iccids += batch.unusual_iccids
        self._counts.line = batch.lines[-1]


def _columns(given: list[str], kind: Kind) -> dict[str, str]:
    """Fields by the names of their columns in the heading."""
    fields: dict[str, str] = {}
    for option in given:
        column, _, field_name = option.rpartition("=")
        column, field_name = column.strip(), field_name.strip()
        if not column or not is_field(kind.key, field_name):
            raise ConfigError(
                f"--map {option!r} must be COLUMN=FIELD; fields are {field_names(kind.key)}."
            )
        fields[column] = field_name
    return fields


def _stop_message(counts: ImportProgress, batch: Batch, error: SimpostError) -> str:
    if not counts.line:
        return f"{error} Nothing was saved."
    return (
        f"{error} The good rows up to line {counts.line} are saved, those from line "
        f"{batch.lines[0]} on are not. Run the command again: rows already saved do not change."
    )


def _summary(counts: ImportProgress, *, is_checked_only: bool) -> str:
    took_s = time.monotonic() - counts.started_s
    done = "saved"
    if is_checked_only:
        done = "is good" if counts.good == 1 else "are good"
    words = [f"{counted(counts.good, 'row')} {done}"]
    if not is_checked_only:
        words[0] += (
            f" ({counts.added:,} added, {counts.changed:,} changed, {counts.unchanged:,} unchanged)"
        )
    if counts.tagged:
        words.append(f"{counts.tagged:,} with other tags")
    if counts.plan_unknown:
        words.append(f"{counts.plan_unknown:,} with an unknown plan")
    if counts.bad:
        words.append(f"{counts.bad:,} bad")
    if counts.unusual_iccids:
        words.append(f"{counts.unusual_iccids:,} with an unusual ICCID, accepted")
    ending = "" if counts.is_complete else " The rest of the file was not read."
    if not counts.good and not counts.bad:
        ending = " The file has no rows."
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
