"""PostgreSQL in earnest: every commit synced, alone or with a standby that has it too."""

from __future__ import annotations

import asyncio
import os
import tempfile
import time
from pathlib import Path
from typing import Any

import asyncpg

from tests.contract import postgres_server
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
        self.root = Path(tempfile.mkdtemp(prefix="simpost-pg-"))
        self._as_user: dict[str, Any] = {}
        self._programs = postgres_server._programs()
        if os.geteuid() == 0:
            self._drop_privileges()
        self.data = self.root / "data"
        self._run(
            "pg_basebackup", "--host", str(primary.root), "--username", "postgres",
            "--wal-method", "stream", "--checkpoint", "fast", "--write-recovery-conf", "--no-sync",
        )  # fmt: skip
        with (self.data / "postgresql.conf").open("a") as conf:
            conf.write(f"unix_socket_directories = '{self.root}'\n")
        self.start()
        primary.value("ALTER SYSTEM SET synchronous_standby_names = '*'")
        primary.value("SELECT pg_reload_conf()")
        ends_s = time.monotonic() + PATIENCE_S
        while primary.value("SELECT sync_state FROM pg_stat_replication") != "sync":
            assert time.monotonic() < ends_s, "the standby does not follow"
            time.sleep(0.1)

    def promote(self) -> None:
        self._run("pg_ctl", "-w", "promote")
