"""The version of the schema: what this release knows, and what a database has."""

from __future__ import annotations

from typing import Final

from simpost.errors import SchemaTooNew, StoreError
from simpost.store.migrations import newest, script
from simpost.store.postgres.connection import PostgresSession

PACKAGE: Final = "simpost.store.postgres"
VERSION: Final = newest(PACKAGE)
"""The last migration of this release."""
_NOTED_IN: Final = (
    ("schema_version", "schema_version"),
    ("alembic_version", "old_schema_version"),
)
"""The tables that say a database's version, and the statement that asks it; the second is
of earlier versions."""


async def bring_up_to_date(session: PostgresSession) -> None:
    """Migrate the database if it needs it; of several nodes that start together one does.

    Raises SchemaTooNew, with the database untouched, when a newer release wrote it.
    """
    if await version_of(session) == VERSION:
        return
    async with session.transaction():
        await session.run_script("SET LOCAL lock_timeout = 0; SET LOCAL statement_timeout = 0")
        await session.execute("lock_schema")
        found = await version_of(session)
        if found != VERSION:
            await session.run_script(script(PACKAGE, found))


async def version_of(session: PostgresSession) -> str | None:
    """The schema version of the database; none when it is new."""
    found: str | None = None
    for table, statement in _NOTED_IN:
        if await session.connection.fetchval("SELECT to_regclass($1)::text", table):
            found = await session.scalar(statement)
            break
    if found is not None and found > VERSION:
        raise SchemaTooNew(
            f"the database has schema {found}, this release knows {VERSION}; it is left "
            "untouched: run the newer simpost"
        )
    return found


async def check_durability(session: PostgresSession) -> None:
    """Raises StoreError if a commit could return before it is on disk."""
    if await session.connection.fetchval("SHOW synchronous_commit") == "off":
        raise StoreError(
            "the database has synchronous_commit = off: what is accepted could be lost; "
            "set it to on for this database or user"
        )


async def refuse_half_moved(session: PostgresSession) -> None:
    """Raises StoreError while an embedded store is being moved here."""
    if await session.execute("unfinished_move"):
        raise StoreError(
            "an embedded store is being moved into the database: run `simpost to-postgres` until "
            "it is done"
        )
