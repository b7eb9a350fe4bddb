"""A node with the SMPP port on each store, shared by the tests of a file."""

from __future__ import annotations

import asyncio
import itertools
from pathlib import Path

import pytest

from tests.integration.cluster.cluster import Centre, Cluster
from tests.integration.cluster.conftest import SEAL_KEY, template
from tests.integration.interop.conftest import node, node_modules
from tests.integration.smpp_server.served import Served

__all__ = ["node", "node_modules", "template"]

ESIMS = 40
_count = itertools.count()


def pytest_collection_modifyitems(items):
    for item in items:
        if "smpp_server" in item.path.parts:
            item.add_marker(pytest.mark.timeout(180))  # whole processes, on a busy machine


def _served(folder: Path, url: str, smpp: str):
    centre = Centre(folder)
    cluster = Cluster(folder, url, SEAL_KEY, centre.port)
    try:
        yield Served(cluster, centre, esims=ESIMS, smpp=smpp)
    finally:
        cluster.close()
        centre.kill()


@pytest.fixture(scope="module")
def smpp():
    """More settings of the port; a file may have its own."""
    return ""


@pytest.fixture(scope="module")
def embedded(tmp_path_factory, smpp):
    """With the embedded store."""
    folder = tmp_path_factory.mktemp("embedded")
    yield from _served(folder, f"sqlite:///{folder / 'simpost.db'}", smpp)


@pytest.fixture(scope="module")
def shared(tmp_path_factory, smpp, postgres, template):
    """With PostgreSQL."""
    name = f"smpp_{next(_count)}"
    asyncio.run(postgres.create_database(name, template))
    yield from _served(tmp_path_factory.mktemp("shared"), postgres.url(name), smpp)
    asyncio.run(postgres.drop_database(name))


@pytest.fixture(scope="module", params=["embedded", "shared"])
def served(request):
    """On each store."""
    return request.getfixturevalue(request.param)
