"""What a move copies: every table of the file but those that only the file needs."""

from __future__ import annotations

import contextlib
from typing import Final

import apsw

from simpost.store.migrations import script
from simpost.store.sqlite.schema import PACKAGE

EMBEDDED_ONLY: Final = {
    "schema_version": "the version of this schema",
    "meta": "what the file is bound to; the database is bound to the same key by itself",
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
"""They have the same columns on both sides, but for those in DERIVED; what is octets or a yes on
one side only is converted on the way."""

DERIVED: Final = {
    "parts": {
        "esim_tran_no": "CASE number WHEN 1 THEN (SELECT m.esim_tran_no FROM messages AS m "
        "WHERE m.account_id = parts.account_id AND m.id = parts.message_id) END",
    },
}
"""Columns that only the database has, by table, and how the file tells what is in them."""

POSTGRES_ONLY: Final = {
    "schema_version": "the version of that schema",
    "meta": "what the database is bound to",
    "nodes": "processes that serve the database",
    "leases": "what each of them has",
    "orders": "what administrators told all of them",
    "changes": "versions of what they keep a copy of",
    "paces": "what accounts may send at this moment",
    "unsequenced_events": "events that are not visible yet",
    "moves": "the move itself",
    "move_steps": "how far it came",
}
