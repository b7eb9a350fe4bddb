"""What the columns of a file mean, and each row as an eSIM with values of the template. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime, time
from typing import Any, Final, NamedTuple

from simpost.catalogue.row_fields import ESIM_FIELDS, RefusedRow, document_of
from simpost.catalogue.row_identifiers import iccid_of, name_of
from simpost.domain.broadcast_files import FileRow
from simpost.features.broadcasts.sheets import FileRefused, Line, Sheet

MAX_VALUES: Final = 20
"""Columns whose cells are values of the template."""
MAX_VALUE: Final = 200
"""Characters of a value."""
_VARIABLE: Final = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,31}")
_GAPS: Final = re.compile(r"[\s_\-]+")
ESIM: Final = "esimTranNo"
ICCID: Final = "iccid"
_IDENTIFIERS: Final = {"esimtranno": ESIM, "iccid": ICCID}
_MOST_SHOWN: Final = 20


class Columns(NamedTuple):
    """What the columns are used for.

    Attributes:
        identifiers: places of the columns that name the eSIM, by field.
        values: places of the columns with values, by variable.
        ignored: headings of the other columns.
    """

    identifiers: Mapping[str, int]
    values: Mapping[str, int]
    ignored: Sequence[str]


def columns_of(heading: Sequence[str], uses: Mapping[str, str]) -> Columns:
    """The use of each column: given by its heading, or as its heading says. Raises FileRefused."""
    if missing := next((name for name in uses if name not in heading), None):
        raise FileRefused(f"The heading has no {missing!r}: {_shown(heading)}.")
    identifiers: dict[str, int] = {}
    values: dict[str, int] = {}
    ignored: list[str] = []
    for place, name in enumerate(heading):
        use = uses.get(name, name)
        field = _IDENTIFIERS.get(_GAPS.sub("", use).lower())
        if field is None and not _VARIABLE.fullmatch(use):
            if name in uses:
                raise FileRefused(f"{use!r} is no name of a variable, esimTranNo or iccid.")
            ignored.append(name)
            continue
        taken = identifiers if field else values
        if (field or use) in taken:
            raise FileRefused(f"Two columns are {field or use}.")
        taken[field or use] = place
    if not identifiers:
        raise FileRefused(f"No column is esimTranNo or iccid: {_shown(heading)}.")
    if len(values) > MAX_VALUES:
        raise FileRefused(f"{len(values)} columns are values, {MAX_VALUES} at most.")
    return Columns(identifiers, values, ignored)


def rows_of(sheet: Sheet, columns: Columns) -> list[FileRow]:
    """Every row of the sheet, in its order."""
    return [_row(line, columns) for line in sheet.lines]


def _row(line: Line, columns: Columns) -> FileRow:
    if line.problem:
        return FileRow(line.number, reason=line.problem)
    try:
        given = {
            name: _identifier(line.cells[place])
            for name, place in columns.identifiers.items()
            if place < len(line.cells)
        }
        document = document_of({name: each for name, each in given.items() if each}, ESIM_FIELDS)
        esim, iccid = name_of(document, ESIM), iccid_of(document)
        values = {
            name: _text(name, line.cells[place])
            for name, place in columns.values.items()
            if place < len(line.cells)
        }
    except RefusedRow as error:
        return FileRow(line.number, reason=str(error))
    if not esim and not iccid:
        return FileRow(line.number, reason="names no eSIM")
    given_values = {name: text for name, text in values.items() if text}
    return FileRow(line.number, esim, iccid, given_values)


def _identifier(cell: Any) -> Any:
    """Text, or a number as it is: one that lost digits is refused with that explanation."""
    if isinstance(cell, str):
        return cell.strip()
    if isinstance(cell, bool) or not isinstance(cell, int | float):
        raise RefusedRow("the cell that names the eSIM is neither text nor a number")
    return cell


def _text(name: str, cell: Any) -> str:
    if isinstance(cell, bool):
        text = str(cell).lower()
    elif isinstance(cell, float) and cell.is_integer() and abs(cell) < 10**15:
        text = str(int(cell))
    elif isinstance(cell, datetime) and cell.time() == time.min:
        text = cell.date().isoformat()
    elif isinstance(cell, date | time):
        text = cell.isoformat()
    else:
        text = str(cell).strip()
    if len(text) > MAX_VALUE:
        raise RefusedRow(f"{name} has {len(text)} characters, {MAX_VALUE} at most")
    return text


def _shown(heading: Sequence[str]) -> str:
    names = ", ".join(repr(name[:40]) for name in heading[:_MOST_SHOWN])
    return f"found are {names}" if names else "it is empty"
