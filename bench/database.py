"""A PostgreSQL 18 of its own for one contestant, that syncs every commit."""

from __future__ import annotations

from pathlib import Path

import psutil

from bench.processes import cpu_seconds
from tests.contract.postgres_server import PostgresServer

_SETTINGS = """
shared_buffers = 256MB
max_wal_size = 4GB
max_connections = 200
"""
"""What anyone would set first; all else is as PostgreSQL comes, `fsync` and `synchronous_commit`
on."""


class Database:
    def __init__(self) -> None:
        self._server = PostgresServer(_SETTINGS)
        pid = int((self._server.data / "postmaster.pid").read_text().split()[0])
        self._postmaster = psutil.Process(pid)

    @property
    def url(self) -> str:
        return self._server.url()

    @property
    def cpu_seconds(self) -> float:
        """Of the server and of all its connections, those that ended too."""
        return cpu_seconds(self._postmaster)

    def running_seconds(self) -> float:
        """CPU seconds of the processes that run now, to the nanosecond: for short stretches."""
        family = [self._postmaster, *self._postmaster.children()]
        taken = (Path(f"/proc/{one.pid}/schedstat").read_text().split()[0] for one in family)
        return sum(map(int, taken)) / 1e9

    @property
    def mib(self) -> float:
        """What its processes hold now, what they share counted once (PSS)."""
        family = [self._postmaster, *self._postmaster.children(recursive=True)]
        return float(sum(process.memory_full_info().pss for process in family) / 2**20)

    def stop(self) -> None:
        self._server.close()
