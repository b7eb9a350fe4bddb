"""The store's statements by name, from the files under `sql/`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, TypeVar

from simpost.store.statements import statements

R = TypeVar("R")

SQL = statements("simpost.store.postgres")


def columns(rows: Sequence[Sequence[Any]], width: int) -> list[list[Any]]:
    """Rows as the arrays that `unnest` takes, one for each of their `width` columns."""
    return [list(column) for column in zip(*rows, strict=True)] or [[] for _ in range(width)]


def short_columns(columns: list[list[Any]], not_null: Iterable[int]) -> list[list[Any]]:
    """The arrays, without what `unnest` and `coalesce` repeat: each element costs time to encode.

    An array without any value is empty. One in a place of `not_null` has only its first value if
    all are the same; the statement takes that where `unnest` has NULL.
    """
    for place, column in enumerate(columns):
        if column and column[0] is None and column.count(None) == len(column):
            columns[place] = []
    for place in not_null:
        column = columns[place]
        if column and column.count(column[0]) == len(column):
            columns[place] = column[:1]
    return columns


def without_duplicate_keys(rows: Iterable[R], key: Callable[[R], Any]) -> Iterator[list[R]]:
    """Rows cut, in their order, so that no key is twice in one statement.

    Each is sorted by its key: statements of several nodes then lock rows in one order.
    """
    waiting = list(rows)
    while waiting:
        first: dict[Any, R] = {}
        later: list[R] = []
        for row in waiting:
            if key(row) in first:
                later.append(row)
            else:
                first[key(row)] = row
        yield [first[each] for each in sorted(first)]
        waiting = later


def octets(text: str) -> bytes:
    """The text of a message as stored: PostgreSQL's `text` accepts no NUL."""
    return text.encode()


def is_storable(*texts: str | None) -> bool:
    """Whether PostgreSQL can store these texts: it accepts no NUL."""
    return not any(text and "\0" in text for text in texts)
