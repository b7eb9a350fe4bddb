"""The version of the schema: what this release knows, and what a database has."""

from __future__ import annotations

import asyncio
import sys
from typing import Final

from simpost.errors import SchemaTooNew, StoreError
from simpost.store.postgres.link import Session

VERSION: Final = "0007"
"""The last migration of this release."""


async def bring_up_to_date(session: Session) -> None:
    """Migrate the database if it needs it; of several nodes that start together one does.

    Raises SchemaTooNew, with the database untouched, when a newer release wrote it.
    """
    if await version_of(session) == VERSION:
        return
    async with session.transaction():
        await session.run("SET LOCAL lock_timeout = 0; SET LOCAL statement_timeout = 0")
        await session.ask("lock_schema")
        found = await version_of(session)
        if found != VERSION:
            await session.run(await _plan(found))


async def version_of(session: Session) -> str | None:
    """The schema version of the database; none when it is new."""
    known = await session.connection.fetchval("SELECT to_regclass('alembic_version')::text")
    found: str | None = await session.value("schema_version") if known else None
    if found is not None and found > VERSION:
        raise SchemaTooNew(
            f"the database has schema {found}, this release knows {VERSION}; it is left "
            "untouched: run the newer simpost"
        )
    return found


async def check_durability(session: Session) -> None:
    """Raises StoreError where a commit would not be on disk when it is answered."""
    if await session.connection.fetchval("SHOW synchronous_commit") == "off":
        raise StoreError(
            "the database has synchronous_commit = off: what is accepted could be lost; "
            "set it to on for this database or user"
        )


async def refuse_half_moved(session: Session) -> None:
    """Raises StoreError while an embedded store is only partly here."""
    if await session.ask("unfinished_move"):
        raise StoreError(
            "an embedded store is being moved into the database: run `simpost migrate` until it "
            "is done"
        )


async def _plan(found: str | None) -> str:
    """The SQL to the last version, planned by a process of its own.

    That keeps Alembic and SQLAlchemy out of the process that serves; it is told no URL.
    """
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "simpost.store.postgres.migrate",
        found or "base",
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    script, complaint = await process.communicate()
    if process.returncode:
        lines = complaint.decode(errors="replace").strip().splitlines() or ["no reason given"]
        raise StoreError(f"the database could not be migrated: {lines[-1]}")
    return script.decode()
