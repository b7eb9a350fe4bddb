"""Behind a pooler in transaction mode: no operation depends on a session."""

import asyncio
import shutil
import tempfile
from pathlib import Path

import pytest

from simpost.domain.repeats import RepeatPolicy
from simpost.domain.states import State
from simpost.ports.store import Accepted, IdempotentReplay, MessageFilter
from tests.contract.inbound_facts import new, one_of
from tests.contract.store_facts import (
    CARRIER,
    LEASE_MS,
    NOW_MS,
    esim,
    key,
    leased,
    message,
    receipt,
    settlement,
)
from tests.integration.postgres.embedded_facts import differences, make_embedded
from tests.integration.postgres.transaction_pooler import TransactionPooler

pytestmark = pytest.mark.timeout(120)


@pytest.fixture
async def pooler(postgres, database):
    folder = Path(tempfile.mkdtemp(prefix="simpost-pool-"))
    async with TransactionPooler(folder, postgres.root, database) as pooler:
        yield pooler
    shutil.rmtree(folder)


@pytest.fixture
async def pooled(pooler, node):
    async with node(at=f"{pooler.url}&pgbouncer=true") as store:
        yield store


async def test_the_whole_way_of_messages_goes_through_a_pooler(pooled, pooler):
    sent = [leased("a", "b") if at % 3 else message(request=key(f"r-{at}")) for at in range(30)]
    answers = await asyncio.gather(*(pooled.queue.accept(one) for one in sent))
    assert {type(answer) for answer in answers} == {Accepted}
    assert isinstance(await pooled.queue.accept(message(request=key("r-0"))), IdempotentReplay)
    await pooled.queue.claim(
        CARRIER, limit=99, now_ms=NOW_MS, owner="one", lease_ms=NOW_MS + LEASE_MS
    )
    told = [
        settlement(one, number, carrier_message_id=f"{one.id.hex()}-{number}")
        for one in sent
        for number in range(1, len(one.parts) + 1)
    ]
    await pooled.queue.record(told)
    await pooled.queue.record((), [receipt(one.carrier_message_id) for one in told])
    listed = await pooled.log.list_messages(1, MessageFilter(limit=99))
    assert {one.state for one in listed} == {State.DELIVERED}
    assert len(listed) == 30
    assert pooler.transactions > 10


async def test_what_comes_in_and_what_is_saved_goes_through_a_pooler(pooled):
    await pooled.catalogue.save_esims(1, [esim(f"e-{at}") for at in range(10)])
    found = await asyncio.gather(
        *(pooled.catalogue.find_esim(1, esim_tran_no=f"e-{at}", iccid=None) for at in range(12))
    )
    assert [one is not None for one in found] == [True] * 10 + [False] * 2
    for number in (1, 2):
        await pooled.inbound.add_part(one_of(number))
    assert await pooled.inbound.save(new(await pooled.inbound.add_part(one_of(3)))) == Accepted()
    await pooled.queue.record((), [receipt("unknown")])
    assert await pooled.queue.expire_leases(now_ms=NOW_MS, owner="one", repeats=RepeatPolicy()) == 0
    await pooled.retention.purge(now_ms=NOW_MS, limit=10)


async def test_behind_a_pooler_other_nodes_are_heard_around_it_or_not_at_all(pooler, url, node):
    at = f"{pooler.url}&pgbouncer=true"
    async with node("deaf", at=at) as deaf, node("heard", at=at, listen_url=url) as hearing:
        assert deaf.listener is None
        deaf.on_waiting(print)
        heard = asyncio.Queue()
        hearing.on_waiting(heard.put_nowait)
        await asyncio.wait_for(hearing.listener.listens.wait(), 60)
        await deaf.queue.accept(message())
        assert await asyncio.wait_for(heard.get(), 60) == CARRIER


async def test_an_embedded_store_moves_through_a_pooler(pooler, tmp_path, url):
    embedded = await make_embedded(tmp_path, history=200)
    done = await asyncio.to_thread(embedded.migrate, f"{pooler.url}&pgbouncer=true")
    assert done.returncode == 0, done.stderr
    assert await differences(embedded.path, url) == ["parts", "attempts"], "those that were held"
