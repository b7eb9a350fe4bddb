"""Builds the components of one simpost and runs them: the only module that knows every room."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import socket
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
from simpost.cluster.node import Node
from simpost.cluster.node_name import new_name
from simpost.cluster.shared_rate_limit import SharedRateLimits
from simpost.cluster.single_node import SingleNode
from simpost.config import Settings
from simpost.domain.inbound import InboundPart
from simpost.domain.reasons import Reason
from simpost.http import HostRules, HttpServer, Limits, TrustedProxies
from simpost.messaging.accounts import Accounts
from simpost.messaging.carrier_control import CarrierControl
from simpost.messaging.configured_carriers import ConfiguredCarriers, RemovedCarriers
from simpost.messaging.dispatch import Dispatch
from simpost.messaging.failover import Failover
from simpost.messaging.from_settings import numbers_of, repeats_of, retry_policy_of
from simpost.messaging.inbound import InboundService
from simpost.messaging.inbound_routing import InboundRouter
from simpost.messaging.intake import Intake
from simpost.messaging.maintenance import Maintenance
from simpost.messaging.plain_text_receipts import PlainTextReceipts
from simpost.messaging.release import Release
from simpost.messaging.tracing import TracedIntake, trace_carrier_events
from simpost.observe import get_logger
from simpost.observe.tracing import Tracing, start_exporting
from simpost.ports.cluster import ACCOUNTS_CHANGED, RELOAD_ORDERED, ClusterStore, NewNode
from simpost.ports.store import Store
from simpost.runtime.clock import SteadyClock, wall_clock_ms
from simpost.runtime.component import Component
from simpost.runtime.metrics_collector import MetricsCollector
from simpost.runtime.process import end_on_hangup, tune_interpreter
from simpost.runtime.readiness import Readiness
from simpost.runtime.reload import Reload
from simpost.store import SqliteStore

_GRACE_S = 10

log = get_logger(__name__)


class App:
    """One simpost: a store, messaging, carriers and HTTP APIs, built and in order.

    `reread` returns the settings as the file has them now, for a reload; it raises ConfigError.
    With `nodes` it is one node of several, under the name of `owner`. `handsets_url` is linked
    at `/`.
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
        self.settings, self.store, self._tracing = settings, store, tracing
        self._clock: SteadyClock | SharedClock = SharedClock() if nodes else SteadyClock()
        clock_ms = self._clock.now_ms
        rate_limits = SharedRateLimits(nodes, time.monotonic) if nodes else None
        self.accounts = Accounts(store.accounts, shared=rate_limits)
        self.dispatch = self._build_dispatch(owner)
        make_carrier = partial(build_carrier, owned=() if nodes else None, clock_ms=clock_ms)
        carriers = ConfiguredCarriers(self.dispatch, make_carrier, settings.carriers)
        self.intake = self._build_intake()
        self.inbound = self._build_inbound()
        self._receipts = PlainTextReceipts(store, self.inbound.receive)
        self._failover = self._build_failover()
        self._maintenance = self._build_maintenance(owner)
        # In the order in which they apply new settings: routes change before carriers go.
        services = (self.dispatch, self.intake, self.inbound, self._failover, self._maintenance)
        changing = (carriers, *services, RemovedCarriers(self.dispatch))
        self.reload = Reload(settings, reread or (lambda: settings), changing)
        self.cluster = self._build_cluster(owner, nodes)
        release = Release(
            store.held, self.intake, self.accounts, self.dispatch.lanes, clock_ms=clock_ms
        )
        counting = (self._clock, self.cluster, *changing, release)
        self._metrics = MetricsCollector(
            store.health, counting, lambda: self.dispatch.lanes, clock_ms=clock_ms
        )
        self._components: tuple[Component, ...] = (*counting, self._metrics)
        self._readiness = Readiness(
            store.health, self.dispatch.is_any_available, clock_ms=clock_ms, time_s=time.monotonic
        )

    def _build_dispatch(self, owner: str) -> Dispatch:
        tracing = self._tracing
        return Dispatch(
            self.store,
            owner=owner,
            retry_policy=retry_policy_of(self.settings.messages),
            clock_ms=self._clock.now_ms,
            inbound=self._receive,
            wrap_events=partial(trace_carrier_events, tracing) if tracing else None,
        )

    def _build_intake(self) -> Intake:
        make = partial(TracedIntake, tracing=self._tracing) if self._tracing else Intake
        return make(
            self.store,
            self.dispatch.routing(self.settings),
            self.dispatch,
            new_id=self._new_id,
            clock_ms=self._clock.now_ms,
            validity_s=self.settings.messages.validity_s,
        )

    def _build_inbound(self) -> InboundService:
        return InboundService(
            self.store.inbound,
            InboundRouter(self.store.inbound, self.accounts, numbers_of(self.settings)),
            self.intake,
            new_id=self._new_id,
            clock_ms=self._clock.now_ms,
            is_leader=self._is_leader,
        )

    def _build_failover(self) -> Failover:
        return Failover(
            self.store,
            self.accounts,
            self.dispatch,
            self.intake.routing,
            clock_ms=self._clock.now_ms,
            is_leader=self._is_leader,
        )

    def _build_maintenance(self, owner: str) -> Maintenance:
        messages = self.settings.messages
        return Maintenance(
            self.store,
            owner=owner,
            repeats=repeats_of(messages),
            receipt_grace_ms=1000 * messages.receipt_grace_s,
            keep_days=messages.keep_days,
            keep_events_days=self.settings.events.keep_days,
            clock_ms=self._clock.now_ms,
            is_leader=self._is_leader,
        )

    def _build_cluster(self, owner: str, nodes: ClusterStore | None) -> Node | SingleNode:
        if nodes is None or not isinstance(self._clock, SharedClock):
            return SingleNode(self.reload.run)
        node = self.settings.node
        roles = tuple(sorted(node.roles))
        return Node(
            NewNode(owner, uuid7().bytes, roles, __version__, node.lease_s),
            nodes,
            self.dispatch,
            self.accounts.reload,
            self._clock,
            self._maintenance.recover_leases_of,
            self.reload,
            yield_binds_after_s=node.yield_binds_after_s,
            time_s=passed_s,
        )

    def on_notification(self, news: str) -> None:
        """Another node accepted parts for the carrier of that name, or something changed."""
        if lane := self.dispatch.lanes.get(news):
            lane.wake()
        elif news in (ACCOUNTS_CHANGED, RELOAD_ORDERED):
            self.cluster.on_change()

    def _new_id(self) -> bytes:
        if isinstance(self._clock, SharedClock):
            return uuid7(nanoseconds=self._clock.now_ns()).bytes
        return uuid7().bytes

    def _is_leader(self) -> bool:
        return self.cluster.is_leader

    def _receive(self, part: InboundPart) -> asyncio.Future[Reason | None]:
        return self._receipts.take(part)

    async def run(
        self,
        listeners: Sequence[socket.socket],
        ready: Callable[[], None],
        *,
        ends_on_hangup: bool = False,
    ) -> None:
        """Serve until SIGINT or SIGTERM, then stop in order: APIs, lanes, carriers.

        SIGHUP reads the configuration again; with `ends_on_hangup` it stops as SIGINT does.

        A component that fails stops the process: half a service is worse than none.
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
            running = [tasks.create_task(each.run()) for each in self._components]
            await self.dispatch.wait_started()
            if ends_on_hangup:
                end_on_hangup(loop, server.end)
            else:
                loop.add_signal_handler(
                    signal.SIGHUP, lambda: tasks.create_task(self.reload.run_and_log())
                )
            ready()
            await server.serve(listeners)
            await self._wind_down()
            for task in running:
                task.cancel()
        await self.cluster.leave()

    def _leave(self, server: HttpServer) -> None:
        """Say no at /readyz for a while before the port closes; told twice, close it at once."""
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
            measures=self._metrics,
            readiness=self._readiness,
            clock_ms=self._clock.now_ms if isinstance(self._clock, SharedClock) else wall_clock_ms,
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
