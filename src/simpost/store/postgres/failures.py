"""What the errors of PostgreSQL and of asyncpg mean for us."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Final

import asyncpg

from simpost.errors import StoreError, StoreFull, StoreReadOnly, StoreTimeout


class DatabaseUnreachable(StoreError):
    """The database cannot be reached."""


FAILURES: Final = (
    OSError,
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
)
"""The errors of a connection; the last one when it is lost in the middle of an exchange."""

_AGAIN = frozenset({"40001", "40P01", "55P03"})
"""Serialization failure, deadlock, lock not available: a second attempt may succeed."""
_RACES = frozenset({"conversations_current"})
"""Unique indexes that only a concurrent commit can violate: a second attempt sees its row."""
_GONE = ("08", "57P", "25006", "53300")
"""Connection lost, server going down, a standby where a primary was, no connection left."""

_MEANING: tuple[tuple[str, type[StoreError], str], ...] = (
    ("53100", StoreFull, "the disk of the database is full"),
    ("53300", StoreError, "the database takes no more connections"),
    ("53", StoreError, "the database is out of resources"),
    ("25006", StoreReadOnly, "the database is read-only"),
    ("28", StoreError, "the database does not let this user in"),
    ("3D000", StoreError, "there is no such database"),
    ("42501", StoreError, "this user may not do that in the database"),
    ("23", StoreError, "the database refused the row"),
    ("22", StoreError, "the database cannot hold this value"),
    ("57014", StoreTimeout, "the database took too long"),
    ("57P", StoreError, "the database is going down or starting"),
    ("08", StoreError, "the connection to the database is lost"),
)
"""By the beginning of the SQLSTATE; any other is a mistake of ours and says its code."""


def is_retryable(error: BaseException) -> bool:
    if isinstance(error, asyncpg.UniqueViolationError):
        return getattr(error, "constraint_name", None) in _RACES
    return isinstance(error, asyncpg.PostgresError) and error.sqlstate in _AGAIN


def is_lost(error: BaseException) -> bool:
    """Whether the connection is lost. Then it is not known whether a commit succeeded."""
    if isinstance(error, DatabaseUnreachable):
        return True
    if isinstance(error, asyncpg.PostgresError):
        return (error.sqlstate or "").startswith(_GONE)
    if isinstance(error, (asyncpg.InterfaceError, asyncpg.InternalClientError)):
        return not isinstance(error, asyncpg.exceptions.DataError)  # a value, not the connection
    return isinstance(error, OSError) or not isinstance(error, Exception)


def translate(error: Exception) -> StoreError:
    """A StoreError with the cause, never with data of the row or the URL."""
    if isinstance(error, StoreError):
        return error
    if isinstance(error, asyncpg.PostgresError):
        code = error.sqlstate or ""
        for beginning, meaning, words in _MEANING:
            if code.startswith(beginning):
                return meaning(f"{words} ({code})")
        return StoreError(f"the database failed: {type(error).__name__} ({code})")
    if isinstance(error, TimeoutError):
        return StoreTimeout("the database did not respond in time")
    if isinstance(error, FAILURES):
        return StoreError(f"the database cannot be reached ({type(error).__name__})")
    return StoreError(f"the store failed: {type(error).__name__}")


@contextlib.contextmanager
def translating() -> Iterator[None]:
    """Raise errors of asyncpg as StoreError."""
    try:
        yield
    except FAILURES as error:
        raise translate(error) from error
