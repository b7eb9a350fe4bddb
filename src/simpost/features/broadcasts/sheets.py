"""Reads a CSV file, or a sheet of an XLSX workbook, as lines of cells. Pure; may take a second."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from typing import Any, Final, NamedTuple

from python_calamine import CalamineError, CalamineWorkbook

from simpost.errors import InvalidRequest
from simpost.features.broadcasts.workbooks import check_workbook

MAX_OCTETS: Final = 8 * 1_048_576
"""Largest file."""
MAX_ROWS: Final = 100_000
"""Most rows below the heading."""
MAX_COLUMNS: Final = 100
_SHOWN_SHEETS: Final = 10
_DELIMITERS: Final = ",;\t"
_QUOTED: Final = re.compile(r'"[^"]*"')
_ZIP: Final = b"PK\x03\x04"
_OLD_EXCEL: Final = b"\xd0\xcf\x11\xe0"
_UTF16: Final = (b"\xff\xfe", b"\xfe\xff")


class FileRefused(InvalidRequest):
    """The file cannot be read."""


class Line(NamedTuple):
    """A row of a file that is not empty. `problem` says why it has no cells."""

    number: int
    cells: list[Any]
    problem: str = ""


class Sheet(NamedTuple):
    """The heading, and the lines below it."""

    heading: list[str]
    lines: list[Line]


def read_sheet(octets: bytes, sheet: str = "") -> Sheet:
    """The rows of a file; `sheet` names a sheet of a workbook. Raises FileRefused."""
    if octets.startswith(_OLD_EXCEL):
        raise FileRefused("The file is an old or protected workbook: save it as XLSX or CSV.")
    lines = _workbook_lines(octets, sheet) if octets.startswith(_ZIP) else _csv_lines(octets)
    heading = next(lines, None)
    if heading is None:
        raise FileRefused("The file is empty.")
    names = [str(cell).strip() for cell in heading.cells]
    while names and not names[-1]:
        names.pop()
    if len(names) > MAX_COLUMNS:
        raise FileRefused(f"The heading has {len(names)} columns, {MAX_COLUMNS} at most.")
    found: list[Line] = []
    for line in lines:
        if len(found) >= MAX_ROWS:
            raise FileRefused(f"The file has more than {MAX_ROWS:,} rows: split it.")
        found.append(line)
    return Sheet(names, found)


def _csv_lines(octets: bytes) -> Iterator[Line]:
    if octets.startswith(_UTF16):
        raise FileRefused("The file is UTF-16: save it as UTF-8.")
    try:
        text = octets.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = octets.count(b"\n", 0, error.start) + 1
        raise FileRefused(f"Line {line} is not UTF-8: save the file as UTF-8.") from None
    if "\0" in text:
        raise FileRefused("The file is neither CSV nor XLSX: it has NUL characters.")
    lines = io.StringIO(text.replace("\r\n", "\n").replace("\r", "\n"))
    first = lines.readline()
    skipped = 0
    while first and (not first.strip() or re.fullmatch(r"sep=.\s*", first)):
        skipped += 1
        first = lines.readline()
    outside = _QUOTED.sub("", first)
    delimiter = max(_DELIMITERS, key=outside.count)
    yield from _csv_rows(first + lines.read(), delimiter, skipped)


def _csv_rows(text: str, delimiter: str, skipped: int) -> Iterator[Line]:
    reader = csv.reader(io.StringIO(text), delimiter=delimiter, strict=True)
    width = 0
    number = skipped + 1
    while True:
        try:
            cells = next(reader, None)
        except csv.Error as error:
            raise FileRefused(f"Line {number} is not CSV: {error}.") from None
        if cells is None:
            return
        if any(cell.strip() for cell in cells):
            width = width or len(cells)
            if len(cells) == width:
                yield Line(number, list(cells))
            else:
                yield Line(number, [], f"has {len(cells)} cells, the heading has {width}")
        number = skipped + reader.line_num + 1


def _workbook_lines(octets: bytes, sheet: str) -> Iterator[Line]:
    if problem := check_workbook(octets, max_rows=MAX_ROWS + 1, max_columns=MAX_COLUMNS):
        raise FileRefused(problem)
    try:
        workbook = CalamineWorkbook.from_filelike(io.BytesIO(octets))
        names = workbook.sheet_names
        if not sheet and len(names) != 1:
            shown = ", ".join(names[:_SHOWN_SHEETS])
            raise FileRefused(f"The workbook has {len(names)} sheets: name one of {shown}.")
        if sheet and sheet not in names:
            raise FileRefused("The workbook has no sheet with this name.")
        rows = workbook.get_sheet_by_name(sheet or names[0]).to_python(skip_empty_area=False)
    except CalamineError:
        raise FileRefused("The workbook is damaged or protected by a password.") from None
    for number, cells in enumerate(rows, 1):
        if any(cell != "" for cell in cells):
            yield Line(number, cells)
