"""What webhooks cost and whether dead endpoints delay others: `python -m bench.webhooks`.

First the CPU seconds of the process, store included, per 1,000 one-part messages that are accepted,
sent and delivered: for an account without events, with events, and with one endpoint for all of
them, one event a request and up to 100. The receiver is a process of its own and not counted.

Then 1,000 endpoints of 100 accounts, of which 100 never answer, and a message of each account every
two seconds: the delay from an event to its arrival at the endpoints that answer. On the embedded
store, or with `--postgres`.

The last lines are one exchange on an open connection, by our HTTP client, by aiohttp and by a bare
protocol that looks for the end of the head; in turns of 200, the least of all turns.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import multiprocessing
import os
import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import aiohttp
import msgspec
import uvloop
from cryptography.fernet import Fernet
from msgspec.structs import replace

from bench.database import Database
from bench.store import message, receipt, settlement
from simpost.domain.accounts import Account
from simpost.features.webhooks.delivery import WebhookDelivery
from simpost.features.webhooks.endpoints import Webhooks
from simpost.features.webhooks.sender import WebhookSender
from simpost.messaging.accounts import Accounts
from simpost.net.http_client import HttpClient
from simpost.net.resolver import NameResolver
from simpost.ports.store import Store
from simpost.runtime.process import tune_interpreter
from simpost.store import SqliteStore
from simpost.store.postgres import PostgresStore

WAYS = ("no events", "events", "endpoint", "batches")
_OK = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
_GROUP = 50


def now_ms() -> int:
    return time.time_ns() // 1_000_000


class Receiver(asyncio.Protocol):
    """Answers each request at once; under /dead never. Notes the delay of each event."""

    delays_ms: list[int] = []  # noqa: RUF012  of the process
    count = 0

    def connection_made(self, transport: Any) -> None:
        self.transport = transport
        self.data = b""

    def data_received(self, data: bytes) -> None:
        self.data += data
        while (end := self.data.find(b"\r\n\r\n")) >= 0:
            head = self.data[:end].lower()
            length = int(head.split(b"content-length: ")[1].split(b"\r\n")[0])
            if len(self.data) < end + 4 + length:
                return
            body, self.data = self.data[end + 4 : end + 4 + length], self.data[end + 4 + length :]
            if head.startswith(b"post /dead"):
                continue
            if head.startswith(b"post /plain"):
                self.transport.write(_OK)
                continue
            if head.startswith(b"post /result"):
                answer = msgspec.json.encode([Receiver.count, Receiver.delays_ms])
                self.transport.write(
                    b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(answer), answer)
                )
                return
            self.transport.write(_OK)
            document = msgspec.json.decode(body)
            for event in document.get("events", [document]):
                Receiver.count += 1
                at_s = datetime.fromisoformat(event["timestamp"]).timestamp()
                Receiver.delays_ms.append(round(1000 * (time.time() - at_s)))


def receive(pipe: Any) -> None:
    async def serve() -> None:
        loop = asyncio.get_running_loop()
        server = await loop.create_server(Receiver, "127.0.0.1", 0)
        pipe.send(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    uvloop.run(serve())


@contextlib.contextmanager
def receiver() -> Any:
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=receive, args=(theirs,))
    process.start()
    try:
        yield f"http://127.0.0.1:{ours.recv()}"
    finally:
        process.kill()
        process.join()


async def result(url: str) -> tuple[int, list[int]]:
    reader, writer = await asyncio.open_connection("127.0.0.1", int(url.rpartition(":")[2]))
    writer.write(b"POST /result HTTP/1.1\r\nContent-Length: 0\r\n\r\n")
    head = await reader.readuntil(b"\r\n\r\n")
    body = await reader.readexactly(int(head.split(b"Content-Length: ")[1]))
    writer.close()
    count, delays_ms = msgspec.json.decode(body)
    return count, delays_ms


@contextlib.asynccontextmanager
async def opened(database: Database | None) -> AsyncIterator[Store]:
    key = Fernet.generate_key().decode()
    with tempfile.TemporaryDirectory() as folder:
        store: Store
        if database is None:
            store = await SqliteStore.open(Path(folder) / "simpost.db", seal_key=key)
        else:
            store = await PostgresStore.open(database.url, seal_key=key, node="bench")
        try:
            yield store
        finally:
            await store.close()


@contextlib.asynccontextmanager
async def delivering(store: Store) -> AsyncIterator[tuple[Webhooks, Accounts]]:
    """The service, with the job running."""
    accounts = Accounts(store.accounts)
    await accounts.reload()
    sender = WebhookSender(NameResolver(), allow_private=True, clock_ms=now_ms)
    job = WebhookDelivery(store.webhooks, store.events, sender, owner="bench", clock_ms=now_ms)
    service = Webhooks(
        store,
        accounts,
        sender,
        new_id=lambda: os.urandom(16),
        clock_ms=now_ms,
        allow_private=True,
    )
    task = asyncio.create_task(job.run())
    try:
        yield service, accounts
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def work(store: Store, count: int) -> None:
    for _ in range(count // _GROUP):
        messages = [message(esim) for esim in range(_GROUP)]
        await asyncio.gather(*(store.queue.accept(one) for one in messages))
        ids = [os.urandom(8).hex() for _ in messages]
        settlements = [settlement(*pair) for pair in zip(messages, ids, strict=True)]
        await store.queue.record(settlements)
        await store.queue.record((), [receipt(each) for each in ids])


async def cost(way: str, count: int, database: Database | None) -> float:
    """CPU seconds per 1,000 messages."""
    with receiver() as url:
        async with opened(database) as store:
            account = Account(0, "bench", "secret-of-the-bench", events=way != "no events")
            await store.accounts.add_account(account)
            async with delivering(store) as (service, accounts):
                [account] = accounts.all()
                if way in ("endpoint", "batches"):
                    batch = 100 if way == "batches" else 1
                    await service.add(account, f"{url}/hook", batch=batch)
                await work(store, 500)
                await asyncio.sleep(2)
                before = (await result(url))[0]
                begun = time.process_time() + (database.cpu_seconds if database else 0)
                await work(store, count)
                while way in ("endpoint", "batches"):
                    if (await result(url))[0] - before >= 3 * count:
                        break
                    await asyncio.sleep(0.2)
                ended = time.process_time() + (database.cpu_seconds if database else 0)
                return 1000 * (ended - begun) / count


async def delays(endpoints: int, dead: int, seconds: int, database: Database | None) -> list[int]:
    """Milliseconds from the commit of each event to its arrival at the endpoints that answer."""
    with receiver() as url:
        async with opened(database) as store:
            for number in range(endpoints // 10):
                name = f"account-{number}"
                await store.accounts.add_account(Account(0, name, "secret-of-bench", events=True))
            async with delivering(store) as (service, accounts):
                for account in accounts.all():
                    for place in range(10):
                        is_dead = place < 10 * dead // endpoints
                        path = f"{'dead' if is_dead else 'hook'}{place}"
                        await service.add(account, f"{url}/{path}")
                ends_s = time.monotonic() + seconds
                while time.monotonic() < ends_s:
                    for account in accounts.all():
                        await store.queue.accept(replace(message(0), account_id=account.id))
                        await asyncio.sleep(2 / len(accounts.all()))
                await asyncio.sleep(15)
        return (await result(url))[1]


class BareExchange(asyncio.Protocol):
    """Writes one request after another on one connection; any head answers it."""

    def __init__(self) -> None:
        self._answered: asyncio.Future[None] | None = None

    def connection_made(self, transport: Any) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        if self._answered is not None and b"\r\n\r\n" in data:
            self._answered.set_result(None)

    async def post(self, octets: bytes) -> None:
        self._answered = asyncio.get_running_loop().create_future()
        self._transport.write(octets)
        await self._answered


async def exchange_costs(rounds: int = 10, count: int = 200) -> dict[str, float]:
    """CPU microseconds of an exchange, the least of `rounds` turns."""
    body, headers = b"x" * 400, {"Content-Type": "application/json"}
    with receiver() as origin:
        url = f"{origin}/plain"
        ours = HttpClient(
            "bench", NameResolver(), allow_private=True, connect_timeout_s=5, response_timeout_s=10
        )
        port = int(origin.rpartition(":")[2])
        _, bare = await asyncio.get_running_loop().create_connection(
            BareExchange, "127.0.0.1", port
        )
        octets = b"POST /plain HTTP/1.1\r\nHost: x\r\nContent-Length: 400\r\n\r\n" + body
        async with aiohttp.ClientSession() as session:

            async def by_aiohttp() -> None:
                async with session.post(url, data=body, headers=headers) as response:
                    await response.read()

            ways: dict[str, Callable[[], Awaitable[object]]] = {
                "simpost": lambda: ours.post(url, body, headers),
                "aiohttp": by_aiohttp,
                "bare": lambda: bare.post(octets),
            }
            spent: dict[str, list[float]] = {name: [] for name in ways}
            for _ in range(rounds):
                for name, exchange in ways.items():
                    begun = time.process_time()
                    for _ in range(count):
                        await exchange()
                    spent[name].append(1e6 * (time.process_time() - begun) / count)
        await ours.close()
    return {name: min(costs) for name, costs in spent.items()}


def percentile(values: list[int], share: float) -> int:
    return sorted(values)[min(len(values) - 1, int(share * len(values)))]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--count", type=int, default=4_000)
    parser.add_argument("--seconds", type=int, default=20)
    parser.add_argument("--postgres", action="store_true")
    given = parser.parse_args()
    tune_interpreter()  # as `simpost serve` does
    database = Database() if given.postgres else None
    try:
        spent: dict[str, list[float]] = {way: [] for way in WAYS}
        for round_ in range(given.rounds):
            first = round_ % len(WAYS)
            for way in WAYS[first:] + WAYS[:first]:
                fresh = Database() if given.postgres else None
                try:
                    spent[way].append(uvloop.run(cost(way, given.count, fresh)))
                finally:
                    if fresh:
                        fresh.stop()
        for way, costs in spent.items():
            print(f"{way:10} median {statistics.median(costs):.3f} CPU s per 1,000 messages", costs)
        found = uvloop.run(delays(1_000, 100, given.seconds, database))
        print(
            f"1,000 endpoints, 100 of them dead: {len(found)} events arrived, "
            f"p50 {percentile(found, 0.5)} ms, p99 {percentile(found, 0.99)} ms, "
            f"slowest {max(found)} ms"
        )
        for name, microseconds in uvloop.run(exchange_costs()).items():
            print(f"exchange   {name:10} {microseconds:5.0f} us")
    finally:
        if database:
            database.stop()


if __name__ == "__main__":
    main()
