"""Rows as a store has them, for tests of what may not be in them."""

from __future__ import annotations

from typing import Any

import apsw

from simpost.ports.store import Store
from simpost.store import SqliteStore
from simpost.store.postgres import PostgresStore
from simpost.store.sqlite.queries import named_rows
from simpost.store.sqlite.shared_verbs import numbered


async def run_raw(store: Store, statement: str, *parameters: Any) -> list[dict[str, Any]]:
    """The rows of a statement with parameters `$1`, `$2`."""
    if isinstance(store, SqliteStore):
        connection = apsw.Connection(str(store.database.path))
        try:
            return named_rows(connection.execute(numbered(statement), parameters))
        finally:
            connection.close()
    assert isinstance(store, PostgresStore)
    async with store.database.borrowed() as session:
        return [dict(row) for row in await session.fetch(statement, *parameters)]


async def raw_rows(store: Store, table: str) -> list[dict[str, Any]]:
    return await run_raw(store, f"SELECT * FROM {table} ORDER BY 1, 2")
