"""Sequence numbers on PostgreSQL: no lower one appears after a higher one was read."""

import asyncio
import contextlib
import sys
from collections import Counter
from dataclasses import dataclass, field

import asyncpg
import pytest

from simpost.domain.accounts import Account
from simpost.domain.messages import format_id
from tests.contract.store_facts import leased, receipt, settlement
from tests.integration.postgres.conftest import SEAL_KEY, run_sql
from tests.integration.postgres.event_writer import ACCOUNT, MESSAGES

pytestmark = pytest.mark.timeout(120)

ROUNDS = 3
WAYS = {
    10: ["message.accepted"],
    50: ["message.accepted", "message.sent"],
    100: ["message.accepted", "message.sent", "message.delivered"],
}
"""The event types of a message in this state."""


async def listening(store):
    added = await store.accounts.add_account(Account(0, "shop", "secret-of-shop", events=True))
    assert added == ACCOUNT


@dataclass
class Reader:
    """Reads events page by page, and fails when a number is missing."""

    store: object
    events: list = field(default_factory=list)

    async def read(self):
        last = len(self.events)
        page = await self.store.events.events_after(ACCOUNT, last, limit=50)
        found = [each.sequence for each in page.events]
        assert found == list(range(last + 1, last + 1 + len(found)))
        self.events += page.events
        return len(found)

    async def read_on(self):
        while True:
            await self.read()

    async def read_all(self):
        while await self.read():
            pass


@contextlib.asynccontextmanager
async def held_open(url, one):
    """A transaction that marks the message as sent, and commits at the end of the block."""
    connection = await asyncpg.connect(url)
    try:
        async with connection.transaction():
            await connection.execute(
                "UPDATE parts SET state = 50, message_state = 50 WHERE message_id = $1", one.id
            )
            yield
    finally:
        await connection.close()


async def test_a_late_commit_is_read_after_events_that_were_read_before(node, url):
    async with node("one") as one, node("two") as two:
        await listening(one)
        slow, quick = leased(account_id=ACCOUNT), leased(account_id=ACCOUNT)
        await one.queue.accept(slow)
        here, there = Reader(one), Reader(two)
        async with held_open(url, slow):
            await two.queue.accept(quick)
            await one.queue.record([settlement(quick, carrier_message_id="q")])
            await here.read_all()
            await there.read_all()
            assert [each.type for each in here.events] == [
                *("message.accepted", "message.accepted", "message.sent")
            ]
        await there.read_all()
        await here.read_all()
        assert here.events == there.events
        assert here.events[-1].subject == format_id(slow.id)
        assert here.events[-1].type == "message.sent"


async def test_a_transaction_that_is_rolled_back_leaves_no_gap(node, url):
    async with node() as store:
        await listening(store)
        one = leased(account_id=ACCOUNT)
        await store.queue.accept(one)
        with contextlib.suppress(RuntimeError):
            async with held_open(url, one):
                raise RuntimeError
        await store.queue.record([settlement(one, carrier_message_id="a")])
        await store.queue.record([], [receipt("a")])
        reader = Reader(store)
        await reader.read_all()
        assert [each.type for each in reader.events] == WAYS[100]


async def test_a_sequencer_that_dies_loses_and_repeats_nothing(node, url):
    """Its transaction ends with it; the next one does the same step again."""
    async with node() as store:
        await listening(store)
        for _ in range(3):
            await store.queue.accept(leased(account_id=ACCOUNT))
        connection = await asyncpg.connect(url)
        await connection.execute("BEGIN; SELECT pg_advisory_xact_lock(1398361940, 2)")
        await connection.execute("DELETE FROM unsequenced_events")
        reading = asyncio.create_task(Reader(store).read())
        connection.terminate()
        assert await reading == 3


async def test_a_step_takes_whole_batches_up_to_its_limit(node):
    async with node() as store:
        await listening(store)
        for _ in range(3):
            await asyncio.gather(*(store.queue.accept(leased(account_id=ACCOUNT)) for _ in "ab"))
        taken = [await store.events.assign_sequence(limit=3) for _ in range(3)]
        assert taken == [4, 2, 0]
        reader = Reader(store)
        await reader.read_all()
        assert len(reader.events) == 6


class Writer:
    """A node in a process of its own."""

    def __init__(self, process):
        self._process = process

    @classmethod
    async def start(cls, url, name):
        return cls(
            await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "tests.integration.postgres.event_writer"),
                *(url, SEAL_KEY, name),
                stdout=asyncio.subprocess.PIPE,
            )
        )

    async def rounds(self, count):
        done = 0
        while done < count:
            line = await self._process.stdout.readline()
            assert line, "the writer ended"
            done += line.startswith(b"round")

    async def kill(self):
        self._process.kill()
        await self._process.communicate()


async def test_no_event_appears_behind_a_reader_with_writers_and_kills(node, url):
    async with node("reader") as store:
        await listening(store)
        slow = [leased(account_id=ACCOUNT) for _ in range(4)]
        for one in slow:
            await store.queue.accept(one)
        reader = Reader(store)
        writers = [await Writer.start(url, name) for name in ("one", "two")]
        try:
            async with asyncio.TaskGroup() as tasks:
                reading = tasks.create_task(reader.read_on())
                for number, one in enumerate(slow):
                    async with held_open(url, one):
                        await asyncio.gather(*(each.rounds(ROUNDS) for each in writers))
                    if number == 1:
                        await writers.pop(0).kill()
                reading.cancel()
        finally:
            for each in writers:
                await each.kill()
        await reader.read_all()
        await assert_complete(store, url, reader.events, at_least=6 * ROUNDS * MESSAGES)


async def assert_complete(store, url, events, *, at_least):
    """The events read page by page are complete, and contain the path of every message."""
    page = await store.events.events_after(ACCOUNT, 0, limit=1_000_000)
    assert list(page.events) == events
    ways = {}
    for each in events:
        ways.setdefault(each.subject, []).append(each.type)
    rows = await run_sql(url, "SELECT message_id, message_state FROM parts")
    assert ways == {format_id(row[0]): WAYS[row[1]] for row in rows}
    assert Counter(row[1] for row in rows)[100] >= at_least
