"""A CSV file of preferences: one eSIM a line."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, TextIO

from simpost.domain.policy.window_text import parse_windows
from simpost.errors import ConfigError

REMOVED: Final = "default"
"""In a cell or an option: the value is removed, and the default counts again."""

_CATEGORIES = ("service", "support", "notice", "promotion")
_YES_NO = {"yes": True, "true": True, "1": True, "no": False, "false": False, "0": False}
_FIELDS = ("esimTranNo", *_CATEGORIES, "language", "openHours", "words")
_RULES = {
    "esimTranNo": (r"[!-~]{1,64}", "must be 1 to 64 visible ASCII characters, without spaces"),
    "language": (r"|default|[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8}){0,3}", "must be like fr or pt-BR"),
    "openHours": (r".{0,200}", "must have at most 200 characters"),
    "words": (r"[^\x00]{0,500}", "must have at most 500 characters"),
}


def parse_choice(name: str, text: str) -> bool | None:
    """Whether a category is wanted; `None` for the default. Raises ConfigError."""
    word = text.strip().lower()
    if word != REMOVED and word not in _YES_NO:
        raise ConfigError(f"{name} must be yes, no or {REMOVED}, and is {text!r}.")
    return _YES_NO.get(word)


def open_file(file: Path) -> TextIO:
    """The file as text. Raises ConfigError."""
    try:
        return file.open(encoding="utf-8-sig", newline="")
    except OSError as error:
        raise ConfigError(f"{file}: {error.strerror}.") from None


def read_rows(lines: TextIO) -> Iterator[tuple[int, dict[str, Any] | str]]:
    """The number of each line, and its row or what is wrong with it. Raises ConfigError."""
    reader = csv.DictReader(lines)
    heading = reader.fieldnames or []
    if "esimTranNo" not in heading or not set(heading) <= set(_FIELDS):
        raise ConfigError(f"the heading must have esimTranNo, and others of {', '.join(_FIELDS)}.")
    try:
        for row in reader:
            try:
                yield reader.line_num, _row(row)
            except (ConfigError, ValueError) as error:
                yield reader.line_num, str(error)
    except (csv.Error, UnicodeDecodeError) as error:
        raise ConfigError(f"line {reader.line_num + 1} is not CSV in UTF-8: {error}.") from None


def _row(row: dict[str | Any, str | Any]) -> dict[str, Any]:
    if None in row:
        raise ValueError("more cells than the heading has.")
    cells = {name: text.strip() for name, text in row.items() if text and text.strip()}
    for name, (pattern, rule) in _RULES.items():
        if not re.fullmatch(pattern, cells.get(name, "")):
            raise ValueError(f"{name} {rule}.")
    if (hours := cells.get("openHours", REMOVED)) != REMOVED:
        parse_windows(hours)
    choices = {name: parse_choice(name, cells.pop(name)) for name in _CATEGORIES if name in cells}
    found: dict[str, Any] = {
        name: None if text == REMOVED and name in ("language", "openHours") else text
        for name, text in cells.items()
    }
    return {**found, "categories": choices} if choices else found
