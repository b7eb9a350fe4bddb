"""Rows of CSV files with a heading, as spreadsheets write them."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Mapping
from itertools import chain

from simpost.catalogue.row_fields import field_names
from simpost.catalogue.rows import Kind, Row, RowError

_DELIMITERS = ",;\t"
_MOST_NAMED = 40
"""Most columns of a heading that an error names."""
_QUOTED = re.compile(r'"[^"]*"')


class _TooLong(Exception):
    pass


class _BoundedLines:
    """Counts the lines of a text and bounds the characters of one row."""

    def __init__(self, chunks: Iterator[str], max_characters: int) -> None:
        self._chunks = chunks
        self._max = max_characters
        self._text = ""
        self._at = 0
        self._used = 0
        self.count = 0

    def begin_row(self) -> None:
        self._used = 0

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self._line()
        if not line:
            raise StopIteration
        self._used += len(line)
        is_too_long = self._used > self._max
        while is_too_long and line and not line.endswith("\n"):
            line = self._line()  # to its end, however far
        self.count += line.endswith("\n")
        if is_too_long:
            raise _TooLong
        return line

    def _line(self) -> str:
        """The next line, or the first piece of one that is longer than a row may be."""
        while (end := self._text.find("\n", self._at)) < 0 and (
            len(self._text) - self._at <= self._max and (chunk := next(self._chunks, ""))
        ):
            self._text = self._text[self._at :] + chunk
            self._at = 0
        start = self._at
        limit = start + self._max + 1
        self._at = min(end + 1 if end >= 0 else len(self._text), limit)
        return self._text[start : self._at]


def csv_rows(
    text: Iterator[str], kind: Kind, max_characters: int, columns: Mapping[str, str]
) -> Iterator[Row | RowError]:
    """Read one row per line; empty cells are absent, empty lines are skipped.

    `columns` renames columns of the heading to fields.
    """
    lines = _BoundedLines(_with_line_feeds(text, max_characters), max_characters)
    try:
        heading = _next_filled(lines)
        mark = re.fullmatch(r"sep=(.)\s*", heading)  # written by spreadsheets, for spreadsheets
        if mark:
            heading = _next_filled(lines)
    except _TooLong:
        yield RowError(1, f"the heading is longer than {max_characters:,} characters", stops=True)
        return
    except StopIteration:
        return
    delimiter = mark[1] if mark else _delimiter(heading)
    try:
        names = [name.strip() for name in next(csv.reader([heading], delimiter=delimiter))]
    except csv.Error as error:
        yield RowError(lines.count or 1, f"the heading is not CSV: {error}", stops=True)
        return
    if missing := next((name for name in columns if name not in names), None):
        reason = f"--map names {_clipped(missing)}, and {_found(names)}"
        yield RowError(lines.count or 1, reason, stops=True)
        return
    names = [columns.get(name, name) for name in names]
    if problem := _heading_problem(names, kind):
        yield RowError(lines.count or 1, problem, stops=True)
        return
    yield from _rows(lines, delimiter, names, max_characters)


def _with_line_feeds(text: Iterator[str], max_characters: int) -> Iterator[str]:
    """The text with line feeds where its first line ends with a carriage return alone."""
    first = ""
    for piece in text:
        first += piece
        end = re.search(r"\r(?=.)|\n", first, re.DOTALL)
        if end or len(first) > max_characters:
            break
    rest = chain((first,), text)
    if re.match(r"[^\r\n]*\r(?!\n)", first):
        return (piece.replace("\r", "\n") for piece in rest)
    return rest


def _next_filled(lines: _BoundedLines) -> str:
    while not (line := next(lines)).strip():
        lines.begin_row()
    return line


def _rows(
    lines: _BoundedLines, delimiter: str, names: list[str], max_characters: int
) -> Iterator[Row | RowError]:
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    while True:
        lines.begin_row()
        line = lines.count + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except _TooLong:
            reason = f"larger than {max_characters:,} characters: is a quote left open?"
            yield RowError(line, reason)
        except csv.Error as error:
            reason = "the file ends within quotes" if "end of data" in str(error) else str(error)
            yield RowError(line, f"not CSV: {reason}")
        else:
            if not any(cells):
                continue
            if len(cells) != len(names):
                yield RowError(line, f"has {len(cells)} cells where the heading has {len(names)}")
                continue
            yield Row(line, {name: cell for name, cell in zip(names, cells, strict=True) if cell})


def _delimiter(heading: str) -> str:
    outside = _QUOTED.sub("", heading)
    return max(_DELIMITERS, key=outside.count)


def _heading_problem(names: list[str], kind: Kind) -> str | None:
    plain = [re.sub(r"[\s_-]+", "", name).lower() for name in names]
    if kind.key.lower() not in plain:
        return (
            f"the heading has no {kind.key}: {_found(names)}, "
            f"expected are {field_names(kind.key)}; "
            f"--map COLUMN={kind.key} names the column, if this is a CSV file with headings"
        )
    twice = next((name for name in plain if name and plain.count(name) > 1), None)
    return f"the heading has {twice} twice" if twice else None


def _found(names: list[str]) -> str:
    shown = ", ".join(_clipped(name) for name in names[:_MOST_NAMED])
    more = f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
    return f"found are {shown}{more}"


def _clipped(name: str) -> str:
    text = repr(name)
    return text if len(text) <= 40 else f"{text[:37]}..."
