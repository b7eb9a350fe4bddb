"""The simulator: an SMSC with handsets, in the caller's event loop."""

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
from simpost.smsc.http import build_app
from simpost.smsc.http_server import explain_listen_errors, serve_http
from simpost.smsc.listener import SmscListener
from simpost.smsc.mobile_originated import NO_RESPONSE, MobileOriginated, parts_of
from simpost.smsc.offline_handsets import OfflineHandsets
from simpost.smsc.options import SimulatorOptions
from simpost.smsc.reassembly import HandsetMessage
from simpost.smsc.record import ReceivedSubmit, SubmitLog
from simpost.smsc.rules import FaultRules
from simpost.smsc.scheduler import Scheduler
from simpost.smsc.submit_handler import SubmitHandler
from simpost.smsc.terminal_output import message_line, undelivered_line
from simpost.smsc.text_query import FoundText, TextWaiters
from simpost.smsc.upstreams.api import UpstreamApi
from simpost.smsc.upstreams.callbacks import Callbacks
from simpost.smsc.upstreams.catalogue import UpstreamCatalogue
from simpost.smsc.upstreams.messages import UpstreamMessages
from simpost.smsc.upstreams.replies import HandsetReply, ReplyName, reply_requests
from simpost.smsc.upstreams.routes import upstream_routes
from simpost.smsc.upstreams.texts import UpstreamTexts
from simpost.smsc.views import StatsView, stats_view

MAX_SESSIONS: Final = 1000
_MAX_TURN_S: Final = 60.0
_ID_BITS: Final = 48


class Simulator:
    """An SMSC with handsets: `start` it, bind to `port`, open `http_port`, `stop` it.

    Attributes:
        options: as given, or with a generated password.
        counters: counts since the start.
        handsets: the handsets and their texts.
        offline: the handsets that are off, and their pending texts.
        waiters: the requests that wait for a text.
    """

    def __init__(self, options: SimulatorOptions | None = None) -> None:
        self.options = options = options or SimulatorOptions()
        self.counters = Counters()
        self.handsets = Handsets(time.time, max_octets=options.max_octets)
        self.offline = OfflineHandsets()
        self.waiters = TextWaiters()
        self._submit_log = SubmitLog(options.keep_submits)
        self._scheduler = Scheduler()
        self._receipts = DeliverQueue(
            self.counters.receipts, self._scheduler, retry_s=options.retry_s
        )
        self._messages = DeliverQueue(
            self.counters.messages, self._scheduler, retry_s=options.retry_s
        )
        self._events = EventStream(self.stats, self.offline, packed=options.gsm7_packed)
        self._random = random.Random(options.seed)  # noqa: S311  not secret
        accepted = AcceptedSubmits()
        self._delivery = Delivery(
            self.handsets,
            self.offline,
            accepted,
            self._receipts,
            self._scheduler,
            id_base=options.id_base,
            clock=time.time,
            on_message=self._on_message,
            on_handset_changed=self._events.on_handset_changed,
            on_undelivered=self._on_undelivered,
        )
        self._submit_handler = SubmitHandler(
            options.behaviour or ByNumber(options.response_delay_s, options.receipt_delay_s),
            self._delivery,
            self._scheduler,
            self.counters,
            self._submit_log,
            first_id=self._random.getrandbits(_ID_BITS),
            id_base=options.id_base,
            packed=options.gsm7_packed,
            default_coding=options.default_coding,
            clock=time.monotonic,
            deliver_queues=(self._receipts, self._messages),
        )
        self._callbacks = Callbacks(
            self.counters.callbacks,
            self._scheduler,
            retry_s=options.retry_s,
            response_timeout_s=options.response_timeout_s,
        )
        messages = UpstreamMessages(time.time)
        texts = UpstreamTexts(
            self._submit_handler, self._delivery, messages, self._callbacks, options
        )
        self._upstreams = UpstreamApi(
            texts, messages, self.counters, options.upstream_secret, options.catalogue
        )
        self._centre = MessageCentre(
            self._submit_handler,
            accepted,
            (self._receipts, self._messages),
            self.counters,
            system_id=options.system_id,
            password=options.password,
            is_open=options.open_binds,
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
        self._replies = 0
        self._http: HttpServer | None = None
        self._http_socket: socket.socket | None = None
        self.set_faults(options.faults)

    @property
    def port(self) -> int:
        """The SMPP port."""
        return self._listener.port

    @property
    def http_port(self) -> int:
        """The port of the page and its JSON."""
        assert self._http_socket is not None, "not started"
        return int(self._http_socket.getsockname()[1])

    def stats(self) -> StatsView:
        """The counters of `GET /stats`."""
        return stats_view(
            self.counters,
            bound=self._centre.bound,
            submits=self._submit_log.count,
            receipts_pending=self._receipts.pending,
            messages_pending=self._messages.pending,
            callbacks_pending=self._callbacks.pending,
            faults=self._submit_handler.rules.counts() if self._submit_handler.rules else {},
            handsets=len(self.handsets),
            off=len(self.offline),
        )

    @property
    def submits(self) -> Sequence[ReceivedSubmit]:
        """The latest `keep_submits` submits in the order they were received."""
        return self._submit_log.latest

    async def wait_for_submits(self, count: int) -> None:
        """Wait until this many submits were received since the start."""
        await self._submit_log.wait_for(count)

    @property
    def faults(self) -> Faults:
        """The active rules."""
        return self._submit_handler.rules.faults if self._submit_handler.rules else Faults()

    def set_faults(self, faults: Faults | None) -> None:
        """Replace the rules; their counters, times and random numbers start again."""
        rules = FaultRules(faults, self.options.seed, time.monotonic) if faults else None
        self._submit_handler.rules = rules if rules and rules.faults.rules else None

    @property
    def catalogue(self) -> UpstreamCatalogue:
        """The plans and eSIMs that the upstream APIs list."""
        return self._upstreams.catalogue

    def set_catalogue(self, catalogue: UpstreamCatalogue) -> None:
        """Replace all plans and eSIMs that the upstream APIs list."""
        self._upstreams.catalogue = catalogue

    def handset_off(self, number: str) -> bool:
        """Switch a handset off: its texts are pending. False when too many handsets are off."""
        return self._delivery.switch_off(number.removeprefix("+"))

    def handset_on(self, number: str) -> None:
        """Switch a handset on: it shows its pending texts, receipts are sent, nothing is full."""
        self._delivery.switch_on(number.removeprefix("+"))

    def fill_handset(self, number: str) -> bool:
        """Let the memory of a handset be full: texts to it are undeliverable. False: no room."""
        return self._delivery.fill(number.removeprefix("+"))

    def delay_handset(self, number: str, delay_s: float) -> bool:
        """Let a handset show texts, and their receipts follow, after this time. False: no room."""
        return self._delivery.delay(number.removeprefix("+"), delay_s)

    async def send_from_handset(self, number: str, to: str, text: str) -> HandsetMessage | None:
        """Send a text from a handset to the ESME, as deliver_sm to any bound receiver.

        Returns it with the first response of the ESME to each part, or None when no receiver is
        bound. Raises TextError or ValueError for a text or destination that a phone cannot send.
        """
        number = number.removeprefix("+")
        system_id = self._system_id_for(number, to)
        if not self._messages.has_receiver(system_id):
            return None
        reference = self._random.getrandbits(8)
        parts = parts_of(
            text,
            reference=reference,
            packed=self.options.gsm7_packed,
            default=self.options.default_alphabet,
        )
        delivers = [MobileOriginated(number, to, part, system_id) for part in parts]
        delivers[0].build_pdu()  # raises for an invalid destination, before anything is shown
        message = self.handsets.add_sent(number, to, parts)
        self._on_message(number, message)
        for deliver in delivers:
            self._messages.add(deliver)
        responses = [deliver.first_response for deliver in delivers]
        await asyncio.wait(responses, timeout=self.options.response_timeout_s)
        for deliver in delivers:
            deliver.on_response(None)  # parts without a response in time
        message.responses = [response.result() for response in responses]
        self._on_message(number, message)
        return message

    def _system_id_for(self, number: str, to: str) -> str:
        """Of the sessions that get a text from a handset: those of the one it answers; or empty."""
        handset = self.handsets.find(number)
        texts = handset.texts if handset else []
        return next((each.system_id for each in reversed(texts) if each.source == to), "")

    async def reply_by_http(
        self, name: ReplyName, number: str, to: str, text: str
    ) -> HandsetMessage | None:
        """Send a text from a handset through an upstream API, to the URL of `callback_urls`.

        Returns it with the status of the first call for each part, or None without a URL. Raises
        TextError or ValueError for a text that the API cannot pass on.
        """
        url = self.options.callback_urls.get(name)
        if not url:
            return None
        number = number.removeprefix("+")
        parts = parts_of(text, reference=0, packed=self.options.gsm7_packed)
        self._replies += 1
        reply = HandsetReply(number, to, text, self._replies)
        requests = reply_requests(name, url, self.options.upstream_secret, reply)
        message = self.handsets.add_sent(number, to, parts)
        self._on_message(number, message)
        passed = [self._callbacks.pass_on(name, request) for request in requests]
        statuses = await asyncio.gather(*passed)
        message.responses = [f"HTTP {each}" if each else NO_RESPONSE for each in statuses]
        self._on_message(number, message)
        return message

    def _on_message(self, number: str, message: HandsetMessage) -> None:
        self.waiters.on_message(number, message)
        self._events.on_message(number, message)
        if (write_line := self.options.write_line) is not None:
            line = message_line(number, message, packed=self.options.gsm7_packed)
            if line is not None:
                write_line(line)

    def _on_undelivered(self, number: str, accepted: AcceptedSubmit) -> None:
        if self.options.write_line is not None:
            self.options.write_line(undelivered_line(number, accepted))

    def clear_handsets(self) -> None:
        """Delete all handsets and their pending texts; every handset is on again."""
        self.handsets.clear()
        self.offline.clear()
        self._events.on_cleared()

    def delete_handset(self, number: str) -> bool:
        """Delete a handset, its texts and its pending texts; False when it is unknown."""
        if not self.handsets.remove(number):
            return False
        self.offline.switch_on(number)
        self._events.on_deleted((), number)
        return True

    def delete_texts(self, texts: Sequence[FoundText]) -> None:
        """Delete some texts; the handsets and their pending texts remain."""
        serials: dict[str, list[int]] = {}
        for number, message in texts:
            serials.setdefault(number, []).append(message.serial)
        for number, each in serials.items():
            self.handsets.remove_texts(number, frozenset(each))
        self._events.on_deleted([message.serial for _, message in texts])

    def add_texts(self, texts: Sequence[tuple[str, HandsetMessage]]) -> None:
        """Add copies of texts to their handsets, as if they had arrived."""
        for number, message in texts:
            self._on_message(number, self.handsets.add_copy(number, message))

    def disconnect(self) -> int:
        """Reset every SMPP connection; returns their number."""
        sessions = self._listener.sessions
        for session in sessions:
            session.wire.unfreeze()
            session.wire.reset()
        return len(sessions)

    async def start(self) -> None:
        """Listen on both ports. Raises ConfigError when one is not available."""
        host, port, http_port = self.options.host, self.options.port, self.options.http_port
        tls = self.options.ssl_context()
        with explain_listen_errors(host, port):
            await self._listener.listen(host, port, tls)
        try:
            with explain_listen_errors(host, http_port):
                family = socket.AF_INET6 if ":" in host else socket.AF_INET
                listener = socket.create_server((host, http_port), family=family)
        except ConfigError:
            await self._listener.close()
            raise
        self._http_socket = listener
        app = build_app(
            self, self._events, upstream_routes(self._upstreams, self.options.callback_urls)
        )
        self._http = await serve_http(app, listener, host)
        self._expire_texts()

    def _expire_texts(self) -> None:
        """Delete old texts, now and from time to time."""
        keep_for_s = self.options.keep_for_s
        if keep_for_s is None:
            return
        expired = self.handsets.expire(time.time() - keep_for_s, self.offline.off)
        if expired:
            self._events.on_deleted(expired)
        self._scheduler.after(min(keep_for_s / 10, _MAX_TURN_S), self._expire_texts)

    async def stop(self) -> None:
        """Unbind every session, end all event streams, and close both ports."""
        await self._listener.close()
        self._scheduler.close()
        for deliver_queue in (self._receipts, self._messages):
            deliver_queue.abandon_all()
        self._events.close()
        self.waiters.close()
        await self._callbacks.stop()
        if self._http is not None:
            await self._http.stop()
