"""What the embedded store costs: `python -m bench.store [--history 1000000] [--folder DIR]`.

CPU microseconds of the whole process, per one-part message, for each of the three commits of its
way; durable accepts a second with 10 and 100 callers, each waiting for its own commit; and the
lookups beside them. Carrier ids are random, as the unkindest carriers make them.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import tempfile
import time
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Iterator
from functools import partial
from pathlib import Path

import uvloop
from cryptography.fernet import Fernet
from uuid_utils import uuid7

from simpost.domain.messages import Category
from simpost.domain.outcomes import OutcomeKind, Receipt
from simpost.domain.states import State
from simpost.ports.store import AttemptResult, EsimRow, MessageFilter, NewMessage, PlanRow
from simpost.store import SqliteStore
from simpost.store.sqlite.connection import open_writer

CARRIER = "smsc"
HOUR_MS = 3_600_000
TEXT = "Your data plan in Thailand is ready. Turn on roaming when you land, and have a good trip."


def now_ms() -> int:
    return time.time_ns() // 1_000_000


def message(esim: int) -> NewMessage:
    now = now_ms()
    return NewMessage(
        id=uuid7().bytes,
        account_id=1,
        esim_tran_no=f"2307201799{esim:04}",
        iccid=f"89852000000000{esim:05}",
        destination="66812345678",
        sender="Traveller",
        carrier=CARRIER,
        category=Category.SERVICE,
        priority=1,
        text=TEXT,
        encoding="gsm7",
        parts=(TEXT,),
        created_ms=now,
        expires_ms=now + 24 * HOUR_MS,
        lease_ms=now + HOUR_MS,
    )


def settlement(accepted: NewMessage, carrier_id: str) -> AttemptResult:
    now = now_ms()
    return AttemptResult(
        account_id=1,
        message_id=accepted.id,
        number=1,
        total=1,
        attempt=1,
        repeat=False,
        carrier=CARRIER,
        state=State.SENT,
        reason=None,
        outcome=OutcomeKind.ACCEPTED,
        carrier_message_id=carrier_id,
        carrier_code=None,
        started_ms=now,
        ended_ms=now,
        due_ms=None,
    )


def receipt(carrier_id: str) -> Receipt:
    return Receipt(CARRIER, carrier_id, State.DELIVERED, None, "000", now_ms())


async def spread(callers: int, work: Iterable[Callable[[], Awaitable[object]]]) -> None:
    """Do all of the work with a number of callers, each with one piece at a time."""
    pieces: Iterator[Callable[[], Awaitable[object]]] = iter(work)

    async def caller() -> None:
        for piece in pieces:
            await piece()

    await asyncio.gather(*(caller() for _ in range(callers)))


async def commits(store: SqliteStore, count: int, group: int) -> None:
    """The three commits of every message, `group` at a time, receipts twenty groups later."""
    spent = {"accept": 0.0, "settle": 0.0, "receive": 0.0}
    open_ids: deque[list[str]] = deque()
    for _ in range(count // group):
        messages = [message(esim) for esim in range(group)]
        began = time.process_time()
        await asyncio.gather(*(store.queue.accept(one) for one in messages))
        spent["accept"] += time.process_time() - began
        ids = [os.urandom(8).hex() for _ in messages]
        settlements = [settlement(*pair) for pair in zip(messages, ids, strict=True)]
        began = time.process_time()
        await store.queue.record(settlements)
        spent["settle"] += time.process_time() - began
        open_ids.append(ids)
        if len(open_ids) > 20:
            receipts = [receipt(carrier_id) for carrier_id in open_ids.popleft()]
            began = time.process_time()
            await store.queue.record((), receipts)
            spent["receive"] += time.process_time() - began
    costs = {verb: 1e6 * seconds / count for verb, seconds in spent.items()}
    figures = "  ".join(f"{verb} {cost:5.1f}" for verb, cost in costs.items())
    print(f"CPU us a message, groups of {group:3}: {figures}  all {sum(costs.values()):5.1f}")


async def rate(store: SqliteStore, count: int, callers: int) -> None:
    messages = [message(index % 1000) for index in range(count)]
    waits: list[float] = []

    async def accept(one: NewMessage) -> None:
        began = time.perf_counter()
        await store.queue.accept(one)
        waits.append(time.perf_counter() - began)

    began, cpu = time.perf_counter(), time.process_time()
    await spread(callers, (partial(accept, one) for one in messages))
    elapsed, cpu = time.perf_counter() - began, time.process_time() - cpu
    waits.sort()
    print(
        f"durable accepts/s, {callers:3} callers: {count / elapsed:8,.0f}"
        f"   p50 {1e3 * waits[count // 2]:5.2f} ms   p99 {1e3 * waits[count * 99 // 100]:5.2f} ms"
        f"   CPU us {1e6 * cpu / count:5.1f}"
    )


async def lookups(store: SqliteStore, count: int) -> None:
    began = time.process_time()
    for index in range(count):
        assert await store.catalogue.find_esim(
            1, esim_tran_no=f"2307201799{index % 1000:04}", iccid=None
        )
    print(f"find_esim: CPU us {1e6 * (time.process_time() - began) / count:5.1f}")
    for name, which in {
        "newest": MessageFilter(),
        "by eSIM": MessageFilter(esim_tran_no="23072017990007"),
        "by ICCID": MessageFilter(iccid="8985200000000000007"),
        "failed": MessageFilter(state=State.FAILED),
        "accepted": MessageFilter(state=State.ACCEPTED),
        "an hour": MessageFilter(from_ms=now_ms() - 3 * HOUR_MS, to_ms=now_ms() - 2 * HOUR_MS),
    }.items():
        waits = []
        for _ in range(100):
            start = time.perf_counter()
            found = await store.log.list_messages(1, which)
            waits.append(1e3 * (time.perf_counter() - start))
        print(f"list {name:9} ({len(found):2} rows): p99 {sorted(waits)[98]:5.2f} ms")


async def imports(store: SqliteStore) -> None:
    await store.catalogue.save_plans(
        [PlanRow("PKG-TH-01", "TH_1_7", 1, "BASE", "TH", 1, {"volume": 1})]
    )
    document = {f"field{index}": "x" * 20 for index in range(15)}
    began = time.perf_counter()
    for first in range(0, 50_000, 1000):
        batch = [esim(index, document) for index in range(first, first + 1000)]
        await store.catalogue.save_esims(1, batch)
    print(f"eSIMs imported/s: {50_000 / (time.perf_counter() - began):,.0f}")


def esim(index: int, document: dict[str, str]) -> EsimRow:
    return EsimRow(
        esim_tran_no=f"2307201799{index:04}",
        iccid=f"89852000000000{index:05}",
        msisdn="66812345678",
        imsi="",
        order_no=f"B{index // 10:014}",
        package_code="TH_1_7",
        sms_status=None,
        smdp_status="ENABLED",
        esim_status="IN_USE",
        created_ms=index,
        document=document,
    )


def write_history(path: Path, count: int) -> None:
    """Messages of the last hours, delivered but for one in a thousand, written straight in."""
    connection = open_writer(path)
    start = now_ms() - 6 * HOUR_MS
    step = 5 * HOUR_MS / count

    def rows() -> Iterator[tuple[int, bytes, str, str, int, str]]:
        for index in range(count):
            created = start + int(index * step)
            esim = index % 1000
            yield (
                created,
                created.to_bytes(6, "big") + b"\x70" + os.urandom(9),
                f"2307201799{esim:04}",
                f"89852000000000{esim:05}",
                101 if index % 1000 == 0 else 100,
                os.urandom(8).hex(),
            )

    connection.execute("BEGIN")
    for created, message_id, tran_no, iccid, state, carrier_id in rows():
        connection.execute(
            "INSERT INTO messages (account_id, id, esim_tran_no, iccid, destination, sender,"
            " category, encoding, reference, part_count, created_ms, expires_ms, text)"
            " VALUES (1, ?, ?, ?, '66812345678', 'Traveller', 'service', 'gsm7', 0, 1, ?, ?, ?)",
            (message_id, tran_no, iccid, created, created + HOUR_MS, TEXT),
        )
        connection.execute(
            "INSERT INTO parts (account_id, message_id, number, total, carrier, priority,"
            " expires_ms, state, message_state, attempt, carrier_message_id, carrier_code,"
            " sent_ms, final_ms, updated_ms)"
            " VALUES (1, ?, 1, 1, ?, 1, ?, ?, ?, 1, ?, '000', ?, ?, ?)",
            (message_id, CARRIER, created + HOUR_MS, state, state, carrier_id, *[created] * 3),
        )
        connection.execute(
            "INSERT INTO attempts (account_id, message_id, part, number, carrier, outcome,"
            " carrier_message_id, started_ms, ended_ms, repeat)"
            " VALUES (1, ?, 1, 1, ?, 'accepted', ?, ?, ?, 0)",
            (message_id, CARRIER, carrier_id, created, created),
        )
    connection.execute("COMMIT")
    connection.close()


async def run(folder: Path, history: int, count: int) -> None:
    path = folder / "bench.db"
    key = Fernet.generate_key().decode()
    await (await SqliteStore.open(path, seal_key=key)).close()
    if history:
        write_history(path, history)
    store = await SqliteStore.open(path, seal_key=key)
    print(f"SQLite {store.sqlite_version}, {history:,} messages of history")
    await imports(store)
    await commits(store, 4096, 64)
    for group in (1, 8, 64):
        await commits(store, count if group > 1 else count // 8, group)
    for callers in (10, 100):
        await rate(store, count, callers)
    await lookups(store, 10_000)
    await store.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--history", type=int, default=0)
    parser.add_argument("--count", type=int, default=40_000)
    parser.add_argument("--folder", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        uvloop.run(run(Path(folder), options.history, options.count))


if __name__ == "__main__":
    main()
