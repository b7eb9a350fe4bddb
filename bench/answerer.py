"""An HTTP server that answers everything with 200 and two octets, as fast as it can be read.

python -m bench.answerer        prints its port, and serves
"""

from __future__ import annotations

import argparse
import asyncio
import sys
from pathlib import Path
from typing import cast

import uvloop

from bench.processes import HOST, Child, free_ports

_ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\nok"
SUCCESS = b"ok"


class Answerer:
    """The server in a process of its own."""

    def __init__(self, folder: Path) -> None:
        log = folder / "answerer.log"
        (self.port,) = free_ports(1)
        command = [sys.executable, "-m", "bench.answerer", f"--port={self.port}"]
        self._process = Child(command, lambda: "ready" in log.read_text(), log)

    def stop(self) -> None:
        self._process.stop()


class _Connection(asyncio.Protocol):
    """Counts the ends of heads; bodies are passed over, whatever they hold."""

    def __init__(self) -> None:
        self._buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while (end := self._buffer.find(b"\r\n\r\n") + 4) > 3:
            head = self._buffer[:end].lower()
            at = head.find(b"content-length: ")
            length = int(head[at + 16 : head.find(b"\r\n", at)]) if at >= 0 else 0
            if len(self._buffer) < end + length:
                return
            self._buffer = self._buffer[end + length :]
            self._transport.write(_ANSWER)


async def _serve(port: int) -> None:
    await asyncio.get_running_loop().create_server(_Connection, HOST, port)
    print("ready", flush=True)
    await asyncio.Event().wait()


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.answerer", description=__doc__)
    parser.add_argument("--port", type=int, default=8081)
    uvloop.run(_serve(parser.parse_args().port))


if __name__ == "__main__":
    main()
