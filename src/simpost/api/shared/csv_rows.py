"""Rows of CSV (RFC 4180) whose cells no spreadsheet runs as a formula.

A spreadsheet evaluates a cell that begins with `=`, `+`, `-`, `@`, a tab, CR, LF or the full-width
form of one of the four signs (OWASP, CSV Injection). Such a cell gets an apostrophe in front, and
so does one that begins with an apostrophe. So the original is what follows the first apostrophe of
a cell that begins with one.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

_IS_UNSAFE: Final = re.compile(r"[=+\-@\t\r\n'\uff1d\uff0b\uff0d\uff20]").match
_NEEDS_QUOTES: Final = re.compile(r'[",\r\n]').search


def safe_cell(text: str) -> str:
    """The text, with an apostrophe in front if a spreadsheet could evaluate it."""
    return f"'{text}" if _IS_UNSAFE(text) else text


def csv_row(cells: Sequence[str]) -> str:
    """One line with its line end; cells are quoted where they need it."""
    return ",".join([_quoted(cell) if _NEEDS_QUOTES(cell) else cell for cell in cells]) + "\r\n"


def _quoted(cell: str) -> str:
    doubled = cell.replace('"', '""')
    return f'"{doubled}"'
