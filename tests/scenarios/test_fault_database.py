"""PostgreSQL dies, fails over, or is cut off, while callers go on: nothing accepted is lost."""

import asyncio
import contextlib

import pytest

from bench.processes import HOST, free_ports
from simpost.store.postgres.connector import connect
from tests.contract.postgres_server import PostgresServer
from tests.scenarios.faults.counts import Handsets, count
from tests.scenarios.faults.databases import Database, Standby
from tests.scenarios.faults.load import Load
from tests.scenarios.faults.service import LONG, Site, until
from tests.scenarios.faults.wires import Wire

TIMES = 10 if LONG else 1
ENDS = [PostgresServer.kill, PostgresServer.stop] if LONG else [PostgresServer.kill]
NODES = ("one", "two")


@pytest.fixture
def database():
    database = Database()
    yield database
    database.close()


@contextlib.asynccontextmanager
async def site_on(folder, url):
    site = Site(folder, url)
    try:
        for name in NODES:
            await asyncio.to_thread(site.start, name)
        for node in site.nodes:
            await until(node.is_ready, "the node is ready")
        yield site
    finally:
        site.close()


async def go_through(site, load, handsets, break_it, restore_it):
    """Load before, while and after; while it is broken nodes say so, and callers are refused."""
    await load.accept(100)
    await break_it()
    for node in site.nodes:
        await until(node.is_unready, "the node says that it is not ready")
        assert node.ask("/healthz")["status"] == "ok"
    await load.be_refused(10)
    await restore_it()
    for node in site.nodes:
        await until(node.is_ready, "the node is ready again")
    await load.accept(100)
    await asyncio.to_thread(handsets.look)


def check_refusals(load):
    """Refusals are clear and retryable, never a crash, and every request got a response."""
    assert load.refused.keys() <= {("native", 503), ("open", 503)}, load.refused
    assert not load.unanswered


@pytest.mark.parametrize("ends", ENDS, ids=lambda ends: ends.__name__)
async def test_postgresql_dies_and_is_started_again(tmp_path, database, ends):
    async with site_on(tmp_path, database.url()) as site:
        load, handsets = Load(site), Handsets(site)
        async with load.running():
            for _ in range(TIMES):
                await go_through(
                    site,
                    load,
                    handsets,
                    lambda: asyncio.to_thread(ends, database),
                    lambda: asyncio.to_thread(database.start),
                )
        fault = f"PostgreSQL {ends.__name__} and start"
        (await count(load, handsets, site, fault=fault, times=TIMES)).check()
    check_refusals(load)


async def test_the_primary_is_lost_and_its_standby_promoted(tmp_path, database):
    standby = await asyncio.to_thread(Standby, database)
    try:
        async with Wire(database.socket) as first, Wire(standby.socket) as second:
            hosts = f"{HOST}:{first.port},{HOST}:{second.port}"
            url = f"postgresql://postgres@{hosts}/postgres?target_session_attrs=read-write"
            async with site_on(tmp_path, url) as site:
                load, handsets = Load(site), Handsets(site)
                async with load.running():
                    await go_through(
                        site,
                        load,
                        handsets,
                        lambda: asyncio.to_thread(database.kill),
                        lambda: asyncio.to_thread(standby.promote),
                    )
                fault = "primary lost, standby promoted"
                (await count(load, handsets, site, fault=fault, times=1)).check()
            check_refusals(load)
    finally:
        standby.close()


async def test_postgresql_drops_connections_of_a_node_that_is_cut_off():
    """Otherwise each cut leaves eleven connections and their locks for two hours."""
    (port,) = free_ports(1)
    server = await asyncio.to_thread(
        PostgresServer, f"listen_addresses = '{HOST}'\nport = {port}\n"
    )
    try:
        connection = await connect(f"postgresql://postgres@{HOST}:{port}/postgres", is_pooled=False)
        idle, interval, times = [
            int(await connection.fetchval(f"SHOW tcp_keepalives_{name}"))
            for name in ("idle", "interval", "count")
        ]
        await connection.close()
    finally:
        await asyncio.to_thread(server.close)
    assert 0 < idle + interval * times <= 30


@pytest.mark.parametrize("cut", [Wire.swallow, Wire.reset], ids=["swallow", "reset"])
async def test_the_network_to_postgresql_is_cut(tmp_path, database, cut):
    async with Wire(database.socket) as wire:
        url = f"postgresql://postgres@{HOST}:{wire.port}/postgres"
        async with site_on(tmp_path, url) as site:
            load, handsets = Load(site), Handsets(site)

            async def break_it():
                cut(wire)

            async def restore_it():
                wire.restore()

            async with load.running():
                for _ in range(TIMES):
                    await go_through(site, load, handsets, break_it, restore_it)
            fault = f"network cut, {cut.__name__}"
            (await count(load, handsets, site, fault=fault, times=TIMES)).check()
        check_refusals(load)
