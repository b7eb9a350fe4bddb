"""All APIs on a real embedded store and the real intake; the carrier is not connected."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import socket
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

import httpx2
import pytest
import pytest_asyncio
from cryptography.fernet import Fernet
from starlette.types import ASGIApp
from uuid_utils import uuid7

from simpost.api import Services, build
from simpost.catalogue.normalization import parse_esim, parse_plan
from simpost.cluster.single_node import SingleNode
from simpost.config import PreferenceSettings
from simpost.config.console import ConsoleSettings
from simpost.config.policy import PolicySettings
from simpost.config.verifications import VerificationSettings
from simpost.domain.accounts import Account, Dialect
from simpost.domain.conversations import ConversationRules
from simpost.domain.inbound import OwnNumbers
from simpost.domain.repeats import RepeatPolicy
from simpost.features.automations.service import Automations
from simpost.features.broadcasts.service import Broadcasts
from simpost.features.bulk_jobs.service import BulkJobs
from simpost.features.catalogue_sync.service import CatalogueSync
from simpost.features.catalogue_sync.supplier_calls import SupplierCalls
from simpost.features.console_users.service import ConsoleUsers
from simpost.features.conversations.service import Conversations
from simpost.features.lifecycle.service import Lifecycle
from simpost.features.lifecycle.sources import LifecycleSources
from simpost.features.mcp_access.service import McpAccess
from simpost.features.message_counts.service import MessageCounts
from simpost.features.preferences.handset import HandsetPreferences
from simpost.features.preferences.links import OptOutLinks
from simpost.features.preferences.service import PreferenceService
from simpost.features.templates.recipient_texts import RecipientTexts
from simpost.features.templates.service import Templates
from simpost.features.verifications.service import Verifications
from simpost.features.webhooks.endpoints import Webhooks
from simpost.features.webhooks.sender import WebhookSender
from simpost.http import HttpServer
from simpost.messaging.accounts import Accounts
from simpost.messaging.api_keys import ApiKeys
from simpost.messaging.carrier_control import CarrierControl
from simpost.messaging.copy_guard import CopyGuard
from simpost.messaging.dispatch import Dispatch
from simpost.messaging.erasures import Erasures
from simpost.messaging.failover import Failover
from simpost.messaging.inbound import InboundService
from simpost.messaging.inbound_routing import InboundRouter
from simpost.messaging.intake import Intake
from simpost.messaging.maintenance import Maintenance
from simpost.messaging.policy.rules import PolicyRules
from simpost.messaging.policy.stops import Stops
from simpost.messaging.retry import RetryPolicy
from simpost.messaging.routes import Route, Routing
from simpost.messaging.smpp_logins import SmppLogins
from simpost.net.resolver import NameResolver
from simpost.ports.carrier import CarrierCapabilities
from simpost.ports.cluster import Reloaded
from simpost.ports.store import EsimRow, Store
from simpost.runtime.clock import Clock, wall_clock_ms
from simpost.runtime.metrics_collector import MetricsCollector
from simpost.runtime.readiness import ReadinessCheck
from simpost.store import SqliteStore
from tests import native_app
from tests.contract.scripted_carrier import ScriptedCarrier

native_app.share_routes()

NOW_MS = 1_767_225_600_000
ESIM_ACCESS = {"pager": {"pageNum": 1, "pageSize": 10}}


def down_carrier() -> ScriptedCarrier:
    """A carrier that cannot be reached: accepted messages stay queued."""
    carrier = ScriptedCarrier(
        10,
        depth=10,
        capabilities=CarrierCapabilities(name="down", max_parts=4),
        kind="transceiver",
        is_reachable=False,
    )
    carrier.last_heard_ms = NOW_MS
    return carrier


def plan(code: str, **fields: Any) -> dict[str, Any]:
    return {"packageCode": code, "smsStatus": 1, "location": "TH", "dataType": 1} | fields


def esim(number: str, **fields: Any) -> dict[str, Any]:
    return {
        "esimTranNo": number,
        "iccid": f"8988{number}",
        "msisdn": f"6681{number[-7:]}",
        "orderNo": "ORD1",
        "smdpStatus": "ENABLED",
        "esimStatus": "IN_USE",
        "packageList": [{"packageCode": "P-TH", "createTime": "2026-01-01T00:00:00+0000"}],
    } | fields


PLANS = [
    plan("P-TH", slug="TH_1_7", name="Thailand", price="45000", volume=1_073_741_824),
    plan("P-JP", slug="JP_1_7", location="JP", smsStatus=2, dataType=2),
    plan("P-US", slug="US_1_7", location="US", smsStatus=0, supportTopUpType=1),
    plan("P-AS", slug="AS_3_30", location="TH,JP"),
    plan("TOPUP_TH", slug="TH_1_7_TOP"),
    plan("TOPUP_US", slug="US_1_7_TOP", location="US"),
]
GOOD = "26010100000001"
ESIMS = [
    esim(GOOD),
    esim("26010100000002", packageList=[{"packageCode": "P-US"}], orderNo="ORD2"),
    esim("26010100000003", smdpStatus="RELEASED", esimStatus="GOT_RESOURCE", orderNo="ORD3"),
    esim("26010100000004", esimStatus="REVOKED", orderNo="ORD4"),
    esim("26010100000005", iccid="", smdpStatus="RELEASED", esimStatus="GETTING_RESOURCE",
         orderNo="ORD5", msisdn=""),
    esim("26010100000006", orderNo="ORD5",
         packageList=[{"packageCode": "P-JP", "createTime": "2026-03-01T00:00:00+0000"}]),
]  # fmt: skip
STRANGERS = [esim("26010100000090", orderNo="ORD90")]


class Service:
    """The APIs and what is behind them."""

    def __init__(self, store: Store, client: httpx2.AsyncClient, services: Services) -> None:
        self.store = store
        self.client = client
        self.services = services
        self.lanes = services.carriers._dispatch.lanes

    async def open(
        self,
        path: str,
        body: Any = None,
        *,
        account: str = "demo",
        **headers: str,
    ) -> httpx2.Response:
        """POST to the compatible API as an account; header names with underscores."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        named |= {"RT-AccessCode": account, "RT-SecretKey": f"{account}-secret"}
        content = b"" if body is None else httpx2.Request("POST", "http://x", json=body).content
        return await self.client.post(f"/api/v1/open/{path}", content=content, headers=named)

    async def send(
        self, text: str = "Hello", number: str = GOOD, **headers: str
    ) -> httpx2.Response:
        return await self.open("esim/sendSms", {"esimTranNo": number, "message": text}, **headers)

    async def native(
        self, method: str, path: str, *, account: str = "demo", **request: Any
    ) -> httpx2.Response:
        auth = (account, f"{account}-secret")
        return await self.client.request(method, f"/v1/{path}", auth=auth, **request)

    async def operate(self, method: str, path: str, **request: Any) -> httpx2.Response:
        headers = {"Authorization": "Bearer admin-token"}
        return await self.client.request(method, f"/v1/admin/{path}", headers=headers, **request)


async def nothing_parked(_account_id: int, _esims: Sequence[EsimRow]) -> None:
    pass


async def nothing_to_reload() -> Reloaded:
    return Reloaded(added=[], changed=[], removed=[], sections=[], needs_restart=[])


async def wire(store: Store, **settings: Any) -> Services:
    clock_ms: Clock = settings.pop("clock_ms", lambda: NOW_MS)
    accounts = Accounts(store.accounts)
    await accounts.reload()
    dispatch = Dispatch(
        store,
        owner="embedded",
        retry_policy=RetryPolicy(),
        clock_ms=clock_ms,
    )
    lane = dispatch.add(down_carrier())
    await lane.carrier.start(lane)
    stops = Stops(store.stops, clock_ms)
    intake = Intake(
        store,
        Routing(routes=(Route(("down",)),), carriers={"down": lane.carrier.capabilities}),
        dispatch,
        new_id=lambda: uuid7().bytes,
        clock_ms=clock_ms,
        validity_s=3600,
        policy=settings.pop("policy", PolicyRules(PolicySettings(quiet_hours=False), (), stops)),
    )
    inbound = InboundService(
        store.inbound,
        InboundRouter(store.inbound, accounts, OwnNumbers({})),
        intake,
        new_id=lambda: uuid7().bytes,
        clock_ms=clock_ms,
        read_reply=HandsetPreferences(PreferenceSettings()).read,
        conversations=store.conversations,
    )
    maintenance = Maintenance(
        store,
        owner="embedded",
        repeats=RepeatPolicy(),
        receipt_grace_ms=0,
        clock_ms=clock_ms,
    )
    failover = Failover(store, accounts, dispatch, intake.routing, clock_ms=clock_ms)
    cluster = SingleNode(settings.pop("reload", nothing_to_reload))
    measures = MetricsCollector(
        store.health,
        (cluster, dispatch, intake, inbound, failover, maintenance),
        lambda: dispatch.lanes,
        clock_ms=clock_ms,
    )
    allow_private = settings.get("allow_private_webhooks", False)
    webhooks = Webhooks(
        store,
        accounts,
        WebhookSender(NameResolver(), allow_private=allow_private, clock_ms=clock_ms),
        new_id=lambda: uuid7().bytes,
        clock_ms=clock_ms,
        allow_private=allow_private,
    )
    known: dict[str, Any] = {
        "admin_token": "admin-token",
        "version": "0",
    }
    return Services(
        store=store,
        accounts=accounts,
        stops=stops,
        api_keys=ApiKeys(store.api_keys, clock_ms),
        smpp_logins=SmppLogins(store.smpp_logins, accounts, clock_ms),
        message_counts=MessageCounts(store.message_counts, clock_ms=clock_ms),
        mcp_access=McpAccess(
            store.console,
            settings.pop("mcp_sending", ()),
            new_id=lambda: uuid7().bytes,
            clock_ms=clock_ms,
        ),
        console_users=ConsoleUsers(
            store,
            settings.pop("console", ConsoleSettings()),
            secrets_key=SEAL_KEY,
            new_id=lambda: uuid7().bytes,
            clock_ms=clock_ms,
        ),
        intake=intake,
        # Of the time of message ids: what is younger than an erasure stays.
        erasures=Erasures(store, new_id=lambda: uuid7().bytes, clock_ms=wall_clock_ms),
        preferences=PreferenceService(
            store, accounts, new_id=lambda: uuid7().bytes, clock_ms=clock_ms
        ),
        templates=Templates(store.templates, lambda: NOW_MS),
        webhooks=webhooks,
        verifications=Verifications(
            store,
            intake,
            VerificationSettings(),
            new_id=lambda: uuid7().bytes,
            clock_ms=clock_ms,
        ),
        lifecycle=Lifecycle(
            store.lifecycle,
            store.lifecycle_sources,
            LifecycleSources(store.lifecycle_sources, clock_ms),
            new_id=lambda: uuid7().bytes,
            clock_ms=clock_ms,
            keep_days=90,
        ),
        broadcasts=Broadcasts(
            store,
            accounts,
            intake,
            RecipientTexts(
                Templates(store.templates, lambda: NOW_MS),
                OptOutLinks("https://sms.example.com/", SEAL_KEY).url_for,
            ),
            new_id=lambda: uuid7().bytes,
            is_stopped=stops.is_stopped,
            clock_ms=clock_ms,
        ),
        bulk_jobs=BulkJobs(
            store, accounts, intake, new_id=lambda: uuid7().bytes, clock_ms=clock_ms
        ),
        automations=Automations(
            store,
            accounts,
            intake,
            RecipientTexts(
                Templates(store.templates, lambda: NOW_MS),
                OptOutLinks("https://sms.example.com/", SEAL_KEY).url_for,
            ),
            new_id=lambda: uuid7().bytes,
            clock_ms=clock_ms,
            keep_days=90,
        ),
        conversations=Conversations(
            store,
            intake,
            ConversationRules(),
            new_id=lambda: uuid7().bytes,
            clock_ms=clock_ms,
            keep_days=365,
        ),
        catalogue_sync=CatalogueSync(
            store, accounts, (), NameResolver(), clock_ms=clock_ms, on_saved=nothing_parked
        ),
        supplier_calls=SupplierCalls((), NameResolver()),
        opt_out_links=OptOutLinks("https://sms.example.com/", SEAL_KEY),
        carriers=CarrierControl(dispatch, cluster),
        cluster=cluster,
        copy_guard=CopyGuard(store, new_id=lambda: uuid7().bytes, clock_ms=clock_ms),
        metrics=measures,
        readiness=ReadinessCheck(
            store.health, dispatch.is_any_available, clock_ms=clock_ms, time_s=time.monotonic
        ),
        clock_ms=clock_ms,
        **(known | settings),
    )


SEAL_KEY = Fernet.generate_key().decode()


async def fill(store: Store) -> None:
    """Two accounts with their eSIMs, and the plans."""
    for id_, (code, dialect) in enumerate(
        [("demo", Dialect.HIROAMING), ("other", Dialect.ESIM_ACCESS)], start=1
    ):
        account = Account(id_, code, f"{code}-secret", dialect=dialect, requests_per_s=0)
        assert await store.accounts.add_account(account) == id_
    await store.catalogue.save_plans([parse_plan(row) for row in PLANS])
    await store.catalogue.save_esims(1, [parse_esim(row, NOW_MS) for row in ESIMS])
    await store.catalogue.save_esims(2, [parse_esim(row, NOW_MS) for row in STRANGERS])


async def _fill(path: Path) -> None:
    store = await SqliteStore.open(path, seal_key=SEAL_KEY)
    await fill(store)
    await store.close()


@pytest.fixture(scope="session")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store made and filled once; every test gets a copy."""
    path = tmp_path_factory.mktemp("filled") / "simpost.db"
    asyncio.run(_fill(path))
    return path


@pytest_asyncio.fixture
async def store(filled: Path, tmp_path: Path) -> AsyncIterator[SqliteStore]:
    path = tmp_path / "simpost.db"
    shutil.copy(filled, path)
    store = await SqliteStore.open(path, seal_key=SEAL_KEY)
    yield store
    await store.close()


@pytest.fixture
def settings() -> dict[str, Any]:
    """Settings of the service; a test module may override them."""
    return {}


Serve = Callable[..., Awaitable[Service]]


@pytest_asyncio.fixture
async def serve(store: SqliteStore) -> AsyncIterator[Serve]:
    """Wires a service on the store, with settings of its own."""
    clients: list[httpx2.AsyncClient] = []

    async def serve(**settings: Any) -> Service:
        services = await wire(store, **settings)
        transport = httpx2.ASGITransport(build(services))
        clients.append(httpx2.AsyncClient(transport=transport, base_url="http://simpost"))
        return Service(store, clients[-1], services)

    yield serve
    for client in clients:
        await client.aclose()


@pytest_asyncio.fixture
async def service(serve: Serve, settings: dict[str, Any]) -> Service:
    return await serve(**settings)


@contextlib.asynccontextmanager
async def serving(app: ASGIApp, **options: Any) -> AsyncIterator[int]:
    """The port of an app behind our server."""
    listener = socket.create_server(("127.0.0.1", 0))
    server = HttpServer(app, **options)
    await server.start([listener])
    try:
        yield listener.getsockname()[1]
    finally:
        await server.stop()


@pytest_asyncio.fixture
async def port(service: Any) -> AsyncIterator[int]:
    """The port of all APIs, served as `simpost serve` does."""
    async with serving(build(service.services), grace_s=1) as at:
        yield at
