from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.clients.worlds import InMemory, Live, World
from tests.integration.downloads import install_npm

ESIMS = 20
NPM = Path("clients/npm")
LOCKED = Path("tests/integration/openapi")
"""Its lock has the programs that the npm client needs, in the same versions."""


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


@pytest.fixture(scope="session")
def node_modules() -> Path:
    return install_npm(LOCKED.absolute(), "openapi", "the npm client is not built and tested")


@pytest.fixture(scope="session")
def npm_client(node_modules: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The npm client as it is built, with its tests."""
    folder = tmp_path_factory.mktemp("npm") / "client"
    shutil.copytree(NPM, folder, ignore=shutil.ignore_patterns("node_modules", "dist"))
    run_node([node_modules / ".bin" / "tsc", "--project", "tsconfig.json"], folder)
    return folder


def run_node(command: list[str | Path], folder: Path, **variables: str) -> str:
    """What a command prints."""
    done = subprocess.run(
        [str(each) for each in command],
        cwd=folder,
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
