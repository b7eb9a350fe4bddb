"""Message centres by others: installed under .cache, each in its own process."""

import asyncio
import contextlib
import hashlib
import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.integration.downloads import CACHE, alone

HERE = Path(__file__).parent
INSTALL_S = 50


@pytest.fixture(scope="session")
def smppy() -> Path:
    """A folder with the smppy of smppy.txt, for the front of Python's path."""
    lock = HERE / "smppy.txt"
    with _folder("smppy", hashlib.sha256(lock.read_bytes()).hexdigest()[:16]) as folder:
        if not (folder / "done").exists():
            _run(
                "smppy",
                *(sys.executable, "-m", "pip", "install", "--no-deps", "--require-hashes"),
                *("--quiet", "--disable-pip-version-check", "--retries=0"),
                *("--target", folder, "-r", lock),
            )
            (folder / "done").touch()
    return folder


@pytest.fixture(scope="session")
def debian() -> Path:
    """The files of the Debian packages of osmo-msc and Net::SMPP with their dependencies."""
    missing = [tool for tool in ("apt-get", "dpkg") if shutil.which(tool) is None]
    if missing:
        pytest.skip(f"{' and '.join(missing)} not installed: no test against Debian's packages.")
    with _folder("debian", "1") as folder:
        root = folder / "root"
        if not (folder / "done").exists():
            (folder / "lists/partial").mkdir(parents=True, exist_ok=True)
            (folder / "archives/partial").mkdir(parents=True, exist_ok=True)
            apt = (
                *("apt-get", "-qq", "-o", "Debug::NoLocking=1", "-o", "Acquire::Retries=0"),
                *("-o", f"Dir::State::lists={folder}/lists", "-o", f"Dir::Cache={folder}"),
                *("-o", "APT::Sandbox::User=root"),
            )
            _run("Debian's packages", *apt, "update")
            _run(
                "Debian's packages",
                *(*apt, "-y", "--download-only", "--no-install-recommends", "install"),
                *("osmo-msc", "libnet-smpp-perl"),
            )
            for package in sorted((folder / "archives").glob("*.deb")):
                _run(package.name, "dpkg", "-x", package, root)
            (folder / "done").touch()
    return root


@contextlib.contextmanager
def _folder(name: str, version: str) -> Iterator[Path]:
    with alone("interop"):
        folder = CACHE / "interop" / f"{name}-{version}"
        folder.mkdir(exist_ok=True)
        yield folder


def _run(what: str, *command: Any) -> None:
    """A step of an installation; the test is skipped where it does not succeed."""
    try:
        done = subprocess.run(
            [str(word) for word in command],
            capture_output=True,
            text=True,
            timeout=INSTALL_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        pytest.skip(f"{what} did not install within {INSTALL_S} s.")
    if done.returncode:
        said = done.stderr.strip().splitlines() or ["no reason given"]
        pytest.skip(f"{what} cannot be installed here: {said[-1]}")


class Program:
    """A message centre in a process of its own; its lines are read as they come."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self.lines: list[str] = []

    async def line(self, word: str) -> str:
        """The next line with this word in it."""
        assert self._process.stdout is not None
        while True:
            line = (await self._process.stdout.readline()).decode()
            assert line, f"ended before {word!r}: {self.lines}"
            self.lines.append(line.rstrip())
            if word in line:
                return self.lines[-1]

    async def stop(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        await self._process.wait()


@pytest.fixture
async def program(tmp_path: Path) -> AsyncIterator[Any]:
    """Start a program in a folder of its own; what it forks ends with it."""
    programs: list[Program] = []

    async def start(*command: Any, **environment: Any) -> Program:
        process = await asyncio.create_subprocess_exec(
            *map(str, command),
            cwd=tmp_path,
            env=os.environ | {name: str(value) for name, value in environment.items()},
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            start_new_session=True,
        )
        programs.append(Program(process))
        return programs[-1]

    yield start
    for each in programs:
        await each.stop()


@pytest.fixture
def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])
