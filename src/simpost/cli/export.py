"""`simpost messages --export FILE`: write all messages that a search finds to a file.

The file gets its name when it is whole. Until then it is FILE.partial, which is deleted if the
export is interrupted.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, BinaryIO, Final

from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn

from simpost.cli.client import Server
from simpost.cli.output import print_lines
from simpost.errors import ConfigError, SimpostError
from simpost.text.display import visible

_FORMATS: Final = {".csv": "csv", ".jsonl": "jsonl"}


class ExportInterrupted(SimpostError):
    """The export was interrupted, and no file was written."""


class RecordCount:
    """Counts the messages of a CSV or JSON Lines file, and its octets, while it is written."""

    def __init__(self, format_: str) -> None:
        self.octets = 0
        self._is_csv = format_ == "csv"
        self._lines = 0
        self._is_quoted = False

    def add(self, chunk: bytes) -> None:
        """Count a chunk; records may be cut anywhere."""
        self.octets += len(chunk)
        for place, piece in enumerate(chunk.split(b'"') if self._is_csv else (chunk,)):
            self._is_quoted ^= place > 0
            if not self._is_quoted:
                self._lines += piece.count(b"\n")

    @property
    def messages(self) -> int:
        """Without the header row of CSV."""
        return max(0, self._lines - self._is_csv)

    def __str__(self) -> str:
        return f"{self.messages:,} message{'s' * (self.messages != 1)}"


def format_of(file: Path) -> str:
    """The format of a file, by its name. Raises ConfigError for other names."""
    try:
        return _FORMATS[file.suffix.lower()]
    except KeyError:
        raise ConfigError(f"--export {visible(str(file))} must end in .csv or .jsonl") from None


def export_messages(server: Server, path: str, search: dict[str, Any], file: Path) -> None:
    """Write the file, with mode 0600. Raises SimpostError; then FILE is as it was before."""
    count = RecordCount(format_of(file))
    partial = file.with_name(f"{file.name}.partial")
    query = {**search, "format": format_of(file)}
    with server.download(f"{path}/export", query) as chunks:
        try:
            with _create_private(partial) as target:
                _copy(chunks, target, count)
            partial.replace(file)
        except (OSError, SimpostError, KeyboardInterrupt) as error:
            partial.unlink(missing_ok=True)
            reason = "" if isinstance(error, KeyboardInterrupt) else f" ({error})"
            raise ExportInterrupted(
                f"the export was interrupted after {count}: {file} was not written{reason}"
            ) from None
    print_lines([f"{file}: {count}, {count.octets:,} octets"])


def _copy(chunks: Iterable[bytes], target: BinaryIO, count: RecordCount) -> None:
    with _progress() as progress:
        task = progress.add_task(str(count), total=None)
        for chunk in chunks:
            target.write(chunk)
            count.add(chunk)
            progress.update(task, description=str(count))
    target.flush()
    os.fsync(target.fileno())


@contextlib.contextmanager
def _create_private(path: Path) -> Iterator[BinaryIO]:
    """A new file with mode 0600; the rest of an export that was killed is replaced."""
    path.unlink(missing_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with open(descriptor, "wb") as target:  # noqa: PTH123  an open descriptor
        yield target


def _progress() -> Progress:
    """The number of messages so far, on a terminal only."""
    console = Console(stderr=True)
    return Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    )
