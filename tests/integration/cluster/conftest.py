"""A database of its own for each test."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import asyncpg
import pytest
import pytest_asyncio
from cryptography.fernet import Fernet

from simpost.store.postgres import PostgresStore
from simpost.store.postgres.nodes import PostgresNodes
from tests.contract.postgres_server import PostgresServer
from tests.integration.cluster.cluster import Centre, Cluster
from tests.integration.cluster.service import Service, start_service

SEAL_KEY = Fernet.generate_key().decode()
ESIMS = 12
"""Of `service`: more than the tests of a file take."""

_count = itertools.count()


def pytest_collection_modifyitems(items):
    for item in items:
        if "cluster" in item.path.parts:
            item.add_marker(pytest.mark.timeout(180))  # whole processes, on a busy machine


@pytest.fixture(scope="session")
def template(postgres: PostgresServer) -> str:
    name = f"template_of_nodes_{next(_count)}"  # scenarios have one of their own

    async def migrate() -> None:
        await postgres.create_database(name)
        store = await PostgresStore.open(postgres.url(name), seal_key=SEAL_KEY, node="template")
        await store.close()

    asyncio.run(migrate())
    return name


@pytest.fixture
def url(postgres: PostgresServer, template: str) -> Iterator[str]:
    name = f"cluster_{next(_count)}"
    asyncio.run(postgres.create_database(name, template))
    yield postgres.url(name)
    asyncio.run(postgres.drop_database(name))


@pytest.fixture
def centre(tmp_path: Path) -> Iterator[Centre]:
    """The message centre of all nodes."""
    centre = Centre(tmp_path)
    yield centre
    centre.kill()


@pytest.fixture
def cluster(tmp_path: Path, url: str, centre: Centre) -> Iterator[Cluster]:
    """Nodes on the database of the test, with one carrier; killed at the end."""
    cluster = Cluster(tmp_path, url, SEAL_KEY, centre.port)
    yield cluster
    cluster.close()


@pytest.fixture(scope="module", params=["postgres", "embedded"])
def service(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Service]:
    """Two nodes on PostgreSQL, and one with the embedded store, shared by the tests of a file."""
    folder = tmp_path_factory.mktemp(request.param)
    url, nodes = "sqlite:///simpost.db", 1
    if request.param == "postgres":
        postgres = request.getfixturevalue("postgres")
        name = f"cluster_{next(_count)}"
        asyncio.run(postgres.create_database(name, request.getfixturevalue("template")))
        url, nodes = postgres.url(name), 2
    centre = Centre(folder)
    cluster = Cluster(folder, url, SEAL_KEY, centre.port)
    try:
        yield start_service(cluster, centre, nodes, ESIMS)
    finally:
        cluster.close()
        centre.kill()


@pytest_asyncio.fixture
async def open_nodes(url: str) -> AsyncIterator[Callable[[str], PostgresNodes]]:
    """The database as the node of that name shares it."""
    opened = []

    def one(name: str) -> PostgresNodes:
        opened.append(PostgresNodes(url, node=name))
        return opened[-1]

    yield one
    for each in opened:
        await each.close()


async def run_sql(url: str, statement: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()
