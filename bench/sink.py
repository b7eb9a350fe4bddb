"""An SMSC that costs next to nothing: answers submit_sm, counts, and reports if wanted.

python -m bench.sink            prints its SMPP port and its control port, and serves
Every text begins with eight digits that name it; the sink counts how often it saw each. What is
not acknowledged when a link is lost is reported again on the next one, as an SMSC does.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import socket
import sys
from collections import deque
from pathlib import Path
from struct import Struct
from typing import Any, cast

import uvloop

from bench.processes import HOST, Child, free_ports

_HEADER = Struct(">IIII")
_RESPONSE = 0x8000_0000
_BINDS = {1: "receiver", 2: "transmitter", 9: "transceiver"}
_SUBMIT_SM, _DELIVER_SM, _UNBIND, _ENQUIRE_LINK = 4, 5, 6, 0x15
_RECEIPT = 0x04
_UDHI = 0x40
_NAME_OCTETS = 8
_FIRST_ID = 1_000_000_000


class Centre:
    """What was seen over all links, and the receipts that wait or are on their way.

    Attributes:
        seen: how often each text came, by the number it begins with.
        reported: receipts that were asked for, waiting ones included.
        links: submits on each link that was bound, in the order of binding.
    """

    def __init__(self, *, receipts: bool, window: int) -> None:
        self.seen: dict[int, int] = {}
        self.links: list[int] = []
        self.submits = self.reported = self.acknowledged = 0
        self._wants_receipts = receipts
        self._window = window
        self._waiting: deque[bytes] = deque()
        self._on_their_way: dict[int, bytes] = {}
        self._sequence = 0

    def bound(self) -> int:
        """The place of a new link. What others left open is sent again."""
        self.links.append(0)
        self._waiting.extendleft(reversed(self._on_their_way.values()))
        self._on_their_way.clear()
        return len(self.links) - 1

    def submit(self, link: int, sequence: int, pdu: bytes) -> bytes:
        """The answer; the receipt then waits. `pdu` is the submit_sm with its header."""
        source_at = pdu.index(0, 16) + 1
        destination_at = pdu.index(0, source_at + 2) + 1
        destination_end = pdu.index(0, destination_at + 2)
        esm_class = pdu[destination_end + 1]
        schedule_end = pdu.index(0, destination_end + 4)
        flags_at = pdu.index(0, schedule_end + 1) + 1
        text_at = flags_at + 5
        if esm_class & _UDHI:
            text_at += 1 + pdu[text_at]
        name = int(pdu[text_at : text_at + _NAME_OCTETS])
        self.seen[name] = self.seen.get(name, 0) + 1
        self.submits += 1
        self.links[link] += 1
        message_id = b"%d" % (_FIRST_ID + self.submits)
        if self._wants_receipts and pdu[flags_at] & 3:
            source, destination = pdu[source_at:destination_at], pdu[destination_at:destination_end]
            self.reported += 1
            self._waiting.append(_receipt(source, destination + b"\0", message_id))
        return _HEADER.pack(17 + len(message_id), _RESPONSE | _SUBMIT_SM, 0, sequence) + (
            message_id + b"\0"
        )

    def acknowledge(self, sequence: int, status: int) -> None:
        if self._on_their_way.pop(sequence, None) is not None and status == 0:
            self.acknowledged += 1

    def receipts_to_send(self) -> list[bytes]:
        """As many as the window has room for."""
        found: list[bytes] = []
        while self._waiting and len(self._on_their_way) < self._window:
            self._sequence += 1
            body = self._waiting.popleft()
            self._on_their_way[self._sequence] = body
            found += (_HEADER.pack(16 + len(body), _DELIVER_SM, 0, self._sequence), body)
        return found

    def stats(self) -> dict[str, Any]:
        return {
            "submits": self.submits,
            "unique": len(self.seen),
            "reported": self.reported,
            "acknowledged": self.acknowledged,
            "links": self.links,
        }


class _Link(asyncio.Protocol):
    def __init__(self, centre: Centre) -> None:
        self._centre = centre
        self._rest = b""
        self._reports = False
        self._place = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        data = self._rest + data
        centre, out = self._centre, list[bytes]()
        at, end = 0, len(data)
        while end - at >= 16:
            length, command, status, sequence = _HEADER.unpack_from(data, at)
            if end - at < length:
                break
            if command == _SUBMIT_SM:
                out.append(centre.submit(self._place, sequence, data[at : at + length]))
            elif command == _RESPONSE | _DELIVER_SM:
                centre.acknowledge(sequence, status)
            else:
                out.append(self._answer(command, sequence))
            at += length
        self._rest = data[at:]
        if self._reports:
            out += centre.receipts_to_send()
        if out:
            self._transport.write(b"".join(out))

    def _answer(self, command: int, sequence: int) -> bytes:
        if command & _RESPONSE:
            return b""
        if command in _BINDS:
            self._reports = _BINDS[command] != "transmitter"
            self._place = self._centre.bound()
            return _HEADER.pack(21, _RESPONSE | command, 0, sequence) + b"sink\0"
        if command == _UNBIND:
            self._reports = False
        return _HEADER.pack(16, _RESPONSE | command, 0, sequence)


class _Control(asyncio.Protocol):
    """One line asked, one line of JSON answered."""

    def __init__(self, centre: Centre) -> None:
        self._centre = centre

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        answers = {b"stats": self._centre.stats, b"seen": self._seen}
        for question in data.split():
            self._transport.write(json.dumps(answers[question]()).encode() + b"\n")

    def _seen(self) -> list[tuple[int, int]]:
        return list(self._centre.seen.items())


class Sink:
    """The sink in a process of its own, asked over its control port."""

    def __init__(self, folder: Path, *, receipts: bool, window: int) -> None:
        self._log = folder / "sink.log"
        self.port, self._control_port = free_ports(2)
        self._command = [sys.executable, "-m", "bench.sink", f"--window={window}"]
        self._command += [f"--port={self.port}", f"--control-port={self._control_port}"]
        self._command += [] if receipts else ["--no-receipts"]
        self.start()

    def start(self) -> None:
        """Begin with nothing seen."""
        self.process = Child(self._command, lambda: "ready" in self._log.read_text(), self._log)
        self._control = socket.create_connection((HOST, self._control_port))
        self._lines = self._control.makefile("rw")

    def stats(self) -> dict[str, Any]:
        return cast("dict[str, Any]", self._ask("stats"))

    def seen(self) -> dict[int, int]:
        """How often each text came, by the number it begins with."""
        return dict(self._ask("seen"))

    def stop(self) -> None:
        self._lines.close()
        self._control.close()
        self.process.stop()

    def _ask(self, question: str) -> Any:
        self._lines.write(f"{question}\n")
        self._lines.flush()
        return json.loads(self._lines.readline())


def _receipt(source: bytes, destination: bytes, message_id: bytes) -> bytes:
    """Body of the deliver_sm (SMPP 3.4 4.6.1, appendix B) from addresses as they were sent."""
    text = (
        b"id:%b sub:001 dlvrd:001 submit date:2611221200 done date:2611221200"
        b" stat:DELIVRD err:000 text:" % message_id
    )
    tlvs = b"\x00\x1e\x00%c%b\0\x04\x27\x00\x01\x02" % (len(message_id) + 1, message_id)
    fixed = b"%c\0\0\0\0\0\0\0\0%c" % (_RECEIPT, len(text))
    return b"\0" + destination + source + fixed + text + tlvs


async def _serve(wanted: argparse.Namespace) -> None:
    centre = Centre(receipts=wanted.receipts, window=wanted.window)
    loop = asyncio.get_running_loop()
    await loop.create_server(lambda: _Link(centre), HOST, wanted.port)
    await loop.create_server(lambda: _Control(centre), HOST, wanted.control_port)
    print("ready", flush=True)
    await asyncio.Event().wait()


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.sink", description=__doc__)
    parser.add_argument("--port", type=int, default=2775)
    parser.add_argument("--control-port", type=int, default=2776)
    parser.add_argument("--window", type=int, default=100, help="receipts on their way at most")
    parser.add_argument("--receipts", action=argparse.BooleanOptionalAction, default=True)
    uvloop.run(_serve(parser.parse_args()))


if __name__ == "__main__":
    main()
