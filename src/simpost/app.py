"""Builds and connects all components of a simpost process; only this module imports them all."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import time
from collections.abc import AsyncIterator, Callable, Sequence
from functools import partial
from typing import NamedTuple

from simpost import __version__
from simpost.api import Services, build_server
from simpost.api.smpp.delivery import ReceiptDelivery
from simpost.api.smpp.port import SmppPort
from simpost.carriers.registry import build_carrier
from simpost.cluster.node import Node
from simpost.cluster.node_name import new_name
from simpost.cluster.parts import ClusterParts, shared_parts, single_node_parts
from simpost.cluster.single_node import SingleNode
from simpost.config import Settings
from simpost.console import build_console
from simpost.domain.inbound import InboundPart
from simpost.domain.reasons import Reason
from simpost.feature_set import FeatureParts, build_features
from simpost.features.catalogue_sync.service import CatalogueSync
from simpost.features.catalogue_sync.supplier_calls import SupplierCalls
from simpost.features.preferences.handset import HandsetPreferences
from simpost.features.preferences.links import OptOutLinks
from simpost.features.preferences.service import PreferenceService
from simpost.features.templates.service import Templates
from simpost.features.webhooks.delivery import WebhookDelivery
from simpost.features.webhooks.endpoints import Webhooks
from simpost.features.webhooks.sender import WebhookSender
from simpost.http import HttpServer
from simpost.messaging.accounts import Accounts
from simpost.messaging.api_keys import ApiKeys
from simpost.messaging.carrier_control import CarrierControl
from simpost.messaging.configured_carriers import ConfiguredCarriers, RemovedCarriers
from simpost.messaging.copy_guard import CopyGuard
from simpost.messaging.dispatch import Dispatch
from simpost.messaging.erasures import Erasures
from simpost.messaging.failover import Failover
from simpost.messaging.from_settings import (
    conversation_rules_of,
    numbers_of,
    repeats_of,
    retry_policy_of,
)
from simpost.messaging.inbound import InboundService
from simpost.messaging.inbound_routing import InboundRouter
from simpost.messaging.intake import Intake
from simpost.messaging.maintenance import Maintenance
from simpost.messaging.notifications import Notifications
from simpost.messaging.plain_text_receipts import PlainTextReceipts
from simpost.messaging.policy.rules import PolicyRules
from simpost.messaging.policy.sender_rules import SenderRules
from simpost.messaging.policy.stops import Stops
from simpost.messaging.release import Release
from simpost.messaging.smpp_logins import SmppLogins
from simpost.messaging.text_keys import TextKeys
from simpost.messaging.tracing import TracedIntake, trace_carrier_events
from simpost.net.resolver import NameResolver
from simpost.observe.tracing import Tracing, open_tracing
from simpost.ports.store import EsimRow, Store
from simpost.runtime.component import Component
from simpost.runtime.metrics_collector import MetricsCollector
from simpost.runtime.readiness import ReadinessCheck
from simpost.runtime.reload import Reload
from simpost.runtime.service import GRACE_S, Phases, Service
from simpost.runtime.service_manager import ServiceManager
from simpost.store.selection import open_store
from simpost.store.text_seal import request_digest_key


class _Suppliers(NamedTuple):
    sync: CatalogueSync
    calls: SupplierCalls


class App:
    """One simpost process: a store, messaging, carriers and HTTP APIs.

    `reread` reads the settings from the file again, for a reload; it raises ConfigError.
    Without `parts` it is a cluster of one. `handsets_url` is linked at `/`.
    """

    handsets_url = ""

    def __init__(
        self,
        settings: Settings,
        store: Store,
        reread: Callable[[], Settings] | None = None,
        tracing: Tracing | None = None,
        parts: ClusterParts | None = None,
    ) -> None:
        self.settings, self.store, self._tracing = settings, store, tracing
        self._parts = parts = parts or single_node_parts()
        clock_ms = self._clock_ms = parts.clock.now_ms
        self.accounts = Accounts(store.accounts, shared=parts.rate_limits)
        self.smpp_logins = SmppLogins(store.smpp_logins, self.accounts, clock_ms)
        self.api_keys, self.stops = ApiKeys(store.api_keys, clock_ms), Stops(store.stops, clock_ms)
        self.dispatch, self.copy_guard = self._build_dispatch(), self._build_copy_guard()
        carriers, self._names = self._build_carriers(), NameResolver()
        self.suppliers = self._build_suppliers()
        self.policy = self._build_policy()
        self.intake = self._build_intake()
        self._replies = HandsetPreferences(settings.preferences)
        self.inbound, self.smpp_port = self._build_inbound(), self._build_smpp_port()
        self._receipts = PlainTextReceipts(store, self.inbound.receive)
        self.failover, self.maintenance = self._build_failover(), self._build_maintenance()
        self.erasures = self._build_erasures()
        self.features = features = build_features(self._feature_parts())
        # In the order in which they apply new settings: routes change before carriers are removed.
        services = (self.dispatch, self.intake, self.inbound, self.failover, self.maintenance)
        settled = (TextKeys(store), self.policy, self._replies, self.smpp_port, *self.suppliers)
        changing = (*settled, *features, carriers, *services, RemovedCarriers(self.dispatch))
        self._reload = Reload(settings, reread or (lambda: settings), changing)
        self.cluster = self._build_node()
        self.notifications = Notifications(self.dispatch, self.cluster)
        self._webhook_sender = self._build_webhook_sender()
        self.webhook_delivery = self._build_webhook_delivery()
        components = (parts.clock, self.cluster, self.stops, self.api_keys, *changing)
        working = (self.copy_guard, self._build_release(), self.erasures, self.webhook_delivery)
        counting = (*components, *working, features.verifications.counts)
        self._metrics, self._readiness = self._build_metrics(counting), self._build_readiness()
        self.service = self._build_service((*counting, self._metrics))

    def _build_dispatch(self) -> Dispatch:
        tracing = self._tracing
        return Dispatch(
            self.store,
            owner=self._parts.name,
            retry_policy=retry_policy_of(self.settings),
            clock_ms=self._clock_ms,
            inbound=self._receive,
            wrap_events=partial(trace_carrier_events, tracing) if tracing else None,
        )

    def _build_copy_guard(self) -> CopyGuard:
        return CopyGuard(
            self.store,
            new_id=self._parts.new_id,
            clock_ms=self._clock_ms,
            is_leader=self._is_leader,
            release=self._release_dispatch,
        )

    def _build_policy(self) -> PolicyRules:
        settings = self.settings
        senders = SenderRules(settings.sender_rules, settings.registered_senders)
        find_stale = self.suppliers.sync.find_refusal
        return PolicyRules(settings.policy, settings.open_hours, self.stops, senders, find_stale)

    def _build_suppliers(self) -> _Suppliers:
        sources = self.settings.sources
        sync = CatalogueSync(
            self.store,
            self.accounts,
            sources,
            self._names,
            clock_ms=self._clock_ms,
            on_saved=self._apply_parked,
            is_leader=self._is_leader,
        )
        return _Suppliers(sync, SupplierCalls(sources, self._names))

    def _build_carriers(self) -> ConfiguredCarriers:
        make = partial(build_carrier, owned=self._parts.owned, clock_ms=self._clock_ms)
        return ConfiguredCarriers(self.dispatch, make, self.settings.carriers)

    def _build_intake(self) -> Intake:
        make = partial(TracedIntake, tracing=self._tracing) if self._tracing else Intake
        return make(
            self.store,
            self.dispatch.routing(self.settings),
            self.dispatch,
            new_id=self._parts.new_id,
            clock_ms=self._clock_ms,
            validity_s=self.settings.messages.validity_s,
            policy=self.policy,
            digest_key=request_digest_key(self.settings.store.secrets_key.get_secret_value()),
        )

    def _build_inbound(self) -> InboundService:
        return InboundService(
            self.store.inbound,
            InboundRouter(self.store.inbound, self.accounts, numbers_of(self.settings)),
            self.intake,
            new_id=self._parts.new_id,
            clock_ms=self._clock_ms,
            is_leader=self._is_leader,
            read_reply=self._replies.read,
            conversations=self.store.conversations,
            conversation_rules=conversation_rules_of(self.settings),
        )

    def _build_smpp_port(self) -> SmppPort:
        delivery = ReceiptDelivery(
            self.store,
            owner=self._parts.name,
            clock_ms=self._clock_ms,
            settings=self.settings.smpp_server,
            may_send=self.copy_guard.may_send,
        )
        return SmppPort(
            self.settings.smpp_server,
            self.store,
            self.accounts,
            self.smpp_logins,
            self.intake,
            new_id=self._parts.new_id,
            clock_ms=self._clock_ms,
            delivery=delivery,
        )

    def _build_failover(self) -> Failover:
        return Failover(
            self.store,
            self.accounts,
            self.dispatch,
            self.intake.routing,
            clock_ms=self._clock_ms,
            is_leader=self._is_leader,
        )

    def _build_maintenance(self) -> Maintenance:
        messages = self.settings.messages
        return Maintenance(
            self.store,
            owner=self._parts.name,
            repeats=repeats_of(self.settings),
            receipt_grace_ms=1000 * messages.receipt_grace_s,
            keep_days=messages.keep_days,
            keep_events_days=self.settings.events.keep_days,
            redact_days=messages.redact_days,
            redact_inbound_days=messages.redact_inbound_days,
            clock_ms=self._clock_ms,
            is_leader=self._is_leader,
        )

    def _build_erasures(self) -> Erasures:
        return Erasures(
            self.store,
            new_id=self._parts.new_id,
            clock_ms=self._clock_ms,
            is_leader=self._is_leader,
        )

    def _feature_parts(self) -> FeatureParts:
        return FeatureParts(
            self.settings,
            self.store,
            self.accounts,
            self.intake,
            self.stops,
            self._opt_out_links(),
            new_id=self._parts.new_id,
            clock_ms=self._clock_ms,
            is_leader=self._is_leader,
            may_lead_sends=self._may_lead_sends,
        )

    def _opt_out_links(self) -> OptOutLinks:
        secrets_key = self.settings.store.secrets_key.get_secret_value()
        return OptOutLinks(self.settings.server.public_url, secrets_key)

    def _build_webhook_sender(self) -> WebhookSender:
        return WebhookSender(
            self._names,
            allow_private=self.settings.server.allow_private_webhooks,
            clock_ms=self._clock_ms,
            account_of=self.accounts.by_id,
        )

    def _build_webhooks(self) -> Webhooks:
        return Webhooks(
            self.store,
            self.accounts,
            self._webhook_sender,
            new_id=self._parts.new_id,
            clock_ms=self._clock_ms,
            allow_private=self.settings.server.allow_private_webhooks,
        )

    def _build_node(self) -> Node | SingleNode:
        return self._parts.build_node(
            self.dispatch, self._reload_copies, self.maintenance.recover_leases_of, self._reload
        )

    def _build_webhook_delivery(self) -> WebhookDelivery:
        return WebhookDelivery(
            self.store.webhooks,
            self.store.events,
            self._webhook_sender,
            owner=self._parts.name,
            clock_ms=self._clock_ms,
            may_send=self.copy_guard.may_send,
        )

    def _build_release(self) -> Release:
        return Release(
            self.store.held,
            self.intake,
            self.accounts,
            self.dispatch.lanes,
            clock_ms=self._clock_ms,
            may_send=self.copy_guard.may_send,
        )

    def _build_metrics(self, components: Sequence[Component]) -> MetricsCollector:
        return MetricsCollector(
            self.store.health, components, lambda: self.dispatch.lanes, clock_ms=self._clock_ms
        )

    def _build_readiness(self) -> ReadinessCheck:
        return ReadinessCheck(
            self.store.health,
            self.dispatch.is_any_available,
            clock_ms=self._clock_ms,
            time_s=time.monotonic,
            hold=lambda: self.copy_guard.warning,
        )

    def _build_service(self, components: Sequence[Component]) -> Service:
        phases = Phases(
            prepare=(
                self.cluster.join,
                self._check_identity,
                self._reload_copies,
                self.maintenance.recover_own_leases,
                self.webhook_delivery.release_own,
                self.smpp_port.delivery.release_own,
            ),
            started=(self.dispatch.wait_started, self.smpp_port.start),
            stop=(
                self.smpp_port.stop,
                self.dispatch.stop,
                self.intake.refusals.flush,
                self.api_keys.finish,
            ),
            finish=(self.dispatch.wait_committed, self.inbound.wait_committed),
            leave=(self.cluster.leave,),
        )
        drain_s = self.settings.server.drain_s
        return Service(components, phases, self._readiness, self._reload, drain_s=drain_s)

    def build_server(self) -> HttpServer:
        """Return the HTTP server of the APIs; it does not listen yet."""
        server = self.settings.server
        services = Services(
            store=self.store,
            accounts=self.accounts,
            stops=self.stops,
            api_keys=self.api_keys,
            smpp_logins=self.smpp_logins,
            console_users=self.features.console_users,
            message_counts=self.features.message_counts,
            mcp_access=self.features.mcp_access,
            intake=self.intake,
            erasures=self.erasures,
            preferences=PreferenceService(
                self.store,
                self.accounts,
                new_id=self._parts.new_id,
                clock_ms=self._clock_ms,
            ),
            templates=Templates(self.store.templates, self._clock_ms),
            webhooks=self._build_webhooks(),
            verifications=self.features.verifications,
            lifecycle=self.features.lifecycle,
            conversations=self.features.conversations,
            automations=self.features.automations,
            broadcasts=self.features.broadcasts,
            bulk_jobs=self.features.bulk_jobs,
            catalogue_sync=self.suppliers.sync,
            supplier_calls=self.suppliers.calls,
            names=self._names,
            opt_out_links=self._opt_out_links(),
            carriers=CarrierControl(self.dispatch, self.cluster),
            cluster=self.cluster,
            copy_guard=self.copy_guard,
            metrics=self._metrics,
            readiness=self._readiness,
            clock_ms=self._parts.caller_clock_ms,
            admin_token=server.admin_token.get_secret_value(),
            metrics_token=server.metrics_token.get_secret_value(),
            version=__version__,
            max_body_octets=server.max_body_octets,
            timestamp_window_s=server.timestamp_window_s,
            allow_private_webhooks=server.allow_private_webhooks,
            shows_imported_prices=server.plan_prices == "imported",
            handsets_url=self.handsets_url,
            shapes=server.shapes,
            smpp_port=self.smpp_port,
            public_url=server.public_url.rstrip("/"),
        )
        is_traced = self._tracing is not None
        return build_server(
            services,
            self.settings,
            is_traced=is_traced,
            grace_s=GRACE_S,
            console=build_console(services) if self.settings.console.enabled else None,
        )

    async def run(
        self,
        listeners: Sequence[socket.socket],
        ready: Callable[[], None],
        *,
        ends_on_hangup: bool = False,
        manager: ServiceManager | None = None,
    ) -> None:
        """Serve until SIGINT or SIGTERM; see `Service.run`."""
        server = self.build_server()
        await self.service.run(
            server, listeners, ready, ends_on_hangup=ends_on_hangup, manager=manager
        )

    async def _reload_copies(self) -> None:
        """Read stops, accounts, keys and sources again: another node may have changed them."""
        await self.stops.reload()
        await self.accounts.reload()
        await self.api_keys.reload()
        await self.smpp_logins.reload()
        await self.features.lifecycle.sources.reload()
        await self.suppliers.sync.reload()

    async def _check_identity(self) -> None:
        """Hold all sending if the store is a copy."""
        await self.copy_guard.check()
        self.dispatch.is_held = self.copy_guard.is_held

    # Callbacks of components that are built before the component they call.

    async def _release_dispatch(self) -> None:
        await self.dispatch.release()

    def _is_leader(self) -> bool:
        return self.cluster.is_leader

    def _may_lead_sends(self) -> bool:
        return self.cluster.is_leader and self.copy_guard.may_send()

    async def _apply_parked(self, account_id: int, esims: Sequence[EsimRow]) -> None:
        await self.features.lifecycle.apply_parked(account_id, esims)

    def _receive(self, part: InboundPart) -> asyncio.Future[Reason | None]:
        return self._receipts.receive(part)


@contextlib.asynccontextmanager
async def open_app(
    settings: Settings, reread: Callable[[], Settings] | None = None
) -> AsyncIterator[App]:
    """Open the store and build everything around it; nothing runs yet."""
    tracing, name = settings.tracing, settings.node.name or new_name()
    async with (
        open_tracing(tracing.endpoint, tracing.sample_ratio, __version__) as traced,
        open_store(settings.store, name) as (store, nodes, on_notification),
    ):
        parts = shared_parts(nodes, name, settings.node, __version__) if nodes else None
        app = App(settings, store, reread, traced, parts)
        on_notification(app.notifications.receive)
        yield app
