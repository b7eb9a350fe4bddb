"""The simulator as a whole: an SMSC with handsets, in the caller's event loop."""

from __future__ import annotations

import asyncio
import random
import socket
import time
from collections.abc import Sequence
from typing import Final

from simpost.errors import ConfigError
from simpost.http import HttpServer
from simpost.smpp import SMPP_5_0, SessionSettings, SmppServer
from simpost.smsc.accepted_submits import AcceptedSubmit, AcceptedSubmits
from simpost.smsc.behaviour import ByNumber
from simpost.smsc.centre import MessageCentre
from simpost.smsc.counters import Counters
from simpost.smsc.deliver_queue import DeliverQueue
from simpost.smsc.delivery import Delivery
from simpost.smsc.event_stream import EventStream
from simpost.smsc.faults import Faults
from simpost.smsc.handsets import Handsets
from simpost.smsc.http import build
from simpost.smsc.http_server import refusing, serve_http
from simpost.smsc.listener import SmscListener
from simpost.smsc.mobile_originated import MobileOriginated, parts_of
from simpost.smsc.offline_handsets import OfflineHandsets
from simpost.smsc.options import SimulatorOptions
from simpost.smsc.reassembly import HandsetMessage
from simpost.smsc.record import ReceivedSubmit, SubmitRecord
from simpost.smsc.rules import FaultRules
from simpost.smsc.scheduler import Scheduler
from simpost.smsc.submit_handler import SubmitHandler
from simpost.smsc.terminal_output import line_of_loss, line_of_message
from simpost.smsc.views import StatsView, stats_view

MAX_SESSIONS: Final = 1000
_ID_BITS: Final = 48


class Simulator:
    """An SMSC with handsets: `start`, bind to `port`, look at `http_port`, `stop`.

    Attributes:
        options: as given, the password that was made up included.
        counters: what was counted since the start.
        handsets: what they show.
        offline: which of them are off, and how many texts wait for each.
    """

    def __init__(self, options: SimulatorOptions | None = None) -> None:
        self.options = options = options or SimulatorOptions()
        self.counters = Counters()
        self.handsets = Handsets(time.time)
        self.offline = OfflineHandsets()
        self._record = SubmitRecord(options.keep_submits)
        self._scheduler = Scheduler()
        self._receipts = DeliverQueue(
            self.counters.receipts, self._scheduler, retry_s=options.retry_s
        )
        self._messages = DeliverQueue(
            self.counters.messages, self._scheduler, retry_s=options.retry_s
        )
        self._feed = EventStream(self.stats, self.offline, packed=options.gsm7_packed)
        self._random = random.Random(options.seed)  # noqa: S311  no secret
        ledger = AcceptedSubmits()
        self._delivery = Delivery(
            self.handsets,
            self.offline,
            ledger,
            self._receipts,
            self._scheduler,
            id_base=options.id_base,
            clock=time.time,
            on_shown=self._on_shown,
            on_switched=self._feed.switched,
            on_lost=self._on_lost,
        )
        self._exchange = SubmitHandler(
            options.behaviour or ByNumber(options.response_delay_s, options.receipt_delay_s),
            self._delivery,
            self._scheduler,
            self.counters,
            self._record,
            first_id=self._random.getrandbits(_ID_BITS),
            id_base=options.id_base,
            packed=options.gsm7_packed,
            default_coding=options.default_coding,
            clock=time.monotonic,
            deliver_queues=(self._receipts, self._messages),
        )
        self._centre = MessageCentre(
            self._exchange,
            ledger,
            (self._receipts, self._messages),
            self.counters,
            system_id=options.system_id,
            password=options.password,
            clock=time.time,
        )
        settings = SessionSettings(
            window=options.window,
            response_timeout_s=options.response_timeout_s,
            interface_version=SMPP_5_0,
        )
        server = SmppServer(
            self._centre.authenticate,
            self._centre,
            settings,
            system_id=options.system_id,
            max_sessions=MAX_SESSIONS,
        )
        self._listener = SmscListener(server, self._centre, settings)
        self._http: HttpServer | None = None
        self._http_socket: socket.socket | None = None
        self.set_faults(options.faults)

    @property
    def port(self) -> int:
        """Where ESMEs bind."""
        return self._listener.port

    @property
    def http_port(self) -> int:
        assert self._http_socket is not None, "not started"
        return int(self._http_socket.getsockname()[1])

    def stats(self) -> StatsView:
        """What `GET /stats` tells."""
        return stats_view(
            self.counters,
            bound=self._centre.bound,
            submits=self._record.count,
            receipts_pending=self._receipts.pending,
            messages_pending=self._messages.pending,
            faults=self._exchange.rules.applied() if self._exchange.rules else {},
            handsets=len(self.handsets),
            off=len(self.offline),
        )

    @property
    def submits(self) -> Sequence[ReceivedSubmit]:
        """The latest `keep_submits` submits in the order of the wire, oldest first."""
        return self._record.latest

    async def until_submits(self, count: int) -> None:
        """Until so many submits have come since the start."""
        await self._record.until(count)

    @property
    def faults(self) -> Faults:
        """The rules in force."""
        return self._exchange.rules.faults if self._exchange.rules else Faults()

    def set_faults(self, faults: Faults | None) -> None:
        """Put rules in force; their counts, their times and their randomness begin anew."""
        rules = FaultRules(faults, self.options.seed, time.monotonic) if faults else None
        self._exchange.rules = rules if rules and rules.faults.rules else None

    def handset_off(self, number: str) -> bool:
        """Texts to it wait until it is on again; False when too many handsets are off."""
        return self._delivery.switch_off(number.removeprefix("+"))

    def handset_on(self, number: str) -> None:
        """It shows what waited, and receipts are sent."""
        self._delivery.switch_on(number.removeprefix("+"))

    async def send_from_handset(self, number: str, to: str, text: str) -> HandsetMessage | None:
        """A text from a handset to the ESME, as deliver_sm to any bound receiver.

        Returns it with what the ESME first answered to each part, or None when no receiver is
        bound. Raises TextError and ValueError for what no phone could send.
        """
        if not self._messages.has_receiver:
            return None
        number = number.removeprefix("+")
        reference = self._random.getrandbits(8)
        parts = parts_of(
            text,
            reference=reference,
            packed=self.options.gsm7_packed,
            default=self.options.default_alphabet,
        )
        delivers = [MobileOriginated(number, to, part) for part in parts]
        delivers[0].pdu()  # raises before anything is shown
        message = self.handsets.sent(number, to, parts)
        self._on_shown(number, message)
        for deliver in delivers:
            self._messages.post(deliver)
        answers = [deliver.answer for deliver in delivers]
        await asyncio.wait(answers, timeout=self.options.response_timeout_s)
        for deliver in delivers:
            deliver.answered(None)  # of those that still wait for a receiver
        message.responses = [answer.result() for answer in answers]
        self._on_shown(number, message)
        return message

    def _on_shown(self, number: str, message: HandsetMessage) -> None:
        self._feed.shown(number, message)
        if (tell := self.options.on_line) is not None:
            line = line_of_message(number, message, packed=self.options.gsm7_packed)
            if line is not None:
                tell(line)

    def _on_lost(self, number: str, taken: AcceptedSubmit) -> None:
        if self.options.on_line is not None:
            self.options.on_line(line_of_loss(number, taken))

    def forget_handsets(self) -> None:
        """All of them, with what they show and what waits for them; every handset is on."""
        self.handsets.clear()
        self.offline.clear()
        self._feed.cleared()

    def disconnect(self) -> int:
        """Reset every SMPP connection; returns how many."""
        lines = self._listener.lines
        for line in lines:
            line.wire.release()
            line.wire.reset()
        return len(lines)

    async def start(self) -> None:
        """Listen on both ports. Raises ConfigError when one cannot be had."""
        host, port, http_port = self.options.host, self.options.port, self.options.http_port
        tls = self.options.tls()
        with refusing(host, port):
            await self._listener.listen(host, port, tls)
        try:
            with refusing(host, http_port):
                family = socket.AF_INET6 if ":" in host else socket.AF_INET
                listener = socket.create_server((host, http_port), family=family)
        except ConfigError:
            await self._listener.close()
            raise
        self._http_socket = listener
        self._http = await serve_http(build(self, self._feed), listener, host)

    async def stop(self) -> None:
        """Unbind every session, send every watcher away, and close both ports."""
        await self._listener.close()
        self._scheduler.close()
        for deliver_queue in (self._receipts, self._messages):
            deliver_queue.abandon_all()
        self._feed.close()
        if self._http is not None:
            await self._http.stop()
