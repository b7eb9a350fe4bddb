"""`simpost smsc` as people start it."""

from __future__ import annotations

import asyncio
import re
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from subprocess import PIPE

import aiohttp
import pytest

from simpost.smpp import BindTransceiver, connect
from tests import prestarted
from tests.integration.smsc.esme import Esme


class Command:
    """`simpost smsc` with options, read and waited for beside the loop."""

    def __init__(self, *options: str) -> None:
        command = [sys.executable, "-m", "simpost", "smsc", *options]
        self._process = prestarted.Popen(command, stdout=PIPE, stderr=PIPE)

    @property
    def returncode(self) -> int | None:
        return self._process.poll()

    def send_signal(self, number: int) -> None:
        self._process.send_signal(number)

    async def line(self) -> bytes:
        assert self._process.stdout is not None
        line: bytes = await asyncio.to_thread(self._process.stdout.readline)
        return line

    async def communicate(self) -> tuple[bytes, bytes]:
        printed: tuple[bytes, bytes] = await asyncio.to_thread(self._process.communicate)
        return printed


Run = Callable[..., Awaitable[Command]]


@pytest.fixture
async def run() -> AsyncIterator[Run]:
    started: list[Command] = []

    async def run_with(*options: str) -> Command:
        started.append(await asyncio.to_thread(Command, *options))
        return started[-1]

    yield run_with
    for command in started:
        if command.returncode is None:
            command.send_signal(signal.SIGKILL)
            await command.communicate()


async def told(command: Command) -> dict[str, str]:
    """Ports and credentials from what the command prints."""
    text = ""
    while "/events" not in text:
        line = (await command.line()).decode()
        assert line, (await command.communicate())[1].decode()
        text += line
    bind = re.search(r":(?P<port>\d+) +system_id (?P<system_id>\S+), password (?P<pw>\S+)", text)
    http = re.search(r"http://127\.0\.0\.1:(?P<http_port>\d+)/", text)
    assert bind, text
    assert http, text
    return bind.groupdict() | http.groupdict()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
async def test_it_prints_bind_and_web_addresses_and_ends_cleanly(run: Run, number: int) -> None:
    process = await run("--port", "0", "--http-port", "0", "--password", "pass1234")
    facts = await told(process)
    assert (facts["system_id"], facts["pw"]) == ("simpost", "pass1234")
    bind = BindTransceiver(system_id="simpost", password="pass1234")
    session = await connect("127.0.0.1", int(facts["port"]), bind, Esme())
    async with (
        aiohttp.ClientSession() as client,
        client.get(f"http://127.0.0.1:{facts['http_port']}/events") as events,
    ):
        await events.content.readline()
        process.send_signal(number)
        _, errors = await process.communicate()
    assert (process.returncode, errors) == (0, b"")
    await session.wait_closed()


async def test_a_password_is_made_up_when_none_is_given(run: Run) -> None:
    one, two = [await told(await run("--port", "0", "--http-port", "0")) for _ in range(2)]
    assert len(one["pw"]) == len(two["pw"]) == 8
    assert one["pw"] != two["pw"]


async def test_a_busy_port_is_one_sentence_and_no_traceback(run: Run) -> None:
    facts = await told(await run("--port", "0", "--http-port", "0"))
    for options in (
        ("--port", facts["port"], "--http-port", "0"),
        ("--port", "0", "--http-port", facts["http_port"]),
    ):
        process = await run(*options)
        _, errors = await process.communicate()
        assert process.returncode != 0
        assert errors.decode().count("\n") == 1
        assert errors.startswith(b"simpost: cannot listen on 127.0.0.1 port ")


@pytest.mark.parametrize(
    "options",
    [
        ("--password", "nine chars"),
        ("--system-id", "x" * 16),
        ("--id-format", "octal"),
        ("--gsm7", "squeezed"),
        ("--receipt-delay", "-1"),
        ("--window", "0"),
    ],
)
async def test_impossible_options_are_refused(run: Run, options: tuple[str, ...]) -> None:
    process = await run("--port", "0", "--http-port", "0", *options)
    _, errors = await process.communicate()
    assert process.returncode == 2
    assert options[0].encode() in errors


async def test_it_takes_a_file_of_faults_and_says_so(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "faults.toml"
    path.write_text('[[rules]]\ndo = { fault = "refuse", status = "ESME_RMSGQFUL" }\n')
    process = await run("--port", "0", "--http-port", "0", "--faults", str(path), "--seed", "1")
    facts = await told(process)
    url = f"http://127.0.0.1:{facts['http_port']}/faults"
    async with aiohttp.ClientSession() as client, client.get(url) as answer:
        assert (await answer.json())["rules"][0]["do"]["fault"] == "refuse"
    while line := await process.line():
        if b"1 fault rule is active" in line:
            return
    pytest.fail("it does not say so")


async def test_a_file_of_faults_that_is_wrong_stops_it_with_the_line(
    run: Run, tmp_path: Path
) -> None:
    path = tmp_path / "faults.toml"
    path.write_text('# first\n[[rules]]\ndo = { fault = "slow", seconds = "much" }\n')
    process = await run("--port", "0", "--http-port", "0", "--faults", str(path))
    _, errors = await process.communicate()
    assert process.returncode == 2
    assert errors.decode().startswith(f"simpost: {path} line 3: rule 1, do.seconds: Expected")
    assert errors.decode().count("\n") == 1
