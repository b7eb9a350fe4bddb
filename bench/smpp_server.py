"""What a message costs that comes by the SMPP port: `python -m bench.smpp_server`.

Three gateways with the embedded store, each with a sink of its own that sends a receipt for each
part, take turns: one is called over 50 HTTP connections, the others by four SMPP connections with a
window of 12.
Of these one client asks for no receipts, the other gets one for each message and acknowledges it.
CPU seconds are those of the gateway, per 1,000 messages, until the last receipt is acknowledged.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

import uvloop

from bench.gateways import Simpost, Terms
from bench.machine import describe
from bench.processes import HOST, free_ports
from bench.runner import Course, Stretch, wait_for
from bench.texts import text
from simpost.smpp import (
    BindTransceiver,
    DeliverSm,
    DeliverSmResp,
    Pdu,
    RequestError,
    Session,
    SessionHandler,
    SessionSettings,
    SubmitSm,
    connect,
)

CONNECTIONS = 4
WINDOW = 12
_WARM_UP = 500
_SETTLING_S = 0.3
_PATIENCE_S = 120


class SmppSimpost(Simpost):
    """A gateway with the SMPP port, and a login."""

    def __init__(self, folder: Path, terms: Terms, *, name: str) -> None:
        (self.smpp_port,) = free_ports(1)
        self.more = f"[smpp_server]\nenabled = true\nport = {self.smpp_port}\n"
        super().__init__(folder, terms, name=name)
        path = f"accounts/{self.gateway.access_code}/smpp-logins"
        added = self.gateway.operate("POST", path, {})
        self.bind = BindTransceiver(system_id=added["systemId"], password=added["password"])


class Client(SessionHandler):
    """Keeps the windows of its connections full until all is answered and acknowledged."""

    def __init__(self, pdus: list[SubmitSm], receipts: int) -> None:
        self.pdus = pdus
        self.unanswered = len(pdus)
        self.receipts = receipts
        self.answered_s = 0.0
        self.done = asyncio.get_running_loop().create_future()
        pdus.reverse()

    def on_request(self, session: Session, request: Pdu) -> None:
        assert isinstance(request, DeliverSm)
        session.respond(request, DeliverSmResp())
        self.receipts -= 1
        self._end()

    def fill(self, session: Session) -> None:
        while self.pdus and session.free_window:
            session.send_request(self.pdus.pop(), lambda result: self._answered(session, result))

    def _answered(self, session: Session, result: Pdu | RequestError) -> None:
        if isinstance(result, RequestError) or result.command_status:
            raise SystemExit(f"refused: {result}")
        self.unanswered -= 1
        self.fill(session)
        if not self.unanswered:
            self.answered_s = time.perf_counter()
            self._end()

    def _end(self) -> None:
        if not self.unanswered and self.receipts <= 0 and not self.done.done():
            self.done.set_result(None)


async def drive(it: SmppSimpost, pdus: list[SubmitSm], receipts: int) -> float:
    """When the last submit_sm was answered; returns once every receipt came."""
    client = Client(pdus, receipts)
    settings = SessionSettings(window=WINDOW)
    bind = it.bind
    sessions = [
        await connect(
            HOST,
            it.smpp_port,
            BindTransceiver(system_id=bind.system_id, password=bind.password),
            client,
            settings,
        )
        for _ in range(CONNECTIONS)
    ]
    for session in sessions:
        client.fill(session)
    async with asyncio.timeout(_PATIENCE_S):
        await client.done
    for session in sessions:
        await session.unbind()
    return client.answered_s


class SmppCourse:
    """All stretches of one gateway by SMPP."""

    def __init__(self, contestant: SmppSimpost, *, wants_receipts: bool) -> None:
        self.contestant = contestant
        self._wants_receipts = wants_receipts
        self._sent = 0

    def run(self, messages: int) -> Stretch:
        it = self.contestant
        numbers = range(self._sent, self._sent + messages)
        self._sent += messages
        pdus = [self._submit(number) for number in numbers]
        cpu_before, started = it.cpu_seconds, time.perf_counter()
        receipts = messages if self._wants_receipts else 0
        answered = uvloop.run(drive(it, pdus, receipts))
        wait_for(self._is_done, f"{it.name}: not all done")
        done_s = time.perf_counter() - started
        time.sleep(_SETTLING_S)
        return Stretch(
            messages=messages,
            parts=1,
            accepted_per_s=messages / (answered - started),
            done_per_s=messages / done_s,
            cpu_s=it.cpu_seconds - cpu_before,
            latencies=(),
        )

    def _submit(self, number: int) -> SubmitSm:
        return SubmitSm(
            destination_addr=f"66{self.contestant.esim_of(number)[-10:]}",
            dest_addr_ton=1,
            dest_addr_npi=1,
            registered_delivery=int(self._wants_receipts),
            short_message=text(number, 1).encode("ascii"),
        )

    def _is_done(self) -> bool:
        stats = self.contestant.sink.stats()
        return bool(stats["unique"] >= self._sent and stats["acknowledged"] == stats["reported"])


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.smpp_server", description=__doc__)
    parser.add_argument("--messages", type=int, default=5_000, help="of one stretch")
    parser.add_argument("--rounds", type=int, default=5, help="stretches of each; they alternate")
    wanted = parser.parse_args()
    terms = Terms(window=100)
    machine = describe(None)
    print(" ".join(f"{name}: {value}" for name, value in machine.items()))
    with tempfile.TemporaryDirectory(prefix="simpost-bench-") as folder:
        http = Simpost(Path(folder, "http"), terms, name="HTTP")
        quiet = SmppSimpost(Path(folder, "quiet"), terms, name="SMPP")
        told = SmppSimpost(Path(folder, "told"), terms, name="SMPP, receipts to the client")
        courses: list[Course | SmppCourse] = [
            Course(http, terms),
            SmppCourse(quiet, wants_receipts=False),
            SmppCourse(told, wants_receipts=True),
        ]
        try:
            found = _alternate(courses, wanted.messages, wanted.rounds)
        finally:
            for it in (http, quiet, told):
                it.stop()
    print(f"{'':30} {'CPU s per 1,000':>16} {'accepted/s':>11} {'done/s':>8}")
    for name, stretches in found.items():
        cpu = statistics.median(each.cpu_s_per_1000 for each in stretches)
        accepted = statistics.median(each.accepted_per_s for each in stretches)
        done = statistics.median(each.done_per_s for each in stretches)
        print(f"{name:30} {cpu:>16.3f} {accepted:>11,.0f} {done:>8,.0f}")
    figures: dict[str, Any] = {
        name: [round(each.cpu_s_per_1000, 3) for each in stretches]
        for name, stretches in found.items()
    }
    print(json.dumps({**machine, "messages": wanted.messages, "cpu_s_per_1000": figures}))


def _alternate(
    courses: list[Course | SmppCourse], messages: int, rounds: int
) -> dict[str, list[Stretch]]:
    found: dict[str, list[Stretch]] = {course.contestant.name: [] for course in courses}
    for course in courses:
        course.run(_WARM_UP)
    for _ in range(rounds):
        for course in courses:
            found[course.contestant.name].append(course.run(messages))
    return found


if __name__ == "__main__":
    main()
