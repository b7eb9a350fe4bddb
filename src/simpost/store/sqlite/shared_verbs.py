"""Runs the verbs of `simpost.store.shared` on the file."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any, TypeVar

import apsw

from simpost.store.shared.steps import Steps
from simpost.store.sqlite.queries import named_rows, one_snapshot
from simpost.store.sqlite.session import SqliteSession

R = TypeVar("R")


def write(session: SqliteSession, begins: Sequence[Callable[[], Steps[Any]]]) -> list[Any]:
    """Each is run to its end, within the transaction of the writer."""
    return [run(session.connection, begin()) for begin in begins]


def read(connection: apsw.Connection, begin: Callable[[], Steps[R]]) -> R:
    with one_snapshot(connection):
        found = [run(connection, begin())]
    return found[0]


def run(connection: apsw.Connection, steps: Steps[R]) -> R:
    """Run a shared verb within the transaction of another one."""
    try:
        statement, parameters = next(steps)
        while True:
            rows = named_rows(connection.execute(numbered(statement), parameters))
            statement, parameters = steps.send(rows)
    except StopIteration as end:
        result: R = end.value
        return result


@cache
def numbered(statement: str) -> str:
    """`$1` is the name of a parameter to SQLite; `?1` is its number."""
    return re.sub(r"\$(\d+)", r"?\1", statement)
