from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests import prestarted

PORTS = ("--port=0", "--handsets-port=0", "--smsc-port=0")


@dataclass(frozen=True)
class Simpost:
    """The command line as people run it, with the demo as its service."""

    url: str
    config: Path
    handsets: str
    """Where its simulator answers over HTTP."""

    def __call__(
        self, *arguments: str | Path, stdin: str = "", **environment: str
    ) -> subprocess.CompletedProcess[str]:
        return call(
            *arguments,
            stdin=stdin,
            SIMPOST_CONFIG=str(self.config),
            SIMPOST_ACCESS_CODE="demo",
            SIMPOST_SECRET="demo-secret",
            **environment,
        )


def call(
    *arguments: str | Path, stdin: str = "", **environment: str
) -> subprocess.CompletedProcess[str]:
    plain = {name: value for name, value in os.environ.items() if not name.startswith("SIMPOST_")}
    return prestarted.run(
        [sys.executable, "-m", "simpost", *map(str, arguments)],
        input=stdin,
        timeout=50,
        env={**plain, "COLUMNS": "100", "NO_COLOR": "1", **environment},
    )


@pytest.fixture
def run() -> Callable[..., subprocess.CompletedProcess[str]]:
    """The command line without a service, and without any variable of ours."""
    return call


@pytest.fixture(scope="module")
def simpost(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Simpost]:
    folder = tmp_path_factory.mktemp("demo")
    with prestarted.Popen(
        [sys.executable, "-m", "simpost", "demo", *PORTS, "--no-tour", "--data", str(folder)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as demo:
        assert demo.stdout
        shown = ""
        while not (found := re.search(r"API +(http://[\d.:]+)/api.*\n[^$]*/v1/messages", shown)):
            line = demo.stdout.readline()
            assert line, shown
            shown += line
        handsets = re.search(r"handsets +(http://[\d.:]+/)", shown)
        assert handsets, shown
        yield Simpost(found[1], folder / "simpost.toml", handsets[1])
        demo.send_signal(signal.SIGTERM)
        demo.communicate(timeout=50)
