"""The tables that a move copies: all except those that only the file needs."""

from __future__ import annotations

import contextlib
from typing import Final

import apsw

from simpost.store.migrations import script
from simpost.store.sqlite.schema import PACKAGE

EMBEDDED_ONLY: Final = {
    "schema_version": "the version of this schema",
    "meta": "the digest of the file's key; the database has its own",
}


_LAST: Final = "event_logs"
"""Copied last: once it is there, triggers write events, and copied messages must write none."""


def _moved_tables() -> tuple[str, ...]:
    """In the order in which the migrations made them."""
    with contextlib.closing(apsw.Connection(":memory:")) as connection:
        connection.execute(script(PACKAGE)).fetchall()
        names = connection.execute(
            "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' "
            "ORDER BY rowid"
        )
        tables = [str(name) for (name,) in names if name not in EMBEDDED_ONLY]
    return tuple(sorted(tables, key=lambda name: name == _LAST))


TABLES: Final = _moved_tables()
"""Both sides have the same columns, except for those in DERIVED. Octets and booleans are converted
where the two sides store them differently."""

DERIVED: Final = {
    "parts": {
        "esim_tran_no": "CASE number WHEN 1 THEN (SELECT m.esim_tran_no FROM messages AS m "
        "WHERE m.account_id = parts.account_id AND m.id = parts.message_id) END",
    },
}
"""Columns that only the database has, by table, with the SQL that computes them from the file."""

POSTGRES_ONLY: Final = {
    "schema_version": "the version of that schema",
    "meta": "the digest of the database's key",
    "nodes": "processes that serve the database",
    "leases": "binds and roles leased by the nodes",
    "orders": "commands of administrators to all nodes",
    "changes": "versions of data that nodes cache",
    "paces": "unused tokens of the rate limits",
    "unsequenced_events": "events that are not visible yet",
    "moves": "the move itself",
    "move_steps": "progress of the move",
}
