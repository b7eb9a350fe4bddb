"""Where a database is: its server, its oid, its timeline, and the address in the URL."""

from __future__ import annotations

import asyncio
from pathlib import Path

from simpost.domain.instance import DatabasePlace, InstanceFile, Surroundings
from simpost.store.instance_file import look_at, write_file
from simpost.store.postgres.connection import PostgresSession
from simpost.store.postgres.database import PostgresDatabase


class DatabaseSurroundings:
    """Implements `simpost.store.shared.instance.InstanceSurroundings`.

    `path` is the instance file of this node; `None` if it keeps none.
    """

    def __init__(self, database: PostgresDatabase, shown: str, path: Path | None) -> None:
        """`shown` is the URL without user, password and options."""
        self._database = database
        self._address = shown.removeprefix("postgresql://").rpartition("/")[0]
        self._path = path

    async def look(self) -> Surroundings:
        file = (await asyncio.to_thread(look_at, self._path)).file if self._path else None
        facts = await self._database.read(_facts)
        place = DatabasePlace(
            facts["cluster"], facts["database"], facts["timeline"], (self._address,)
        )
        return Surroundings(place, file)

    async def write(self, file: InstanceFile) -> None:
        if self._path:
            await asyncio.to_thread(write_file, self._path, file)


async def _facts(session: PostgresSession) -> dict[str, str]:
    [row] = await session.fetch(
        "SELECT oid::text AS database, substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8) "
        "AS timeline FROM pg_database WHERE datname = current_database()"
    )
    [may] = await session.fetch(
        "SELECT has_function_privilege(to_regprocedure('pg_control_system()')::oid, 'EXECUTE') "
        "AS may_read"
    )
    facts = {"cluster": "", **row}
    if may["may_read"]:
        [found] = await session.fetch(
            "SELECT system_identifier::text AS cluster FROM pg_control_system()"
        )
        facts["cluster"] = found["cluster"]
    return facts
