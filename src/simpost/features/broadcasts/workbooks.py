"""Looks into an XLSX file before it is read: what it unpacks to, its size, and formulas.

A reader allocates a cell for each place up to the last one, and shows a formula that was never
calculated as 0. Both are found here, in the XML, without keeping it.
"""

from __future__ import annotations

import re
import zipfile
from io import BytesIO
from typing import Final

MAX_UNPACKED: Final = 64 * 1_048_576
"""Octets of all files in a workbook."""
MAX_FILES: Final = 500
MAX_CELLS: Final = 2_000_000
_CHUNK: Final = 1 << 18
_OVERLAP: Final = 512
"""Longest tag that is recognised where two chunks meet."""
_WORKBOOK: Final = "xl/workbook.xml"
_CELL: Final = re.compile(rb"<(?:\w+:)?c(?=[\s/>])[^<>]{0,400}")
_CELL_AT: Final = re.compile(rb"\sr\s*=\s*[\"']([A-Z]{1,4})([0-9]{1,8})[\"']")
_ROW_AT: Final = re.compile(rb"<(?:\w+:)?row\s[^<>]{0,400}?\br\s*=\s*[\"']([0-9]{1,10})[\"']")
_FORMULA: Final = re.compile(rb"<(?:\w+:)?f[\s/>]")
_SHEET: Final = re.compile(rb"<(?:\w+:)?worksheet[\s>]")


def check_workbook(octets: bytes, *, max_rows: int, max_columns: int) -> str | None:
    """Why a workbook is not read, as a sentence; `None` if it can be."""
    try:
        with zipfile.ZipFile(BytesIO(octets)) as archive:
            return _check(archive, max_rows, max_columns)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, ValueError, OSError):
        return "The file is a damaged or protected workbook."
    except _Unpacked:
        return f"The workbook unpacks to more than {MAX_UNPACKED >> 20} MiB."


class _Unpacked(Exception):
    pass


def _check(archive: zipfile.ZipFile, max_rows: int, max_columns: int) -> str | None:
    entries = archive.infolist()
    if _WORKBOOK not in archive.namelist():
        return "The file is not an XLSX workbook: save it as XLSX or CSV."
    if len(entries) > MAX_FILES:
        return f"The workbook has more than {MAX_FILES} files in it."
    if sum(entry.file_size for entry in entries) > MAX_UNPACKED:
        raise _Unpacked
    left = MAX_UNPACKED
    for entry in entries:
        found = _Look(entry.filename)
        with archive.open(entry) as file:
            while chunk := file.read(_CHUNK):
                left -= len(chunk)
                if left < 0:
                    raise _Unpacked
                found.feed(chunk)
        if problem := found.problem(max_rows, max_columns):
            return problem
    return None


class _Look:
    """What the XML of one file says about its cells."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._tail = b""
        self._is_first = True
        self._is_wide = False
        self._is_sheet = False
        self._has_formula = False
        self._has_unplaced = False
        self._rows = 0
        self._columns = 0

    def feed(self, chunk: bytes) -> None:
        if self._is_first:
            self._is_first = False
            self._is_wide = b"\0" in chunk[:64] and self._name.endswith((".xml", ".rels"))
        text = self._tail + chunk
        # A tag that is not whole yet is looked at with the next chunk.
        end = text.rfind(b"<")
        whole = len(text) if end < 0 or len(text) - end > _OVERLAP else end
        self._look(text[:whole])
        self._tail = text[whole:]

    def _look(self, text: bytes) -> None:
        self._is_sheet = self._is_sheet or _SHEET.search(text) is not None
        if not self._is_sheet:
            return
        self._has_formula = self._has_formula or _FORMULA.search(text) is not None
        for row in _ROW_AT.finditer(text):
            self._rows = max(self._rows, int(row[1]))
        for cell in _CELL.finditer(text):
            at = _CELL_AT.search(cell[0])
            if at is None:
                self._has_unplaced = True
            else:
                self._columns = max(self._columns, _column(at[1]))
                self._rows = max(self._rows, int(at[2]))

    def problem(self, max_rows: int, max_columns: int) -> str | None:
        self._look(self._tail)
        if self._is_wide or (self._is_sheet and self._has_unplaced):
            return "The workbook is written in an unusual way: save it again, or as CSV."
        if not self._is_sheet:
            return None
        if self._has_formula:
            return "A sheet has formulas, which are not calculated here: save it as values, or CSV."
        if self._columns > max_columns:
            return f"A sheet has {self._columns:,} columns, {max_columns:,} at most."
        if self._rows > max_rows or self._rows * self._columns > MAX_CELLS:
            return (
                f"A sheet has {self._rows:,} rows and {self._columns:,} columns: {max_rows - 1:,} "
                f"rows and {MAX_CELLS:,} cells at most. Split it."
            )
        return None


def _column(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = 26 * number + letter - 64
    return number
