"""What is attacked: `simpost serve` in a process of its own, with its simulator, on loopback."""

import asyncio
import json
import os
import re

from bench.gateway import Gateway
from bench.processes import HOST

LONG = os.environ.get("ATTACK") == "long"
"""Whether `make attack` runs: with the counts that were found to hurt."""
PATIENCE_S = 60
SEND = b"POST /api/v1/open/esim/sendSms HTTP/1.1\r\nHost: localhost\r\n"
UNREAD_S = 2


class Target(Gateway):
    """A gateway with a short time limit for clients that do not read.

    `esim` is one of its account's; `clients` are those that a test has connected.
    """

    def __init__(self, folder):
        super().__init__(folder)
        self.clients: list[Client] = []
        [self.esim] = self.fill(1)

    def _toml(self, *arguments):
        server = f"[server]\nunread_response_timeout_s = {UNREAD_S}\n"
        return super()._toml(*arguments).replace("[server]\n", server)

    @property
    def log(self):
        return (self.folder / "gateway.log").read_text()

    @property
    def who(self):
        return b"".join(f"{n}: {value}\r\n".encode() for n, value in self.credentials.items())

    def text(self, words="hello", pad=0):
        """A body that sends a text, with blanks at its end to make it as long as wanted."""
        return json.dumps({"esimTranNo": self.esim, "message": words}).encode() + b" " * pad

    def connections(self):
        """How many clients the gateway is connected to."""
        found = self.process._process.net_connections("tcp")
        return sum(c.status == "ESTABLISHED" and c.laddr.port == self.port for c in found)


class Client:
    """One connection, written to in octets, whose answers are read one by one."""

    def __init__(self, reader, writer):
        self.reader, self.writer = reader, writer

    @classmethod
    async def to(cls, target):
        client = cls(*await asyncio.open_connection(HOST, target.port))
        target.clients.append(client)
        return client

    async def write(self, *pieces):
        """Each piece as a read of its own, as far as that can be had."""
        for piece in pieces:
            self.writer.write(piece)
            await self.writer.drain()
            await asyncio.sleep(0.01)

    async def answer(self):
        """Status and body of the next answer."""
        async with asyncio.timeout(PATIENCE_S):
            head = await self.reader.readuntil(b"\r\n\r\n")
            length = re.search(rb"content-length: (\d+)", head, re.IGNORECASE)
            assert length, head
            return int(head.split()[1]), await self.reader.readexactly(int(length[1]))

    async def ask(self, *pieces):
        await self.write(*pieces)
        return await self.answer()

    async def rest(self):
        """What comes until the connection ends."""
        async with asyncio.timeout(PATIENCE_S):
            return await self.reader.read(-1)

    def reset(self):
        self.writer.transport.abort()


def sized(body):
    return b"Content-Length: %d\r\n\r\n" % len(body)


def percentile(values, share):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]
