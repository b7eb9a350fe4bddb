"""A peer for SMPP and one for the double; the destination selects the behaviour of a peer.

`upstream_peers` has those of HTTP.
"""

from __future__ import annotations

import asyncio
import socket
import time
from typing import Any

from pydantic import SecretStr

from simpost.carriers.smpp import SmppCarrier
from simpost.config import CarrierSettings, HttpCarrierSettings, SmppCarrierSettings
from simpost.domain.inbound import InboundPart
from simpost.domain.outcomes import Outcome, OutcomeKind, Receipt
from simpost.domain.reasons import Reason
from simpost.domain.states import State
from simpost.ports.carrier import AcceptedPart, Carrier, ConnectionState, OutboundPart
from simpost.smsc import Faults, Rule, Simulator, SimulatorOptions, When
from simpost.smsc.faults import (
    AnyFault,
    Drop,
    LoseReceipt,
    Refuse,
    ShapeReceipt,
    Silent,
    Slow,
)
from tests.contract.scripted_carrier import Response, ScriptedCarrier

ACCEPT = "447700900001"
REFUSE = "447700900002"
THROTTLE = "447700900003"
BUSY = "447700900004"
SILENT = "447700900005"
CUT = "447700900006"
SLOW = "447700900007"
RECEIPT_WITHOUT_ID = "447700900008"
NO_RECEIPT = "447700900009"

SLOW_S = 0.3
_FAULTS: tuple[tuple[str, AnyFault], ...] = (
    (REFUSE, Refuse(status="ESME_RINVDSTADR")),
    (THROTTLE, Refuse(status="ESME_RTHROTTLED")),
    (BUSY, Refuse(status="ESME_RSYSERR")),
    (SILENT, Silent()),
    (CUT, Drop()),
    (SLOW, Slow(seconds=SLOW_S)),
    (RECEIPT_WITHOUT_ID, ShapeReceipt(tlvs=False, omit=("id",))),
    (NO_RECEIPT, LoseReceipt()),
)


class SmppPeer:
    """The bundled simulator."""

    has_ids = True
    has_receipts = True
    has_receipts_without_ids = True
    has_ownership = True

    def __init__(self) -> None:
        rules = tuple(Rule(do=fault, when=When(to=to)) for to, fault in _FAULTS)
        self._simulator = Simulator(
            SimulatorOptions(password="secret", seed=1, faults=Faults(rules=rules))
        )
        self.port = 0

    async def start(self) -> None:
        await self._simulator.start()
        self.port = self._simulator.port

    async def stop(self) -> None:
        await self._simulator.stop()

    def settings(
        self, *, max_unanswered: int = 10, port: int | None = None, **changed: Any
    ) -> CarrierSettings:
        given = {
            "type": "smpp",
            "name": "peer",
            "host": "127.0.0.1",
            "port": port or self.port,
            "system_id": "simpost",
            "password": SecretStr("secret"),
            "window": max_unanswered,
            "response_timeout_s": 1.0,
            "reconnect_min_s": 0.1,
            **changed,
        }
        return SmppCarrierSettings.model_validate(given)

    def build(self, settings: CarrierSettings) -> Carrier:
        assert isinstance(settings, SmppCarrierSettings)
        return SmppCarrier(settings)


class ScriptedPeer:
    """The script of the double; its settings are those of an HTTP carrier."""

    has_ids = True
    has_receipts = True
    has_receipts_without_ids = True
    has_ownership = False

    def __init__(self) -> None:
        self.port = 1
        self._taken = 0

    async def start(self) -> None: ...

    async def stop(self) -> None: ...

    def settings(
        self, *, max_unanswered: int = 10, port: int | None = None, **changed: Any
    ) -> CarrierSettings:
        given = {
            "type": "http",
            "name": "peer",
            "url": f"https://scripted.example:{port or self.port}/",
            "body": {"to": "{destination}", "text": "{text}"},
            "max_unanswered": max_unanswered,
            **changed,
        }
        return HttpCarrierSettings.model_validate(given)

    def build(self, settings: CarrierSettings) -> Carrier:
        assert isinstance(settings, HttpCarrierSettings)
        return ScriptedCarrier(
            settings.max_unanswered,
            name=settings.name,
            rate_per_s=settings.rate_per_s,
            is_reachable=f":{self.port}/" in settings.url,
            script=self._respond,
        )

    def _respond(self, part: OutboundPart) -> Response:
        match part.destination:
            case to if to == REFUSE:
                kind, reason = OutcomeKind.REFUSED, Reason.CARRIER_REFUSED
            case to if to == THROTTLE:
                kind, reason = OutcomeKind.THROTTLED, Reason.THROTTLED
            case to if to == BUSY:
                kind, reason = OutcomeKind.UNREACHABLE, Reason.CARRIER_BUSY
            case to if to in (SILENT, CUT):
                kind, reason = OutcomeKind.IN_DOUBT, Reason.NO_RESPONSE
            case _:
                return self._accept(part)
        outcome = Outcome(kind, reason=reason, carrier_code="scripted")
        return Response(outcome, after_s=SLOW_S if part.destination == SILENT else 0.0)

    def _accept(self, part: OutboundPart) -> Response:
        self._taken += 1
        carrier_id = f"id-{self._taken}"
        receipt_id = "" if part.destination == RECEIPT_WITHOUT_ID else carrier_id
        receipt = Receipt("peer", receipt_id, State.DELIVERED, None, None, part.created_ms)
        return Response(
            Outcome(OutcomeKind.ACCEPTED, carrier_message_id=carrier_id),
            after_s=SLOW_S if part.destination == SLOW else 0.0,
            receipt=None if part.destination == NO_RECEIPT else receipt,
        )


def unused_port() -> int:
    """A port without a listener."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def part(destination: str, text: str = "hello", number: int = 1) -> OutboundPart:
    now_ms = time.time_ns() // 1_000_000
    return OutboundPart(
        account_id=1,
        message_id=number.to_bytes(16, "big"),
        number=1,
        total=1,
        text=text,
        encoding="gsm7",
        reference=0,
        destination=destination,
        sender="simpost",
        category="service",
        priority=1,
        created_ms=now_ms,
        expires_ms=now_ms + 3_600_000,
        attempt=1,
        repeat=False,
    )


class Recorder:
    """The dispatch side of a carrier: records what the carrier reports."""

    def __init__(self) -> None:
        self.changed = asyncio.Event()
        self.outcomes: list[tuple[OutboundPart, Outcome]] = []
        self.receipts: list[Receipt] = []
        self.steps: dict[str, tuple[list[AcceptedPart], str]] = {}
        self.stored: list[AcceptedPart] = []

    def on_capacity(self) -> None:
        self.changed.set()

    def on_outcome(self, part: OutboundPart, _started_ms: int, outcome: Outcome) -> None:
        self.outcomes.append((part, outcome))
        self.changed.set()

    def on_late_response(self, part: OutboundPart, outcome: Outcome) -> None:
        raise AssertionError("nothing here responds late")

    def on_receipt(self, receipt: Receipt, committed: Any) -> None:
        self.receipts.append(receipt)
        committed()
        self.changed.set()

    def on_inbound(self, part: InboundPart) -> asyncio.Future[Reason | None]:
        raise AssertionError("nothing here is inbound")

    async def list_open(self, after: str) -> tuple[list[AcceptedPart], str]:
        return self.steps.get(after, ([], ""))

    async def list_sent_to(self, iccid: str) -> list[AcceptedPart]:
        return [each for each in self.stored if each.destination == iccid]

    async def until(self, condition: Any) -> None:
        async with asyncio.timeout(60):
            while not condition():
                self.changed.clear()
                await self.changed.wait()

    async def until_ready(self, carrier: Carrier) -> None:
        await self.until(lambda: carrier.state is ConnectionState.READY)

    async def outcome(self, carrier: Carrier, given: OutboundPart) -> Outcome:
        """Send a part; returns its outcome."""
        count = len(self.outcomes)
        at_once = carrier.send(given, given.created_ms)
        if at_once:
            assert len(self.outcomes) == count
            return at_once
        await self.until(lambda: len(self.outcomes) > count)
        (found,) = self.outcomes[count:]
        assert found[0] is given
        return found[1]
