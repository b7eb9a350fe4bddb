import asyncio
import contextlib
import json
import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.integration.downloads import install_npm

HERE = Path(__file__).parent


@pytest.fixture(scope="session")
def node_modules() -> Path:
    """The npm package smpp of package-lock.json, installed once for all runs."""
    return install_npm(HERE, "interop", "no test against npm's smpp")


class NodePeer:
    """`peer.js` in a process of its own; PDUs that were not asked for yet are kept."""

    port = 0

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self._heard: list[dict[str, Any]] = []

    async def heard(self, command: str) -> dict[str, Any]:
        """The next PDU of this command, as node has read it."""
        while True:
            for at, pdu in enumerate(self._heard):
                if pdu["command"] == command:
                    return self._heard.pop(at)
            assert self._process.stdout is not None
            line = await self._process.stdout.readline()
            assert line, f"node ended before {command}: {self._heard}"
            self._heard.append(json.loads(line))

    def say(self, command: str, **fields: Any) -> None:
        """Send a PDU; bytes go as they are, texts as node encodes them."""
        line = json.dumps({"do": command, "with": fields}, default=_to_hex)
        assert self._process.stdin is not None
        self._process.stdin.write(line.encode() + b"\n")

    async def stop(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()
        await self._process.wait()


def _to_hex(value: bytes) -> dict[str, str]:
    return {"hex": value.hex()}


@pytest.fixture
async def node(node_modules: Path) -> AsyncIterator[Any]:
    """Start `peer.js` with these arguments; an SMSC's port is in `port`."""
    peers: list[NodePeer] = []

    async def start(*arguments: Any) -> NodePeer:
        process = await asyncio.create_subprocess_exec(
            *("node", str(HERE / "peer.js"), *map(str, arguments)),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            env=os.environ | {"NODE_PATH": str(node_modules)},
        )
        peer = NodePeer(process)
        peers.append(peer)
        if arguments[0] == "smsc":
            peer.port = (await peer.heard("listening"))["port"]
        else:
            await peer.heard("connected")
        return peer

    yield start
    for peer in peers:
        await peer.stop()
