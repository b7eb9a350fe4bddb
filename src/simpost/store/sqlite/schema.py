"""The version of the schema: what this release knows, and what a file has."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Final

import apsw

from simpost.errors import SchemaTooNew, StoreError
from simpost.observe import get_logger
from simpost.store.migrations import newest, script
from simpost.store.sqlite.connection import INCREMENTAL, open_reader, open_writer, translate
from simpost.store.sqlite.files import create_private, make_private
from simpost.store.sqlite.soundness import check_sound, damaged

PACKAGE: Final = "simpost.store.sqlite"
VERSION: Final = newest(PACKAGE)
"""The last migration of this release."""
_NOTED_IN: Final = (("schema_version", "version"), ("alembic_version", "version_num"))
"""Table and column that say the version of a file; the second in files of earlier versions."""

log = get_logger(__name__)


def bring_up_to_date(path: Path) -> None:
    """Migrate the file if it needs it, to the last version or not at all; the caller owns it.

    Raises SchemaTooNew, with the file untouched, when a newer release wrote it, and StoreDamaged
    when it is not sound.
    """
    found = version_of(path)
    if not path.exists():
        create_private(path)
    make_private(path)
    if found is not None:
        refuse_newer(path, found)
        check_sound(path)
    if found != VERSION:
        try:
            _run(path, script(PACKAGE, found))
        except StoreError as error:
            raise type(error)(f"the store {path} could not be migrated: {error}") from error
    if not can_shrink(path):
        _compact(path)


def _run(path: Path, statements: str) -> None:
    """Run statements in one transaction."""
    try:
        with contextlib.closing(open_writer(path)) as connection, connection:
            connection.execute(statements)
    except apsw.Error as error:
        raise translate(error) from error


def _compact(path: Path) -> None:
    """Write a file of an earlier version again as a whole, once.

    Then nothing that was deleted is left in it, and it shrinks from now on. Without room on the
    disk it stays as it is.
    """
    try:
        with contextlib.closing(open_writer(path)) as connection:
            connection.pragma("temp_store", "file")  # in memory it would be as large as the file
            connection.execute("VACUUM")
    except apsw.FullError:
        log.warning("store_not_compacted", path=str(path))
    except apsw.Error as error:
        raise translate(error) from error


def can_shrink(path: Path) -> bool:
    """Whether the file gives free pages back; one of an older release does after a VACUUM."""
    try:
        with contextlib.closing(open_reader(path)) as connection:
            return bool(connection.pragma("auto_vacuum") == INCREMENTAL)
    except apsw.Error as error:
        raise translate(error) from error


def refuse_newer(path: Path, found: str) -> None:
    """Raises SchemaTooNew when a newer release wrote the file."""
    if found > VERSION:
        raise SchemaTooNew(
            f"the store {path} has schema {found}, this release knows {VERSION}; "
            "it is left untouched: run the newer simpost"
        )


def version_of(path: Path) -> str | None:
    """The schema version of the file; none when it is new. Raises StoreError for other files."""
    if not path.exists() or path.stat().st_size == 0:
        return None
    try:
        connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READWRITE)
    except apsw.Error as error:
        raise _named(error, path) from None
    try:
        for table, column in _NOTED_IN:
            if connection.table_exists(None, table):
                version: str | None = connection.execute(f"SELECT {column} FROM {table}").get  # noqa: S608
                return version
        tables = connection.execute("SELECT count(*) FROM sqlite_schema").get
    except apsw.Error as error:
        raise _named(error, path) from None
    finally:
        connection.close()
    if tables:
        raise StoreError(f"{path} is a database, but not a simpost store; it is left untouched")
    return None


def _named(error: apsw.Error, path: Path) -> StoreError:
    if isinstance(error, apsw.CorruptError):
        return damaged(path, str(translate(error)))
    meaning = translate(error)
    return type(meaning)(f"{path}: {meaning}; it is left untouched")
