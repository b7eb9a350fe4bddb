"""PostgreSQL as in production: every commit synced, alone or with a synchronous standby."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import Any

import asyncpg

from tests.contract.postgres_server import PostgresServer
from tests.scenarios.faults.service import PATIENCE_S

_SETTINGS = "shared_buffers = 32MB\nmax_connections = 60\n"


class Database(PostgresServer):
    """As it comes: fsync and synchronous_commit are on."""

    def __init__(self) -> None:
        super().__init__(_SETTINGS)

    @property
    def socket(self) -> Path:
        return self.root / ".s.PGSQL.5432"

    def value(self, statement: str) -> Any:
        return asyncio.run(self._value(statement))

    async def _value(self, statement: str) -> Any:
        connection = await asyncpg.connect(self.url())
        try:
            return await connection.fetchval(statement)
        finally:
            await connection.close()


class Standby(Database):
    """Streams from a primary, which from then on commits nothing that its standby has not."""

    def __init__(self, primary: Database) -> None:
        self._primary = primary
        super().__init__()
        primary.value("ALTER SYSTEM SET synchronous_standby_names = '*'")
        primary.value("SELECT pg_reload_conf()")
        ends_s = time.monotonic() + PATIENCE_S
        while primary.value("SELECT sync_state FROM pg_stat_replication") != "sync":
            assert time.monotonic() < ends_s, "the standby does not follow"
            time.sleep(0.1)

    def _make_data(self) -> None:
        self._run(
            "pg_basebackup", "--host", str(self._primary.root), "--username", "postgres",
            "--wal-method", "stream", "--checkpoint", "fast", "--write-recovery-conf", "--no-sync",
        )  # fmt: skip

    def promote(self) -> None:
        self._run("pg_ctl", "-w", "promote")
