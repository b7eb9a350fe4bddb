"""Connections to the file, and what SQLite's errors mean for us."""

from __future__ import annotations

import errno
from pathlib import Path

import apsw

from simpost.errors import (
    StoreBusy,
    StoreDamaged,
    StoreError,
    StoreFull,
    StoreReadOnly,
    StoreTimeout,
)

INCREMENTAL = 2
"""The mode of `auto_vacuum` in which free pages are given back on demand."""
_PAGE_CACHE_KIB = 16_384
_JOURNAL_LIMIT_OCTETS = 64 * 1024 * 1024
_STATEMENTS = 256
"""APSW's cache is a ring: it drops a statement that was not among the last ones executed. With 128
the statements of rare numbers of rows were prepared again and again."""
_NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})

_MEANING: tuple[tuple[type[apsw.Error], type[StoreError], str], ...] = (
    (apsw.FullError, StoreFull, "the disk that holds the store is full"),
    (apsw.ReadOnlyError, StoreReadOnly, "the store cannot be written"),
    (apsw.PermissionsError, StoreReadOnly, "the store cannot be written"),
    (apsw.CantOpenError, StoreReadOnly, "the store cannot be opened or written"),
    (apsw.BusyError, StoreBusy, "another process holds the store locked"),
    (apsw.LockedError, StoreBusy, "another process holds the store locked"),
    (apsw.NotADBError, StoreDamaged, "this file is not a simpost store"),
    (apsw.CorruptError, StoreDamaged, "the store is damaged; restore a backup"),
    (apsw.InterruptError, StoreTimeout, "the store took too long"),
    (apsw.IOError, StoreError, "the disk that holds the store fails"),
    (apsw.NoMemError, StoreError, "there is not enough memory for the store"),
    (apsw.ConstraintError, StoreError, "the store refused the row"),
)
"""What each SQLite error means; any other is a mistake of ours and keeps its own words."""


def translate(error: Exception, connection: apsw.Connection | None = None) -> StoreError:
    """A StoreError with the cause, never with data of the row."""
    if isinstance(error, StoreError):
        return error
    if isinstance(error, apsw.IOError) and connection is not None:
        # A size limit of the process shows as a write error with EFBIG, not as SQLITE_FULL.
        try:
            number = connection.system_errno
        except apsw.Error:
            number = 0
        if number in _NO_ROOM:
            return StoreFull()
    for kind, meaning, words in _MEANING:
        if isinstance(error, kind):
            return meaning(f"{words} ({_code(error)})")
    return StoreError(f"the store failed: {type(error).__name__} ({_code(error)})")


def _code(error: Exception) -> str:
    result = getattr(error, "extendedresult", None)
    if result is None:
        return type(error).__name__
    known = apsw.mapping_extended_result_codes | apsw.mapping_result_codes
    return str(known.get(result, result))


def open_writer(path: Path) -> apsw.Connection:
    """A connection that may write or checkpoint. Raises apsw's errors."""
    connection = apsw.Connection(
        str(path),
        flags=apsw.SQLITE_OPEN_READWRITE | apsw.SQLITE_OPEN_CREATE,
        statementcachesize=_STATEMENTS,
    )
    _prepare(connection)
    # For a file without a table yet; one that has tables takes it at its next VACUUM.
    if connection.pragma("auto_vacuum") != INCREMENTAL:  # setting it again would write
        connection.pragma("auto_vacuum", INCREMENTAL)
    connection.pragma("secure_delete", 1)  # overwrites deleted data
    connection.pragma("journal_mode", "wal")
    connection.pragma("synchronous", "full")
    connection.pragma("foreign_keys", 1)
    connection.pragma("journal_size_limit", _JOURNAL_LIMIT_OCTETS)
    return connection


def open_reader(path: Path) -> apsw.Connection:
    """A connection that can neither write nor checkpoint. Raises apsw's errors."""
    connection = apsw.Connection(
        str(path), flags=apsw.SQLITE_OPEN_READONLY, statementcachesize=_STATEMENTS
    )
    _prepare(connection)
    connection.pragma("query_only", 1)
    return connection


def _prepare(connection: apsw.Connection) -> None:
    # Without this, SQLite plans a statement again for each new value bound to it, which costs five
    # times the lookup itself.
    connection.config(apsw.SQLITE_DBCONFIG_ENABLE_QPSG, 1)
    connection.pragma("cache_size", -_PAGE_CACHE_KIB)
    connection.pragma("temp_store", "memory")
    connection.pragma("wal_autocheckpoint", 0)
