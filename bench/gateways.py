"""What the benchmark measures: a gateway with a sink of its own, driven by one generator."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from cryptography.fernet import Fernet

from bench.database import Database
from bench.gateway import Serving
from bench.history import fill_postgres, fill_sqlite
from bench.load import SUCCESS, send_batch, send_sms
from bench.sink import Sink
from bench.texts import SENDER, text


@dataclass(frozen=True, slots=True)
class Terms:
    """What is the same for both sides of a comparison.

    Attributes:
        receipts: the SMSC reports on every part, and the gateway takes the report in.
        parts: of one message.
        window: PDUs without an answer on the one link, in either direction.
        connections: keep-alive, of the generator.
        esims: number of recipients, used one after the other; the embedded store caches 10,000.
    """

    receipts: bool = True
    parts: int = 1
    window: int = 100
    connections: int = 50
    esims: int = 1000


class Contestant(Protocol):
    """A running gateway.

    Attributes:
        success: what an answer holds when the message was accepted.
        ports: of its HTTP APIs.
    """

    name: str
    success: bytes
    sink: Sink

    @property
    def ports(self) -> Sequence[int]: ...

    @property
    def cpu_seconds(self) -> float:
        """Of all processes of the gateway, its database included, so far."""

    @property
    def peak_mib(self) -> float:
        """The most memory that was resident."""

    def requests(self, numbers: range) -> list[bytes]:
        """One message for each number, as octets on the wire."""

    def kill(self) -> None:
        """Kill -9, all processes of the gateway."""

    def start(self) -> None:
        """Start again what was killed."""

    def stop(self) -> None: ...


class Simpost:
    """`simpost serve` on the embedded store, or several nodes on a database."""

    success = SUCCESS
    more = ""
    """More sections of the configuration."""

    def __init__(
        self,
        folder: Path,
        terms: Terms,
        *,
        name: str = "simpost",
        database: Database | None = None,
        nodes: int = 1,
    ) -> None:
        folder.mkdir()
        self.name = name
        self._parts = terms.parts
        self._folder = folder
        self._database = database
        self.sink = Sink(folder, receipts=terms.receipts, window=terms.window)
        self._carrier = f'reference_bits = 8\nsource_address = "{SENDER}"\nbinds = {nodes}'
        seal_key = Fernet.generate_key().decode()
        self.nodes = [self._serve(terms, f"node{number}", seal_key) for number in range(nodes)]
        self.gateway = self.nodes[0]
        self.esims = self.gateway.fill(terms.esims)
        self._spent = 0.0

    @property
    def ports(self) -> Sequence[int]:
        return [node.port for node in self.nodes]

    @property
    def cpu_seconds(self) -> float:
        database = self._database.cpu_seconds if self._database else 0.0
        return self._spent + database + sum(node.process.cpu_seconds for node in self.nodes)

    @property
    def peak_mib(self) -> float:
        """The database's is what it holds now."""
        database = self._database.mib if self._database else 0.0
        return database + self.peak_of_nodes_mib

    @property
    def peak_of_nodes_mib(self) -> float:
        """The most memory that was resident, without the database."""
        return sum(node.process.peak_mib for node in self.nodes)

    @property
    def rss_mib(self) -> float:
        return sum(node.process.rss_mib for node in self.nodes)

    def requests(self, numbers: range) -> list[bytes]:
        code, secret = self.gateway.access_code, self.gateway.secret
        return [
            send_sms(code, secret, self.esim_of(number), text(number, self._parts))
            for number in numbers
        ]

    def esim_of(self, number: int) -> str:
        return self.esims[number % len(self.esims)]

    def ask(self, path: str) -> Any:
        return self.gateway.ask(path)

    def says_repeated(self, name: int) -> bool:
        """Whether the log marks a try of that part as one that the handset may see twice."""
        number, part = divmod(name, 10)
        listed = self.ask(f"/v1/messages?esimTranNo={self.esim_of(number)}&limit=200")
        wanted = text(number, self._parts)
        for message in listed["messages"]:
            if message["text"] == wanted:
                tries = self.ask(f"/v1/messages/{message['id']}")["attempts"]
                return any(one["repeat"] and one["part"] == part + 1 for one in tries)
        return False

    def fill_history(self, rows: int, now_ms: int) -> None:
        """Restart with a history of ended messages in the store."""
        print(f"{rows} messages of history ...", flush=True)
        self._spent += self.gateway.process.cpu_seconds
        self.gateway.stop()
        if self._database:
            asyncio.run(fill_postgres(self._database.url, rows, self.esims, now_ms))
        else:
            fill_sqlite(self.gateway.folder / "simpost.db", rows, self.esims, now_ms)
        self.gateway.start()

    def kill(self) -> None:
        for node in self.nodes:
            self._spent += node.process.cpu_seconds
            node.process.kill()

    def start(self) -> None:
        for node in self.nodes:
            node.start()

    def stop(self) -> None:
        for node in self.nodes:
            node.stop()
        self.sink.stop()
        if self._database:
            self._database.stop()

    def _serve(self, terms: Terms, name: str, seal_key: str) -> Serving:
        folder = self._folder / name
        folder.mkdir()
        return Serving(
            folder,
            self.sink.port,
            window=terms.window,
            database_url=self._database.url if self._database else None,
            seal_key=seal_key,
            carrier=self._carrier,
            more=self.more,
        )


class SimpostBatches(Simpost):
    """The same, with the messages in batches of the native API."""

    success = b'"refused":0'
    size = 100

    def requests(self, numbers: range) -> list[bytes]:
        code, secret = self.gateway.access_code, self.gateway.secret
        named = [(self.esim_of(number), text(number, self._parts)) for number in numbers]
        return [
            send_batch(code, secret, named[start : start + self.size])
            for start in range(0, len(named), self.size)
        ]
