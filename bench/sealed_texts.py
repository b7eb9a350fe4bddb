"""What sealed texts and kept decisions cost: `python -m bench.sealed_texts [--groups 300]`.

CPU microseconds of the process, and of the PostgreSQL server, per one-part message that is
accepted: its text in clear, sealed with a `text_key`, and in clear with the record of a decision
about a notice in its open hours. The cases take turns, a group of messages each, on stores of their
own; the ratio is to the first case. The first lines are sealing, opening and encoding alone.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import tempfile
import time
import timeit
from collections.abc import Callable
from pathlib import Path
from typing import Final, NamedTuple

import uvloop
from cryptography.fernet import Fernet
from msgspec.structs import replace

from bench.database import Database
from bench.store import TEXT, message
from simpost.config.text_keys import TextKey
from simpost.domain.decision_record import DecisionRecord, encode_record
from simpost.ports.store import Accepted, NewMessage, Store
from simpost.store import SqliteStore
from simpost.store.postgres import PostgresStore
from simpost.store.text_seal import TextSeal

KEY: Final = TextKey("bench", bytes(range(32)))
_HOUR_MS: Final = 3_600_000
RECORD: Final = DecisionRecord(
    decided_by="default",
    countries=("TH",),
    zones=("Asia/Bangkok",),
    opens_ms=1_795_000_000_000,
    closes_ms=1_795_000_000_000 + 12 * _HOUR_MS,
)


class Case(NamedTuple):
    """A way to store a message."""

    name: str
    is_sealed: bool = False
    has_decision: bool = False

    def message(self, esim: int) -> NewMessage:
        """A new message of the case."""
        one = message(esim)
        return replace(one, decision=encode_record(RECORD)) if self.has_decision else one


CASES: Final = (
    Case("in clear"),
    Case("sealed", is_sealed=True),
    Case("decision", has_decision=True),
)


async def accept(store: Store, case: Case, size: int) -> None:
    accepted = await asyncio.gather(
        *(store.queue.accept(case.message(number)) for number in range(size))
    )
    assert all(isinstance(each, Accepted) for each in accepted)


async def in_turns(
    stores: dict[str, Store], groups: int, size: int, server: Callable[[str], float]
) -> dict[str, float]:
    """CPU microseconds a message of each case."""
    spent = dict.fromkeys(stores, 0.0)
    for group in range(-10, groups):
        for place in range(len(CASES)):
            case = CASES[(group + place) % len(CASES)]
            begun = time.process_time() + server(case.name)
            await accept(stores[case.name], case, size)
            if group >= 0:
                spent[case.name] += time.process_time() + server(case.name) - begun
    return {name: 1e6 * seconds / (groups * size) for name, seconds in spent.items()}


async def on_sqlite(groups: int, size: int) -> dict[str, float]:
    secret = Fernet.generate_key().decode()
    async with contextlib.AsyncExitStack() as ends:
        stores: dict[str, Store] = {}
        for case in CASES:
            folder = ends.enter_context(tempfile.TemporaryDirectory())
            keys = [KEY] if case.is_sealed else []
            path = Path(folder) / "simpost.db"
            store = await SqliteStore.open(path, seal_key=secret, text_keys=keys)
            ends.push_async_callback(store.close)
            stores[case.name] = store
        return await in_turns(stores, groups, size, lambda _: 0.0)


async def on_postgres(groups: int, size: int) -> dict[str, float]:
    secret = Fernet.generate_key().decode()
    async with contextlib.AsyncExitStack() as ends:
        stores: dict[str, Store] = {}
        databases: dict[str, Database] = {}
        for case in CASES:
            database = databases[case.name] = Database()
            ends.callback(database.stop)
            keys = [KEY] if case.is_sealed else []
            store = await PostgresStore.open(
                database.url, seal_key=secret, node="bench", text_keys=keys
            )
            ends.push_async_callback(store.close)
            stores[case.name] = store
        return await in_turns(stores, groups, size, lambda name: databases[name].cpu_seconds)


def alone(name: str, work: Callable[[], object]) -> None:
    number = 20_000
    least_s = min(timeit.Timer(work, timer=time.thread_time).repeat(5, number))
    print(f"{name:10} {1e6 * least_s / number:5.2f} us")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--groups", type=int, default=300)
    parser.add_argument("--size", type=int, default=50, help="messages accepted at a time")
    given = parser.parse_args()
    texts, place = TextSeal(Fernet.generate_key().decode(), [KEY]), b"messages 1 0123456789abcdef 0"
    sealed = texts.seal(KEY.id, place, TEXT)
    alone("seal", lambda: texts.seal(KEY.id, place, TEXT))
    alone("open", lambda: texts.open(KEY.id, place, sealed))
    alone("encode", lambda: encode_record(RECORD))
    for name, run in (("SQLite", on_sqlite), ("PostgreSQL", on_postgres)):
        costs = uvloop.run(run(given.groups, given.size))
        base = costs[CASES[0].name]
        for case in CASES:
            cost = costs[case.name]
            print(
                f"{name:10} {case.name:10} {cost:6.1f} us a message, {cost - base:+5.1f} us, "
                f"ratio {cost / base:.3f}"
            )


if __name__ == "__main__":
    main()
