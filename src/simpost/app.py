"""The whole service, wired: the only module that knows everyone."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import signal
import socket
import sys
import time
from collections.abc import AsyncIterator, Callable, Sequence
from functools import partial

from uuid_utils import uuid7

from simpost import __version__
from simpost.api import Services, build
from simpost.api.admin_only import admin_only
from simpost.api.tracing import with_trace_context
from simpost.carriers.registry import build_carrier
from simpost.cluster.clock import SharedClock, passed_s
from simpost.cluster.facade import Cluster
from simpost.cluster.node import Node
from simpost.cluster.node_name import new_name
from simpost.cluster.shared_rate_limit import SharedRateLimits
from simpost.cluster.single_node import SingleNode
from simpost.config import Settings
from simpost.domain.inbound import InboundPart
from simpost.domain.reasons import Reason
from simpost.errors import ConfigError
from simpost.http import HostRules, HttpServer, Limits, TrustedProxies
from simpost.messaging.accounts import Accounts
from simpost.messaging.carrier_control import CarrierControl
from simpost.messaging.dispatch import Dispatch
from simpost.messaging.failover import Failover
from simpost.messaging.from_settings import numbers_of, repeats_of, retry_policy_of, routing_of
from simpost.messaging.inbound import InboundService
from simpost.messaging.inbound_routing import InboundRouter
from simpost.messaging.intake import Intake
from simpost.messaging.maintenance import Maintenance
from simpost.messaging.metrics_collector import MetricsCollector
from simpost.messaging.plain_text_receipts import PlainTextReceipts
from simpost.messaging.readiness import Readiness
from simpost.messaging.reload import Reload
from simpost.messaging.tracing import TracedIntake, trace_carrier_events
from simpost.observe import get_logger
from simpost.observe.tracing import Tracing, start_exporting
from simpost.ports.cluster import ACCOUNTS_CHANGED, RELOAD_ORDERED, ClusterStore, NewNode
from simpost.ports.store import Store
from simpost.runtime.clock import SteadyClock, wall_clock_ms
from simpost.store import SqliteStore

_SWITCH_S = 0.0001
"""How long the writer's thread may wait for the interpreter's lock; Python's own 5 ms, several
times a commit, was most of the time a caller waited."""
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


def tune_interpreter() -> None:
    """What was loaded to start stays; looking for garbage in it again and again costs 4 %."""
    sys.setswitchinterval(_SWITCH_S)
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 50, 100)


def end_on_hangup(loop: asyncio.AbstractEventLoop, end: Callable[[], None]) -> None:
    """Call `end` when the terminal is closed, unless the caller ignores that (`nohup`)."""
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
        loop.add_signal_handler(signal.SIGHUP, end)


class App:
    """One simpost: a store, its engine, its carriers and its APIs.

    `reread` gives the settings as the file has them now, for a reload; it raises ConfigError.
    With `nodes` it is one of several, under the name of `owner`. `handsets_url` is linked at `/`.
    """

    handsets_url = ""

    def __init__(
        self,
        settings: Settings,
        store: Store,
        reread: Callable[[], Settings] | None = None,
        owner: str = SingleNode.name,
        tracing: Tracing | None = None,
        nodes: ClusterStore | None = None,
    ) -> None:
        clock = SharedClock() if nodes else None
        self._steady = SteadyClock()
        clock_ms = clock.now_ms if clock else self._steady.now_ms
        self._door_clock_ms = clock.now_ms if clock else wall_clock_ms
        self._clock = clock
        make_carrier = partial(build_carrier, owned=() if nodes else None, clock_ms=clock_ms)
        self.settings = settings
        self._tracing = tracing
        self.store = store
        paces = SharedRateLimits(nodes, time.monotonic) if nodes else None
        self.accounts = Accounts(store.accounts, shared=paces)
        messages = settings.messages
        self.dispatch = Dispatch(
            store,
            owner=owner,
            retry_policy=retry_policy_of(messages),
            clock_ms=clock_ms,
            inbound=self._take_inbound,
            wrap_events=partial(trace_carrier_events, tracing) if tracing else None,
        )
        for carrier in settings.carriers:
            self.dispatch.add(make_carrier(carrier))
        routing = routing_of(settings.routes, self.dispatch)
        self._maintenance = Maintenance(
            store,
            owner=owner,
            repeats=repeats_of(messages),
            receipt_grace_ms=1000 * messages.receipt_grace_s,
            keep_days=messages.keep_days,
            keep_events_days=settings.events.keep_days,
            clock_ms=clock_ms,
            leads=self._leads,
        )
        make_intake = partial(TracedIntake, tracing=tracing) if tracing else Intake
        self.intake = make_intake(
            store,
            routing,
            self.dispatch.lanes,
            new_id=self._new_id,
            clock_ms=clock_ms,
            validity_s=messages.validity_s,
        )
        self.inbound = InboundService(
            store.inbound,
            InboundRouter(store.inbound, self.accounts, numbers_of(settings)),
            self.intake,
            new_id=self._new_id,
            clock_ms=clock_ms,
            leads=self._leads,
        )
        self._unmarked = PlainTextReceipts(store, self.inbound.receive)
        self._failover = Failover(
            store, self.accounts, self.dispatch, routing, clock_ms=clock_ms, leads=self._leads
        )
        self.measures = MetricsCollector(
            store.health,
            self.dispatch,
            self.intake,
            self.inbound,
            self._maintenance,
            self._failover,
            clock_ms=clock_ms,
            leads=self._leads,
        )
        self._readiness = Readiness(
            store.health, self.dispatch, clock_ms=clock_ms, time_s=time.monotonic
        )
        self.reload = Reload(
            settings,
            reread or (lambda: settings),
            make_carrier,
            dispatch=self.dispatch,
            intake=self.intake,
            maintenance=self._maintenance,
            failover=self._failover,
            inbound=self.inbound,
        )
        self.cluster: Cluster = SingleNode(self.reload.run)
        if nodes and clock:
            self.cluster = Node(
                NewNode(
                    owner,
                    uuid7().bytes,
                    tuple(sorted(settings.node.roles)),
                    __version__,
                    settings.node.lease_s,
                ),
                nodes,
                self.dispatch,
                self.accounts,
                clock,
                self._maintenance.recover_leases_of,
                self.reload,
                yield_binds_after_s=settings.node.yield_binds_after_s,
                time_s=passed_s,
            )

    def on_notification(self, news: str) -> None:
        """Another node accepted parts for the carrier of that name, or something changed."""
        if lane := self.dispatch.lanes.get(news):
            lane.wake()
        elif news in (ACCOUNTS_CHANGED, RELOAD_ORDERED):
            self.cluster.on_change()

    def _new_id(self) -> bytes:
        return uuid7(nanoseconds=self._clock.now_ns()).bytes if self._clock else uuid7().bytes

    def _leads(self) -> bool:
        return self.cluster.is_leader

    def _take_inbound(self, part: InboundPart) -> asyncio.Future[Reason | None]:
        return self._unmarked.take(part)

    async def run(
        self,
        listeners: Sequence[socket.socket],
        ready: Callable[[], None],
        *,
        ends_on_hangup: bool = False,
    ) -> None:
        """Serve until SIGINT or SIGTERM, then stop in order: APIs, lanes, carriers.

        SIGHUP reads the configuration again; with `ends_on_hangup` it stops as SIGINT does.

        A side task that dies takes the process with it: half a service is worse than none.
        """
        tune_interpreter()
        await self.cluster.join()
        await self.accounts.reload()
        await self._maintenance.recover_own_leases()
        server = self._http_server()
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGINT, server.end)
        loop.add_signal_handler(signal.SIGTERM, self._leave, server)
        async with asyncio.TaskGroup() as tasks:
            side = [
                tasks.create_task(self._steady.run()),
                tasks.create_task(self._maintenance.run()),
                tasks.create_task(self.inbound.run()),
                tasks.create_task(self._failover.run()),
                tasks.create_task(self.measures.lag.run()),
                tasks.create_task(self.intake.refusals.run()),
            ]
            await self.dispatch.start(tasks)
            side.append(tasks.create_task(self.cluster.run()))
            if ends_on_hangup:
                end_on_hangup(loop, server.end)
            else:
                loop.add_signal_handler(
                    signal.SIGHUP, lambda: tasks.create_task(self.reload.run_and_log())
                )
            ready()
            await server.serve(listeners)
            await self._wind_down()
            self.dispatch.cancel()
            for task in side:
                task.cancel()
        await self.cluster.leave()

    def _leave(self, server: HttpServer) -> None:
        """Say no at /readyz for a while before the port closes; told twice, close them at once."""
        wait_s = 0.0 if self._readiness.is_draining else self.settings.server.drain_s
        self._readiness.is_draining = True
        log.info("stopping", seconds_left=wait_s)
        asyncio.get_running_loop().call_later(wait_s, server.end)

    async def _wind_down(self) -> None:
        self.dispatch.wind_down()
        await self.dispatch.stop()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_GRACE_S):
                await self.dispatch.drained()
                await self.inbound.drained()
        await self.intake.refusals.flush()

    def _http_server(self) -> HttpServer:
        server = self.settings.server
        services = Services(
            store=self.store,
            accounts=self.accounts,
            intake=self.intake,
            carriers=CarrierControl(self.dispatch, self.cluster),
            cluster=self.cluster,
            measures=self.measures,
            readiness=self._readiness,
            clock_ms=self._door_clock_ms,
            admin_token=server.admin_token.get_secret_value(),
            metrics_token=server.metrics_token.get_secret_value(),
            version=__version__,
            max_body_octets=server.max_body_octets,
            timestamp_window_s=server.timestamp_window_s,
            allow_private_webhooks=server.allow_private_webhooks,
            shows_imported_prices=server.plan_prices == "imported",
            handsets_url=self.handsets_url,
        )
        api = build(services)
        if "api" not in self.settings.node.roles:
            api = admin_only(api)
        traced = with_trace_context(api) if self._tracing else api
        return HttpServer(
            traced,
            limits=Limits(
                keep_alive_s=server.keep_alive_s, unread_s=server.unread_response_timeout_s
            ),
            hosts=HostRules.of(server.host, server.allowed_hosts),
            proxies=TrustedProxies(server.trusted_proxies, server.proxy_hops),
            grace_s=_GRACE_S,
        )


@contextlib.asynccontextmanager
async def open_app(
    settings: Settings, reread: Callable[[], Settings] | None = None
) -> AsyncIterator[App]:
    """Open the store and wire everything around it; nothing runs yet."""
    async with _tracing(settings) as tracing, _open(settings, reread, tracing) as app:
        yield app


@contextlib.asynccontextmanager
async def _tracing(settings: Settings) -> AsyncIterator[Tracing | None]:
    """None, and no SDK loaded, where nothing is to be traced; what is left is sent at the end."""
    wanted = settings.tracing
    if not wanted.endpoint:
        yield None
        return
    provider = start_exporting(wanted.endpoint, wanted.sample_ratio, __version__)
    try:
        yield Tracing(provider, wanted.sample_ratio, __version__)
    finally:
        await asyncio.to_thread(provider.shutdown)


@contextlib.asynccontextmanager
async def _open(
    settings: Settings, reread: Callable[[], Settings] | None, tracing: Tracing | None
) -> AsyncIterator[App]:
    at = settings.store
    key = at.secrets_key.get_secret_value()
    if at.is_embedded:
        embedded = await SqliteStore.open(at.path, seal_key=key)
        try:
            yield App(settings, embedded, reread, tracing=tracing)
        finally:
            await embedded.close()
        return
    from simpost.store.postgres import PostgresStore
    from simpost.store.postgres.nodes import PostgresNodes

    node = settings.node.name or new_name()
    store = await PostgresStore.open(
        at.database_url, seal_key=key, node=node, listen_url=at.listen_url
    )
    nodes = PostgresNodes(at.database_url, node=node)
    try:
        app = App(settings, store, reread, node, tracing, nodes)
        store.on_waiting(app.on_notification)
        yield app
    finally:
        await nodes.close()
        await store.close()
