"""The whole service, wired: the only module that knows everyone."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import socket
from collections.abc import AsyncIterator, Callable, Iterator

import uvicorn
from uuid_utils import uuid7

from simpost import __version__
from simpost.api import Services, build
from simpost.api.onewrite import OneWriteProtocol
from simpost.carriers.smpp import SmppCarrier
from simpost.config import Settings
from simpost.engine.accounts import Accounts
from simpost.engine.clock import wall_clock_ms
from simpost.engine.intake import Intake
from simpost.engine.keeper import Keeper
from simpost.engine.lane import Lane
from simpost.engine.receiving import ReceiptDesk
from simpost.engine.routes import Route, Routing
from simpost.engine.settling import Patience
from simpost.errors import ConfigError
from simpost.observe import get_logger
from simpost.ports.store import Store
from simpost.store import SqliteStore

OWNER = "embedded"
"""The one node of an embedded store, under whose name parts are leased."""

_BACKLOG = 2048
_GRACE_S = 10

log = get_logger(__name__)


def listen(host: str, port: int) -> socket.socket:
    """Take the HTTP port. Raises ConfigError when it cannot be had."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=_BACKLOG)
    except OSError as error:
        raise ConfigError(
            f"cannot listen on {host} port {port}: {error.strerror}. Is another simpost running? "
            "Choose another port."
        ) from None


class _HttpServer(uvicorn.Server):
    """Leaves the signals to us: the lanes are wound down after the doors, not killed with them."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    def end(self) -> None:
        self.should_exit = True


class App:
    """One simpost: a store, its engine, its carriers and its doors."""

    def __init__(self, settings: Settings, store: Store) -> None:
        self.settings = settings
        self.store = store
        self.accounts = Accounts(store)
        repeat = frozenset(str(category) for category in settings.messages.repeat_in_doubt)
        self._receipts = ReceiptDesk(store)
        self.carriers = {carrier.name: SmppCarrier(carrier) for carrier in settings.carriers}
        self._lanes = {
            name: Lane(
                carrier,
                store,
                self._receipts,
                owner=OWNER,
                depth=carrier.depth,
                patience=Patience(repeat_in_doubt=repeat),
                clock_ms=wall_clock_ms,
            )
            for name, carrier in self.carriers.items()
        }
        self._keeper = Keeper(store, owner=OWNER, repeat_in_doubt=repeat, clock_ms=wall_clock_ms)
        self.intake = Intake(
            store,
            Routing(
                routes=tuple(
                    Route(
                        carriers=route.order,
                        **route.model_dump(exclude={"carrier", "carriers"}),
                    )
                    for route in settings.routes
                ),
                carriers={name: carrier.traits for name, carrier in self.carriers.items()},
            ),
            self._lanes,
            new_id=lambda: uuid7().bytes,
            clock_ms=wall_clock_ms,
            validity_s=settings.messages.validity_s,
        )

    async def run(self, listener: socket.socket, ready: Callable[[], None]) -> None:
        """Serve until SIGINT or SIGTERM, then stop in order: doors, lanes, carriers.

        A side task that dies takes the process with it: half a service is worse than none.
        """
        await self.accounts.reload()
        await self._keeper.take_stock()
        server = _HttpServer(self._http_config())
        for wanted in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(wanted, server.end)
        async with asyncio.TaskGroup() as tasks:
            side = [
                tasks.create_task(self._receipts.run()),
                tasks.create_task(self._keeper.run()),
                *(tasks.create_task(lane.run()) for lane in self._lanes.values()),
            ]
            for name, carrier in self.carriers.items():
                await carrier.start(self._lanes[name])
            ready()
            await server.serve(sockets=[listener])
            await self._wind_down()
            for task in side:
                task.cancel()

    async def _wind_down(self) -> None:
        for lane in self._lanes.values():
            lane.close()
        await asyncio.gather(*(carrier.stop() for carrier in self.carriers.values()))
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_GRACE_S):
                await asyncio.gather(*(lane.drained() for lane in self._lanes.values()))
                await self._receipts.drained()

    def _http_config(self) -> uvicorn.Config:
        server = self.settings.server
        services = Services(
            store=self.store,
            accounts=self.accounts,
            intake=self.intake,
            clock_ms=wall_clock_ms,
            operator_token=server.operator_token.get_secret_value(),
            version=__version__,
            max_body_octets=server.max_body_octets,
            timestamp_window_s=server.timestamp_window_s,
            allow_private_webhooks=server.allow_private_webhooks,
        )
        return uvicorn.Config(
            build(services),
            http=OneWriteProtocol,
            lifespan="off",
            access_log=False,
            log_config=None,
            server_header=False,
            date_header=False,
            timeout_graceful_shutdown=_GRACE_S,
        )


@contextlib.asynccontextmanager
async def open_app(settings: Settings) -> AsyncIterator[App]:
    """Open the store and wire everything around it; nothing runs yet."""
    store = await SqliteStore.open(
        settings.store.path, seal_key=settings.store.secrets_key.get_secret_value()
    )
    try:
        yield App(settings, store)
    finally:
        await store.close()
