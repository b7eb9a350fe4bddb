"""The store's statements by name, from the files under `sql/`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from typing import Any, TypeVar

import apsw

from simpost.store.statements import statements

R = TypeVar("R")

SQL = statements("simpost.store.sqlite")


def scalar(connection: apsw.Connection, name: str, parameters: Any = ()) -> Any:
    """The one column of the first row of a named query; `None` when there is no row."""
    return connection.execute(SQL[name], parameters).get


@contextmanager
def one_snapshot(connection: apsw.Connection) -> Iterator[None]:
    """All reads of the block see the same state of the file.

    `with connection` opens a savepoint, whose statements SQLite parses again each time.
    """
    connection.execute("BEGIN")
    try:
        yield
    finally:
        if connection.in_transaction:
            connection.execute("COMMIT")


def named_rows(cursor: Any) -> list[dict[str, Any]]:
    """The rows of a cursor, by the names of their columns."""
    names: list[str] = []
    found: list[dict[str, Any]] = []
    for row in cursor:
        if not names:
            names = [column for column, _ in cursor.get_description()]
        found.append(dict(zip(names, row, strict=True)))
    return found


def rows_of(connection: apsw.Connection, name: str, parameters: Any = ()) -> list[dict[str, Any]]:
    """All rows of a named query, by the names of its columns."""
    return named_rows(connection.execute(SQL[name], parameters))


def row_of(connection: apsw.Connection, name: str, parameters: Any = ()) -> dict[str, Any] | None:
    """The one row of a named query, by the names of its columns."""
    rows = rows_of(connection, name, parameters)
    return rows[0] if rows else None


_ROW = re.compile(r"VALUES (\((?:\?, )*\?\))")
_CHUNKS = (32, 16, 8, 4, 2, 1)


@cache
def with_rows(name: str, rows: int) -> str:
    """The named statement with its one row of VALUES repeated."""
    text, found = _ROW.subn(lambda match: "VALUES " + ", ".join([match[1]] * rows), SQL[name])
    assert found == 1, name
    return text


def chunks(rows: Sequence[R]) -> Iterator[Sequence[R]]:
    """The rows cut into pieces of few different lengths, so that few statements are prepared."""
    start = 0
    for size in _CHUNKS:
        while len(rows) - start >= size:
            yield rows[start : start + size]
            start += size
