"""The simulator as a whole: an SMSC with handsets, in the caller's event loop."""

from __future__ import annotations

import contextlib
import os
import random
import secrets
import socket
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

import uvicorn

from simpost.errors import ConfigError
from simpost.smpp import SMPP_5_0, Server, SessionSettings
from simpost.smsc.behaviour import Behaviour, ByNumber
from simpost.smsc.centre import Centre, IdFormat
from simpost.smsc.counters import Counters
from simpost.smsc.feed import Feed
from simpost.smsc.handsets import Handsets
from simpost.smsc.http import build
from simpost.smsc.postbox import Postbox
from simpost.smsc.timetable import Timetable
from simpost.smsc.views import StatsView, stats_view

MAX_SESSIONS: Final = 1000
_ID_BITS: Final = 48
_GRACE_S: Final = 2


@dataclass(frozen=True, slots=True)
class SimulatorOptions:
    """How a simulator is to be.

    Attributes:
        port, http_port: 0 takes a free one, told by the simulator's properties.
        password: at most 8 characters, as SMPP has it; made up when not given.
        id_format: how message ids are written in answers and receipts.
        gsm7_packed: data_coding 0 carries septets packed as on the air, not one an octet.
        answer_delay_s, receipt_delay_s: given to the default behaviour.
        retry_s: from a receipt not taken to its repetition.
        window: receipts that may wait for their answer in one session.
        response_timeout_s: the wait for the answer to a receipt.
        seed: message ids begin at the same number for the same seed.
        behaviour: decides what becomes of each submit; None delivers, see `ByNumber`.
    """

    host: str = "127.0.0.1"
    port: int = 0
    http_port: int = 0
    system_id: str = "simpost"
    password: str = field(default_factory=lambda: secrets.token_hex(4), repr=False)
    id_format: IdFormat = "decimal"
    gsm7_packed: bool = False
    answer_delay_s: float = 0.0
    receipt_delay_s: float = 0.0
    retry_s: float = 5.0
    window: int = 10
    response_timeout_s: float = 30.0
    seed: int | None = None
    behaviour: Behaviour | None = None


class Simulator:
    """An SMSC with handsets: `start`, bind to `port`, look at `http_port`, `stop`.

    Attributes:
        options: as given, the password that was made up included.
        counters: what was counted since the start.
        handsets: what they show.
    """

    def __init__(self, options: SimulatorOptions | None = None) -> None:
        self.options = options = options or SimulatorOptions()
        self.counters = Counters()
        self.handsets = Handsets(time.time)
        self._timetable = Timetable()
        self._postbox = Postbox(self.counters, self._timetable, retry_s=options.retry_s)
        self._feed = Feed(self.stats, packed=options.gsm7_packed)
        self._centre = Centre(
            options.behaviour or ByNumber(options.answer_delay_s, options.receipt_delay_s),
            self.handsets,
            self._postbox,
            self._timetable,
            self.counters,
            system_id=options.system_id,
            password=options.password,
            first_id=random.Random(options.seed).getrandbits(_ID_BITS),  # noqa: S311  no secret
            id_format=options.id_format,
            packed=options.gsm7_packed,
            clock=time.time,
            on_shown=self._feed.shown,
        )
        settings = SessionSettings(
            window=options.window,
            response_timeout_s=options.response_timeout_s,
            interface_version=SMPP_5_0,
        )
        self._smpp = Server(
            self._centre.authenticate,
            self._centre,
            settings,
            system_id=options.system_id,
            max_sessions=MAX_SESSIONS,
        )
        self._http: uvicorn.Server | None = None
        self._http_socket: socket.socket | None = None

    @property
    def port(self) -> int:
        """Where ESMEs bind."""
        return self._smpp.port

    @property
    def http_port(self) -> int:
        assert self._http_socket is not None, "not started"
        return int(self._http_socket.getsockname()[1])

    def stats(self) -> StatsView:
        """What `GET /stats` tells."""
        return stats_view(
            self.counters,
            bound=self._centre.bound,
            pending=self._postbox.pending,
            handsets=len(self.handsets),
        )

    async def start(self) -> None:
        """Listen on both ports. Raises ConfigError when one cannot be had."""
        host, port, http_port = self.options.host, self.options.port, self.options.http_port
        with _refusing(host, port):
            await self._smpp.listen(host, port)
        try:
            with _refusing(host, http_port):
                family = socket.AF_INET6 if ":" in host else socket.AF_INET
                listener = socket.create_server((host, http_port), family=family)
        except ConfigError:
            await self._smpp.close()
            raise
        self._http_socket = listener
        self._http = await self._serve_http(listener)

    async def stop(self) -> None:
        """Unbind every session, send every watcher away, and close both ports."""
        await self._smpp.close()
        self._timetable.close()
        self._feed.close()
        if self._http is not None and self._http_socket is not None:
            await self._http.shutdown(sockets=[self._http_socket])

    async def _serve_http(self, listener: socket.socket) -> uvicorn.Server:
        """Without `Server.serve`: that would take the signals of the process for itself."""
        config = uvicorn.Config(
            build(self.handsets, self._feed, self.stats, packed=self.options.gsm7_packed),
            lifespan="off",
            ws="none",
            access_log=False,
            log_config=None,
            server_header=False,
            date_header=False,
            timeout_graceful_shutdown=_GRACE_S,
        )
        config.load()
        server = uvicorn.Server(config)
        server.lifespan = config.lifespan_class(config)
        await server.startup(sockets=[listener])
        return server


@contextlib.contextmanager
def _refusing(host: str, port: int) -> Iterator[None]:
    """A port that cannot be had, as one sentence."""
    try:
        yield
    except OSError as error:
        why = os.strerror(error.errno) if error.errno else str(error)
        raise ConfigError(
            f"cannot listen on {host} port {port}: {why}. Is another simulator running? "
            "Choose another port."
        ) from None
