"""How fast `simpost to-postgres` is: `python -m bench.to_postgres [MESSAGES]`.

Moves a store of MESSAGES messages, each with one part and one attempt, to a PostgreSQL that syncs
every commit, with the command itself.
"""

from __future__ import annotations

import asyncio
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bench.database import Database
from bench.history import COLUMNS, fill_sqlite
from simpost.config import load
from simpost.store import SqliteStore


def main() -> None:
    messages = int(sys.argv[1]) if len(sys.argv) > 1 else 200_000
    with tempfile.TemporaryDirectory(prefix="simpost-moving-") as folder:
        config = Path(folder) / "simpost.toml"
        _simpost("init", str(config))
        path = Path(folder) / "simpost.db"
        asyncio.run(_make(path, load(config).store.secrets_key.get_secret_value()))
        fill_sqlite(path, messages, ["23072017992029", "23072017992030"], int(time.time() * 1000))
        database = Database()
        try:
            before = resource.getrusage(resource.RUSAGE_CHILDREN)
            started_s = time.perf_counter()
            _simpost("to-postgres", "--config", str(config), SIMPOST_TO_POSTGRES_URL=database.url)
            took_s = time.perf_counter() - started_s
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
            cpu_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
            rows = messages * len(COLUMNS)
            print(
                f"{rows:,} rows in {took_s:.1f} s: {rows / took_s:,.0f} rows/s, "
                f"{messages / took_s:,.0f} messages/s"
            )
            print(
                f"CPU of simpost {cpu_s:.1f} s, of the database {database.cpu_seconds:.1f} s; "
                f"peak memory {after.ru_maxrss / 1024:.0f} MiB"
            )
        finally:
            database.stop()


def _simpost(*arguments: str, **environment: str) -> None:
    subprocess.run(
        [sys.executable, "-m", "simpost", *arguments],
        env={**os.environ, **environment},
        check=True,
    )


async def _make(path: Path, key: str) -> None:
    await (await SqliteStore.open(path, seal_key=key)).close()


if __name__ == "__main__":
    main()
