"""The database commits and its response is lost: no part waits for its lease to expire."""

import asyncio
import contextlib

import msgspec
import pytest

from simpost.domain.accounts import Account
from simpost.domain.messages import Priority
from simpost.domain.states import State
from simpost.errors import StoreError
from simpost.messaging.lane import Lane
from simpost.messaging.result_writer import ResultWriter
from tests.contract.scripted_carrier import ScriptedCarrier
from tests.integration.messaging.scripted import PATIENCE, Bench, Clock
from tests.integration.postgres.conftest import open_store, run_sql
from tests.scenarios.faults.wires import Wire
from tests.turns import until

pytestmark = pytest.mark.timeout(120)


@contextlib.asynccontextmanager
async def far_from(postgres, database):
    """A lane whose connection to the store can be cut."""
    async with Wire(postgres.root / ".s.PGSQL.5432") as wire:
        url = f"postgresql://postgres@127.0.0.1:{wire.port}/{database}"
        store = await open_store(url, "one")
        await store.accounts.add_account(Account(id=0, access_code="a", secret="s"))
        carrier, result_writer, clock = ScriptedCarrier(), ResultWriter(store.queue), Clock()
        lane = Lane(
            carrier,
            store.queue,
            result_writer,
            owner="one",
            depth=8,
            retry_policy=PATIENCE,
            clock_ms=clock,
        )
        await carrier.start(lane)
        running = asyncio.gather(lane.run(), result_writer.run())
        try:
            yield Bench(store, carrier, lane, result_writer, clock), wire
        finally:
            running.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await running
            await store.close()


async def until_leased(url):
    """Asked by another way."""
    query = "SELECT 1 FROM parts WHERE owner = 'one'"
    await until(lambda: run_sql(url, query), "a part is leased", every_s=0.02)


async def reserved(bench):
    """A message with a place in the lane; every way to the database was gone once then."""
    bench.lane.wake()
    message = bench.message_of(("hello",), Priority.CONVERSATION)
    await until(lambda: bench.reserve(message) is not None, "it has a place", every_s=0.02)
    bench.release(message)
    await bench.until_leased(0)
    await bench.accept()
    await bench.carrier.until_sent(1)
    bench.carrier.respond(0)
    await bench.result_writer.wait_committed()
    return bench.reserved(message)


async def send_after_all(bench):
    """Once the database answers again; the clock of the lane stands still but for this."""
    bench.lane.wake()
    while len(bench.carrier.sent) < 2:
        bench.clock.now_ms += 500
        await asyncio.sleep(0.05)
    bench.carrier.respond(1)


async def test_a_claim_whose_answer_was_lost(postgres, database, url):
    async with far_from(postgres, database) as (bench, wire):
        message = await reserved(bench)
        bench.release(message)
        message = msgspec.structs.replace(message, lease_ms=None)
        await bench.store.queue.accept(message)
        wire.lose_answers()
        bench.lane.wake()
        await until_leased(url)
        wire.reset()
        wire.restore()
        await send_after_all(bench)
        found = await bench.until(message.id, State.SENT)
        assert bench.clock.now_ms < message.created_ms + 60_000
        assert not any(attempt.repeat for attempt in found.attempts)


async def test_an_accept_whose_answer_was_lost(postgres, database, url):
    async with far_from(postgres, database) as (bench, wire):
        message = await reserved(bench)
        wire.lose_answers()
        accepting = asyncio.create_task(bench.store.queue.accept(message))
        await until_leased(url)
        wire.reset()
        wire.restore()
        with pytest.raises(StoreError):
            await accepting
        bench.abandon(message)
        await send_after_all(bench)
        found = await bench.until(message.id, State.SENT)
        assert bench.clock.now_ms < message.created_ms + 60_000
        assert not any(attempt.repeat for attempt in found.attempts)
