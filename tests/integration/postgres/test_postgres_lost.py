"""The database goes away: errors at once, nothing is accepted, and later it works again."""

import asyncio
import itertools

import pytest

from simpost.domain.repeats import RepeatPolicy
from simpost.domain.states import State
from simpost.errors import StoreError
from tests.contract.postgres_server import PostgresServer
from tests.contract.store_facts import CARRIER, LEASE_MS, NOW_MS, leased, message, settlement
from tests.integration.postgres.conftest import open_store, run_sql

pytestmark = pytest.mark.timeout(120)
_count = itertools.count()


@pytest.fixture(scope="module")
def lossless():
    """A server with fsync on."""
    server = PostgresServer("shared_buffers = 32MB\nmax_connections = 60\n")
    yield server
    server.close()


@pytest.fixture
def server(lossless):
    """The server, running; a test may kill it. Each test has a database of its own on it."""
    if not (lossless.data / "postmaster.pid").exists():
        lossless.start()
    return lossless


@pytest.fixture
def own(server):
    """The name of an empty database on the server."""
    name = f"lost_{next(_count)}"
    asyncio.run(server.create_database(name))
    return name


async def verbs_of(store, one):
    """Use every connection of a store; returns the results and errors."""
    return await asyncio.gather(
        store.queue.accept(message()),
        store.queue.record([settlement(one)]),
        store.queue.claim(CARRIER, limit=1, now_ms=NOW_MS, owner="one", lease_ms=NOW_MS + LEASE_MS),
        store.catalogue.find_esim(1, esim_tran_no="x", iccid=None),
        store.log.find_message(1, one.id),
        store.queue.expire_leases(now_ms=NOW_MS, owner="nobody", repeats=RepeatPolicy()),
        return_exceptions=True,
    )


@pytest.mark.parametrize("ends", [PostgresServer.kill, PostgresServer.stop], ids=["kill", "stop"])
async def test_a_server_that_is_gone_is_an_error_at_once_and_found_again(server, own, ends):
    store = await open_store(server.url(own), "one")
    one = leased()
    await store.queue.accept(one)
    await verbs_of(store, one)
    await asyncio.to_thread(ends, server)
    async with asyncio.timeout(60):
        told = await verbs_of(store, one)
        assert all(isinstance(each, StoreError) for each in told)
        assert all("postgres" not in str(each) for each in told)
        with pytest.raises(StoreError):
            await store.queue.accept(message())
    await asyncio.to_thread(server.start)
    for _ in range(2):  # the first may learn only now that its connection is gone
        told = await verbs_of(store, one)
    assert not [each for each in told if isinstance(each, BaseException)]
    assert (await store.log.find_message(1, one.id)).state is State.SENT
    await store.close()


async def test_what_was_accepted_outlives_a_server_that_is_killed(server, own):
    store = await open_store(server.url(own), "one")
    accepted, refused = [], 0
    ready = asyncio.Event()

    async def submit():
        nonlocal refused
        for _ in range(2_000):
            one = message()
            try:
                await store.queue.accept(one)
            except StoreError:
                refused += 1
                return
            accepted.append(one.id)
            if len(accepted) > 200:
                ready.set()

    callers = [asyncio.create_task(submit()) for _ in range(20)]
    await ready.wait()
    await asyncio.to_thread(server.kill)
    await asyncio.gather(*callers)
    await asyncio.to_thread(server.start)
    assert refused
    kept = {row[0] for row in await run_sql(server.url(own), "SELECT id FROM messages")}
    assert set(accepted) <= kept
    # Of the one group that was on its way when the server died, the database alone knows.
    assert len(kept) - len(accepted) <= 20
    await store.close()


async def test_connections_that_are_cut_are_opened_again(node, url, database):
    async with node() as store:
        one = leased()
        await store.queue.accept(one)
        await verbs_of(store, one)
        await run_sql(
            url.replace(f"/{database}?", "/postgres?"),
            f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{database}'",
        )
        for _ in range(2):
            told = await verbs_of(store, one)
        assert not [each for each in told if isinstance(each, BaseException)]


async def test_a_server_that_does_not_answer_times_out(node, url, monkeypatch):
    monkeypatch.setattr("simpost.store.postgres.connector.ANSWER_S", 4.0)
    async with node() as store:
        await store.queue.accept(message())
        await run_sql(url, "SELECT 1")
        blocker = await open_store(url, "two")
        async with blocker.database.readers[0].use() as session, session.transaction():
            await session.run_script("LOCK TABLE parts IN ACCESS EXCLUSIVE MODE")
            async with asyncio.timeout(60):
                with pytest.raises(StoreError, match=r"in time|too long|resources|failed"):
                    await store.queue.accept(message())
        await blocker.close()
        monkeypatch.undo()
        await store.queue.accept(message())


async def test_a_store_that_cannot_connect_does_not_open_and_shows_no_password(tmp_path):
    at = f"postgresql://simpost:pass-word@/simpost?host={tmp_path}"
    with pytest.raises(StoreError) as refused:
        await open_store(at, "one")
    assert "pass-word" not in str(refused.value)


async def say_nothing(reader, writer):
    """A host that accepts a connection and never answers."""
    await reader.read()
    writer.close()


async def test_several_hosts_are_tried_for_the_one_that_is_there(server, own, tmp_path):
    at = f"postgresql://postgres@/{own}?host={tmp_path},{server.root}&port=5432,5432"
    store = await open_store(at, "one")
    one = message()
    await store.queue.accept(one)
    assert await store.log.find_message(1, one.id)
    await store.close()


async def test_a_silent_host_does_not_hide_the_writable_one(server, own, tmp_path, monkeypatch):
    monkeypatch.setattr("simpost.store.postgres.connector.CONNECT_S", 3_600.0)
    silent = await asyncio.start_unix_server(say_nothing, tmp_path / ".s.PGSQL.5432")
    store = await open_store(f"postgresql://postgres@/{own}?host={tmp_path},{server.root}", "one")
    one = message()
    await store.queue.accept(one)
    assert await store.log.find_message(1, one.id)
    await store.close()
    silent.close()


async def test_calls_that_wait_for_a_silent_host_fail_together(server, own, monkeypatch):
    """One by one, each would wait for its own attempt to connect."""
    monkeypatch.setattr("simpost.store.postgres.connector.CONNECT_S", 2.0)
    store = await open_store(server.url(own), "one")
    await store.queue.accept(message())
    await asyncio.to_thread(server.stop)

    silent = await asyncio.start_unix_server(say_nothing, server.root / ".s.PGSQL.5432")
    async with asyncio.timeout(100):  # 800 tries by themselves would take longer
        told = await asyncio.gather(
            *(store.queue.accept(message()) for _ in range(600)),
            *(store.log.find_message(1, bytes(16)) for _ in range(200)),
            return_exceptions=True,
        )
    assert all(isinstance(each, StoreError) for each in told)
    silent.close()
    (server.root / ".s.PGSQL.5432").unlink()
    await store.close()
