"""The statements of the store, by the names they have in the files under `sql/`."""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files
from typing import Any

import apsw

_FILES = ("messages", "parts", "catalogue")
_NAMED = re.compile(r"^-- name: (\w+)\n", re.MULTILINE)
_COMMENT = re.compile(r"^\s*--.*\n", re.MULTILINE)


def read(name: str) -> str:
    """The text of a file under `sql/`."""
    return files("simpost.store").joinpath("sql", name).read_text(encoding="utf-8")


@cache
def statements() -> dict[str, str]:
    """Every named statement, without its comments."""
    found: dict[str, str] = {}
    for name in _FILES:
        _, *pieces = _NAMED.split(read(f"{name}.sql"))
        for title, text in zip(pieces[::2], pieces[1::2], strict=True):
            assert title not in found, title
            found[title] = _COMMENT.sub("", text).strip()
    return found


SQL = statements()


def ask(connection: apsw.Connection, name: str, facts: Any = ()) -> Any:
    """Run a named query: `.get` gives its one row, `.fetchall()` all. Rows are not typed."""
    return connection.execute(SQL[name], facts)
