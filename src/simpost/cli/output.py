"""Output of commands: lines and columns for people, JSON for programs; all of it `visible`."""

from __future__ import annotations

import codecs
import io
import json
import shutil
import sys
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from simpost.text.display import visible, visible_json


def accept_any_text() -> None:
    """Make stdout and stderr escape characters that their encoding does not have."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def print_lines(lines: Iterable[str]) -> None:
    """Print lines and flush, for output that is followed."""
    shown = list(map(visible, lines))
    if shown:
        print("\n".join(shown), flush=True)


def print_json(document: Any) -> None:
    """Print a document on one line; in ASCII if stdout can write nothing else."""
    if codecs.lookup(sys.stdout.encoding or "ascii").name == "utf-8":
        print(visible_json(document), flush=True)
    else:
        print(json.dumps(document), flush=True)


def print_columns(rows: Sequence[Sequence[str]]) -> None:
    """Print rows as columns; the first row is the heading. Only a terminal cuts long lines."""
    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else None
    print("\n".join(columns(rows, width)))


def columns(rows: Sequence[Sequence[str]], width: int | None) -> Iterator[str]:
    """Each column as wide as its widest cell; lines are cut at `width`."""
    shown = [[visible(cell) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*shown, strict=True)]
    for row in shown:
        line = "  ".join(cell.ljust(size) for cell, size in zip(row, widths, strict=True)).rstrip()
        is_cut = width is not None and len(line) > width
        yield f"{line[: (width or 1) - 1]}…" if is_cut else line
