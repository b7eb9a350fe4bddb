"""A lane between a scripted carrier and a real store."""

import asyncio
import contextlib
import dataclasses
import itertools
from typing import Any

import msgspec
from cryptography.fernet import Fernet

from simpost.domain.accounts import Account
from simpost.domain.messages import Priority
from simpost.domain.outcomes import OutcomeKind
from simpost.domain.repeats import RepeatPolicy
from simpost.errors import StoreError
from simpost.messaging.lane import Lane
from simpost.messaging.result_writer import ResultWriter
from simpost.messaging.retry import RetryPolicy
from simpost.ports.store import NewMessage
from simpost.store import SqliteStore
from simpost.store.sqlite.queue import SqliteQueue
from tests.contract.scripted_carrier import ScriptedCarrier
from tests.turns import until

NOW = 1_800_000_000_000
HOUR_MS = 3_600_000
SEAL_KEY = Fernet.generate_key().decode()
_MADE: list[Any] = []
ACCEPTED = OutcomeKind.ACCEPTED
PATIENCE = RetryPolicy(repeats=RepeatPolicy(frozenset({"service"})))


class Clock:
    def __init__(self):
        self.now_ms = NOW

    def __call__(self):
        return self.now_ms


class LossyQueue(SqliteQueue):
    """A queue whose results of claims may be lost after the commit, as on a network."""

    loses_answers = False
    lost = looked = 0

    async def claim(self, *args, **facts):
        parts = await super().claim(*args, **facts)
        if self.loses_answers and parts:
            self.lost += len(parts)
            raise StoreError("the connection is lost")
        return parts

    async def leased(self, *args, **facts):
        parts = await super().leased(*args, **facts)
        self.looked += 1
        return parts

    async def until_lost(self):
        await until(lambda: self.lost, "the answer to a claim is lost")

    async def until_looked(self, times):
        """Wait for a number of reconciliations, and until the lane has the result."""
        await until(lambda: self.looked >= times, f"{times} reconciliations")
        await asyncio.sleep(0)


class Bench:
    """Store, carrier and lane, with what is needed to accept a message."""

    def __init__(self, store, carrier, lane, result_writer, clock):
        self.store = store
        self.result_writer = result_writer
        self.carrier = carrier
        self.lane = lane
        self.clock = clock
        self._ids = itertools.count(1)
        self._reservations = {}

    async def accept(self, text="hello", parts=None, priority=Priority.CONVERSATION, **facts):
        parts = parts or (text,)
        message = self.reserved(self.message_of(parts, priority, **facts))
        await self.commit(message)
        return message.id

    async def commit(self, message):
        with self._reservations[message.id] as reservation:
            done = await self.store.queue.accept(message)
            reservation.confirm(message, done.reference)

    def reserve(self, message):
        """The end of the lease, or `None`; `release` ends the reservation."""
        reservation = self.lane.reserve(
            message.id, len(message.parts), message.priority, self.clock()
        )
        self._reservations[message.id] = reservation
        return reservation.lease_ms

    def reserved(self, message):
        return msgspec.structs.replace(message, lease_ms=self.reserve(message))

    def release(self, message):
        with self._reservations[message.id]:
            pass  # it was not committed

    def abandon(self, message):
        """End the reservation with an error that leaves the commit uncertain."""
        with contextlib.suppress(StoreError), self._reservations[message.id]:
            raise StoreError

    async def accept_elsewhere(self, text, priority):
        """Accept a message without notifying the lane, as on another node."""
        await self.store.queue.accept(self.message_of((text,), priority))

    def message_of(self, parts, priority, valid_ms=HOUR_MS):
        return NewMessage(
            id=self.clock().to_bytes(6, "big") + next(self._ids).to_bytes(10, "big"),
            account_id=1,
            esim_tran_no="26010100000001",
            iccid="8944538532008160222",
            destination="447700900001",
            sender="",
            carrier="c",
            category="service",
            priority=priority,
            text="".join(parts),
            encoding="gsm7",
            parts=parts,
            created_ms=self.clock(),
            expires_ms=self.clock() + valid_ms,
        )

    async def accept_many(self, count, **facts):
        return await asyncio.gather(*(self.accept(f"text {n}", **facts) for n in range(count)))

    async def until_leased(self, parts):
        """Wait until the lane holds this number of parts and no claim is running."""
        await until(lambda: self.lane.leased == parts, f"the lane holds {parts} parts")

    async def message(self, message_id):
        return await self.store.log.find_message(1, message_id)

    async def until(self, message_id, state):
        async def fits():
            message = await self.message(message_id)
            return message if message.state is state else None

        return await until(fits, f"the message is {state}")


async def open_store(path):
    """A store with one account; made once in a process, and copied from then on."""
    if not _MADE:
        store = await SqliteStore.open(path, seal_key=SEAL_KEY)
        await store.accounts.add_account(Account(id=0, access_code="a", secret="s"))
        await store.close()
        _MADE.append(path.read_bytes())
    path.write_bytes(_MADE[0])
    store = await SqliteStore.open(path, seal_key=SEAL_KEY)
    return dataclasses.replace(store, queue=LossyQueue(store.database))


@contextlib.asynccontextmanager
async def opened(path, *, depth=8, capacity=1000, retry_policy=PATIENCE):
    clock = Clock()
    store = await open_store(path)
    carrier = ScriptedCarrier(capacity)
    result_writer = ResultWriter(store.queue)
    lane = Lane(
        carrier,
        store.queue,
        result_writer,
        owner="embedded",
        depth=depth,
        retry_policy=retry_policy,
        clock_ms=clock,
    )
    await carrier.start(lane)
    running = asyncio.gather(lane.run(), result_writer.run())
    bench = Bench(store, carrier, lane, result_writer, clock)
    lane.wake()
    first = bench.message_of(["hello"] * depth, Priority.CONVERSATION)
    await until(lambda: bench.reserve(first) is not None, "the first claim is over")
    bench.release(first)
    try:
        yield bench
    finally:
        running.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await running
        await store.close()
