"""The components and settings that the APIs use."""

from __future__ import annotations

from dataclasses import dataclass, field

from simpost.api.shared.costs import Costs
from simpost.api.shared.open_streams import OpenStreams, open_exports
from simpost.api.shared.request_body import BodyBudget
from simpost.api.shared.response_cache import ResponseCache
from simpost.api.shared.response_counts import ResponseCounts
from simpost.api.shared.smpp_clients import SmppPortView
from simpost.api.shared.wrong_credentials import WrongCredentials
from simpost.cluster.facade import Cluster
from simpost.features.automations.service import Automations
from simpost.features.broadcasts.service import Broadcasts
from simpost.features.bulk_jobs.service import BulkJobs
from simpost.features.catalogue_sync.service import CatalogueSync
from simpost.features.catalogue_sync.supplier_calls import SupplierCalls
from simpost.features.console_users.service import ConsoleUsers
from simpost.features.conversations.service import Conversations
from simpost.features.lifecycle.service import Lifecycle
from simpost.features.mcp_access.service import McpAccess
from simpost.features.message_counts.service import MessageCounts
from simpost.features.preferences.links import OptOutLinks
from simpost.features.preferences.service import PreferenceService
from simpost.features.templates.service import Templates
from simpost.features.verifications.service import Verifications
from simpost.features.webhooks.endpoints import Webhooks
from simpost.messaging.accounts import Accounts
from simpost.messaging.api_keys import ApiKeys
from simpost.messaging.carrier_control import CarrierControl
from simpost.messaging.copy_guard import CopyGuard
from simpost.messaging.erasures import Erasures
from simpost.messaging.intake import Intake
from simpost.messaging.policy.stops import Stops
from simpost.messaging.smpp_logins import SmppLogins
from simpost.net.resolver import NameResolver
from simpost.ports.store import Store
from simpost.runtime.clock import Clock
from simpost.runtime.metrics_collector import MetricsCollector
from simpost.runtime.readiness import ReadinessCheck


@dataclass(frozen=True, slots=True)
class Services:
    """Built once, in app.py.

    Attributes:
        cluster: this node and the others; only this node with the embedded store.
        admin_token: bearer token of the admin endpoints; empty disables them.
        metrics_token: bearer token of /metrics only; empty disables it.
        max_body_octets: largest request body; batches of the admin API may be larger.
        timestamp_window_s: most seconds between the timestamp of a signed request and now.
        allow_private_webhooks: webhooks may have loopback and private addresses.
        handsets_url: the page of the simulated handsets; empty without them.
        shows_imported_prices: package/list shows imported prices to accounts without own ones.
        shapes: the names of the APIs of others that are answered.
        public_url: the beginning of URLs that are shown; empty: paths are shown.
        names: resolves the host names in webhook URLs.
    """

    store: Store
    accounts: Accounts
    stops: Stops
    catalogue_sync: CatalogueSync
    supplier_calls: SupplierCalls
    api_keys: ApiKeys
    smpp_logins: SmppLogins
    console_users: ConsoleUsers
    message_counts: MessageCounts
    mcp_access: McpAccess
    intake: Intake
    erasures: Erasures
    preferences: PreferenceService
    opt_out_links: OptOutLinks
    templates: Templates
    webhooks: Webhooks
    verifications: Verifications
    lifecycle: Lifecycle
    conversations: Conversations
    automations: Automations
    broadcasts: Broadcasts
    bulk_jobs: BulkJobs
    carriers: CarrierControl
    cluster: Cluster
    copy_guard: CopyGuard
    metrics: MetricsCollector
    readiness: ReadinessCheck
    clock_ms: Clock
    admin_token: str
    version: str
    metrics_token: str = ""
    max_body_octets: int = 65_536
    timestamp_window_s: int = 300
    allow_private_webhooks: bool = False
    shows_imported_prices: bool = False
    handsets_url: str = ""
    shapes: tuple[str, ...] = ()
    public_url: str = ""
    smpp_port: SmppPortView | None = None
    names: NameResolver = field(default_factory=NameResolver)
    wrong_credentials: WrongCredentials = field(default_factory=WrongCredentials)
    response_counts: ResponseCounts = field(default_factory=ResponseCounts)
    costs: Costs = field(default_factory=Costs)
    streams: OpenStreams = field(default_factory=OpenStreams)
    exports: OpenStreams = field(default_factory=open_exports)
    listings: ResponseCache = field(default_factory=ResponseCache)
    unproven: BodyBudget = field(default_factory=BodyBudget)
