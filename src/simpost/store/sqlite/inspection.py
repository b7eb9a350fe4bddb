"""Describes a file without changing it, for `simpost check`."""

from __future__ import annotations

import contextlib
from pathlib import Path

import apsw

from simpost.store.sqlite.connection import open_writer, translate
from simpost.store.sqlite.move_marker import refuse_moved
from simpost.store.sqlite.queries import named_rows
from simpost.store.sqlite.schema import VERSION, refuse_newer, version_of
from simpost.store.text_key_check import COUNT_KEYS, SAMPLES, SealedTexts


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


def sealed_texts(path: Path) -> list[SealedTexts]:
    """The texts of each key; none of a file with the schema of another release."""
    if version_of(path) != VERSION:
        return []
    try:
        # One that may write removes the files of the journal at its end, which a reader leaves.
        opened = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READWRITE)
        with contextlib.closing(opened) as connection:
            connection.pragma("query_only", 1)
            counts = named_rows(connection.execute(COUNT_KEYS))
            return [
                SealedTexts(
                    row["text_key"],
                    row["texts"],
                    named_rows(connection.execute(SAMPLES, (row["text_key"],))),
                )
                for row in counts
            ]
    except apsw.Error as error:
        raise translate(error) from error
