"""The version of the schema: what this release knows, and what a file has."""

from __future__ import annotations

import contextlib
import subprocess
import sys
from pathlib import Path

import apsw

from simpost.errors import SchemaTooNew, StoreError
from simpost.observe import get_logger
from simpost.store.sqlite.connection import INCREMENTAL, open_reader, translate
from simpost.store.sqlite.files import create_private, make_private
from simpost.store.sqlite.soundness import check_sound, damaged

VERSION = "0008"
"""The last migration of this release."""

log = get_logger(__name__)


def bring_up_to_date(path: Path) -> None:
    """Migrate the file if it needs it, in a process of its own; the caller owns the store.

    That keeps Alembic and SQLAlchemy out of the process that serves. Raises SchemaTooNew, with
    the file untouched, when a newer release wrote it, and StoreDamaged when it is not sound.
    """
    found = version_of(path)
    if not path.exists():
        create_private(path)
    make_private(path)
    if found is not None:
        refuse_newer(path, found)
        check_sound(path)
    if found == VERSION and can_shrink(path):
        return
    done = subprocess.run(  # noqa: S603  our own module
        [sys.executable, "-m", "simpost.store.sqlite.migrate", str(path)],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        lines = done.stderr.strip().splitlines() or ["no reason given"]
        raise StoreError(f"the store {path} could not be migrated: {lines[-1]}")

    if not can_shrink(path):
        log.warning("store_not_compacted", path=str(path))


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
        if connection.table_exists(None, "alembic_version"):
            version: str | None = connection.execute("SELECT version_num FROM alembic_version").get
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
