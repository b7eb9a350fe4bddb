"""Rows of text in columns, for people and for pipes."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator, Sequence


def print_columns(rows: Sequence[Sequence[str]]) -> None:
    """Print rows, the first being the heading; only a terminal cuts what is too wide for it."""
    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else None
    print("\n".join(columns(rows, width)))


def columns(rows: Sequence[Sequence[str]], width: int | None) -> Iterator[str]:
    """Each column as wide as its widest cell; lines are cut at `width`."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        line = "  ".join(cell.ljust(size) for cell, size in zip(row, widths, strict=True)).rstrip()
        is_cut = width is not None and len(line) > width
        yield f"{line[: (width or 1) - 1]}…" if is_cut else line
