from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.integration.clients.worlds import InMemory, Live, World

ESIMS = 20


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    running = Live(tmp_path_factory.mktemp("gateway"), ESIMS)
    yield running
    running.stop()


@pytest.fixture(params=["live", "fake"])
def world(request: pytest.FixtureRequest) -> World:
    """A gateway as a process, and the fake: both answer alike."""
    if request.param == "live":
        found: Live = request.getfixturevalue("live")
        return found
    return InMemory(ESIMS)
