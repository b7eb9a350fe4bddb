"""The examples of docs/handset-tests.md."""

from __future__ import annotations

import asyncio
import os
import re
import subprocess
import sys
from pathlib import Path

from simpost.smsc import Simulator
from tests.integration.smsc.conftest import Start

PAGE = Path("docs/handset-tests.md").read_text("utf-8")


def example(language: str) -> str:
    [found] = re.findall(rf"^```{language}\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    return str(found)


async def run_example(folder: Path, simulator: Simulator, source: str) -> str:
    """What pytest prints when it runs the example alone."""
    file = folder / "test_example.py"
    file.write_text(source)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-c", os.devnull]
    address = {"SIMULATOR": f"http://127.0.0.1:{simulator.http_port}"}
    done = await asyncio.to_thread(
        subprocess.run,
        [*command, f"--rootdir={folder}", str(file)],
        env={**os.environ, **address},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout


async def test_the_pytest_example_passes_and_leaves_no_handset(
    simulator: Simulator, tmp_path: Path
) -> None:
    printed = await run_example(tmp_path, simulator, example("python"))
    assert "1 passed" in printed, printed
    assert simulator.stats().upstreams == {"twilio": {"201": 1}}
    assert len(simulator.handsets) == 0


async def test_the_pytest_example_fails_when_no_code_is_sent(start: Start, tmp_path: Path) -> None:
    source = example("python").replace("Your code is 482910", "Welcome").replace("10s", "10ms")
    printed = await run_example(tmp_path, await start(), source)
    assert "1 failed" in printed, printed
    assert "404" in printed
