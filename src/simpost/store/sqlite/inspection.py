"""Describes a file without changing it, for `simpost check`."""

from __future__ import annotations

import contextlib
from pathlib import Path

import apsw

from simpost.store.sqlite.connection import open_writer, translate
from simpost.store.sqlite.move_marker import refuse_moved
from simpost.store.sqlite.schema import VERSION, refuse_newer, version_of


def describe(path: Path) -> str:
    """The file and the migration to run. Raises StoreError if it cannot be served."""
    version = version_of(path)
    if version is None:
        return f"{path} (empty: tables will be made)"
    refuse_newer(path, version)
    try:
        with contextlib.closing(open_writer(path)) as connection:
            refuse_moved(connection)
    except apsw.Error as error:
        raise translate(error) from error
    return str(path) if version == VERSION else f"{path} (will be migrated)"
