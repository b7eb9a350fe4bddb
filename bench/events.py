"""What events cost a message: `python -m bench.events [--rounds 5] [--count 10000] [--group 50]`.

CPU microseconds of the process and of the PostgreSQL server, per one-part message that is accepted,
sent and delivered: without the triggers that write events, with them for an account that keeps
none, and for one that keeps them, whose events are read to their end. In turns, on both stores.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import apsw
import asyncpg
import uvloop
from cryptography.fernet import Fernet

from bench.database import Database
from bench.store import message, receipt, settlement
from simpost.domain.accounts import Account
from simpost.ports.store import Store
from simpost.store import SqliteStore
from simpost.store.postgres import PostgresStore

WAYS = ("no triggers", "no listener", "listener")
_PAGE = 1_000


async def work(store: Store, count: int, group: int) -> None:
    """Every message accepted, sent and delivered, a group at a time; then all events read."""
    for _ in range(count // group):
        messages = [message(esim) for esim in range(group)]
        await asyncio.gather(*(store.queue.accept(one) for one in messages))
        ids = [os.urandom(8).hex() for _ in messages]
        settlements = [settlement(*pair) for pair in zip(messages, ids, strict=True)]
        await store.queue.record(settlements)
        await store.queue.record((), [receipt(each) for each in ids])
    after = 0
    while page := (await store.events.events_after(1, after, limit=_PAGE)).events:
        after = page[-1].sequence


async def measure(
    store: Store, way: str, count: int, group: int, server: Callable[[], float]
) -> float:
    """CPU microseconds a message."""
    account = Account(0, "bench", "secret-of-the-bench", events=way == "listener")
    assert await store.accounts.add_account(account) == 1
    await work(store, 10 * group, group)
    begun = time.process_time() + server()
    await work(store, count, group)
    return 1e6 * (time.process_time() + server() - begun) / count


async def on_sqlite(way: str, count: int, group: int) -> float:
    with tempfile.TemporaryDirectory() as folder:
        path, key = Path(folder) / "simpost.db", Fernet.generate_key().decode()
        await (await SqliteStore.open(path, seal_key=key)).close()
        if way == "no triggers":
            connection = apsw.Connection(str(path))
            connection.execute("DROP TRIGGER message_accepted; DROP TRIGGER message_changed")
            connection.close()
        store = await SqliteStore.open(path, seal_key=key)
        try:
            return await measure(store, way, count, group, lambda: 0.0)
        finally:
            await store.close()


async def on_postgres(way: str, count: int, group: int) -> float:
    database = Database()
    try:
        key = Fernet.generate_key().decode()
        store = await PostgresStore.open(database.url, seal_key=key, node="bench")
        if way == "no triggers":
            connection = await asyncpg.connect(database.url)
            await connection.execute(
                "DROP TRIGGER messages_accepted ON parts; DROP TRIGGER messages_changed ON parts"
            )
            await connection.close()
        try:
            return await measure(store, way, count, group, lambda: database.cpu_seconds)
        finally:
            await store.close()
    finally:
        database.stop()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--group", type=int, default=50)
    given = parser.parse_args()
    for name, run in (("SQLite", on_sqlite), ("PostgreSQL", on_postgres)):
        spent: dict[str, list[float]] = {way: [] for way in WAYS}
        for round_ in range(given.rounds):
            first = round_ % len(WAYS)
            for way in WAYS[first:] + WAYS[:first]:
                spent[way].append(uvloop.run(run(way, given.count, given.group)))
        for way, costs in spent.items():
            figures = " ".join(f"{cost:.0f}" for cost in costs)
            print(f"{name:10} {way:12} median {statistics.median(costs):5.0f} us   {figures}")


if __name__ == "__main__":
    main()
