"""What the APIs need to handle requests."""

from __future__ import annotations

from dataclasses import dataclass, field

from simpost.api.shared.costs import Costs
from simpost.api.shared.request_body import BodyBudget
from simpost.api.shared.response_cache import ResponseCache
from simpost.api.shared.response_counts import ResponseCounts
from simpost.api.shared.wrong_credentials import WrongCredentials
from simpost.cluster.facade import Cluster
from simpost.messaging.accounts import Accounts
from simpost.messaging.carrier_control import CarrierControl
from simpost.messaging.intake import Intake
from simpost.net.resolver import NameResolver
from simpost.ports.store import Store
from simpost.runtime.clock import Clock
from simpost.runtime.metrics_collector import MetricsCollector
from simpost.runtime.readiness import ReadinessCheck


@dataclass(frozen=True, slots=True)
class Services:
    """Wired once, in app.py.

    Attributes:
        cluster: this node and the others; a cluster of one with the embedded store.
        admin_token: bearer token of the administrator's endpoints; empty closes them.
        metrics_token: one that opens /metrics and nothing else; empty: there is none.
        max_body_octets: largest body read; batches of the administrator may be larger.
        timestamp_window_s: how far the timestamp of a signed request may be from our clock.
        allow_private_webhooks: let webhooks go to loopback and private addresses.
        handsets_url: the page of the simulated handsets; empty where there are none.
        shows_imported_prices: package/list shows an account without a price of its own the
            imported one.
        names: looks up the names in webhook URLs.
    """

    store: Store
    accounts: Accounts
    intake: Intake
    carriers: CarrierControl
    cluster: Cluster
    measures: MetricsCollector
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
    names: NameResolver = field(default_factory=NameResolver)
    wrong_credentials: WrongCredentials = field(default_factory=WrongCredentials)
    answers: ResponseCounts = field(default_factory=ResponseCounts)
    costs: Costs = field(default_factory=Costs)
    listings: ResponseCache = field(default_factory=ResponseCache)
    unproven: BodyBudget = field(default_factory=BodyBudget)
