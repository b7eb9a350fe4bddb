"""The store: one protocol per capability, and `Store`, the record of them.

Every verb that writes returns after the commit; calls that arrive together share one. A verb raises
`StoreError` when it could not commit, and then nothing of its call was written. Nothing here knows
SQL: `simpost.store` implements these protocols on SQLite and on PostgreSQL.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from simpost.config.text_keys import TextKey
from simpost.domain.attempt_results import AttemptResult
from simpost.ports.store.accounts import AccountStore
from simpost.ports.store.api_keys import ApiKeyStore
from simpost.ports.store.automations import AutomationStore
from simpost.ports.store.broadcast_files import BroadcastFileStore
from simpost.ports.store.broadcasts import BroadcastStore
from simpost.ports.store.bulk_jobs import BulkJobStore
from simpost.ports.store.catalogue import (
    CatalogueStore,
    EsimFilter,
    EsimRow,
    EsimSearch,
    PlanFilter,
    PlanRow,
    PriceRow,
    Saved,
)
from simpost.ports.store.catalogue_sync import CatalogueSyncStore
from simpost.ports.store.console import ConsoleStore
from simpost.ports.store.conversations import ConversationStore
from simpost.ports.store.erasures import Erasure, ErasureStore
from simpost.ports.store.esim_tags import EsimTagStore
from simpost.ports.store.events import Event, EventLog, EventPage
from simpost.ports.store.health import StoreHealth
from simpost.ports.store.held import Deferral, DueMessage, HeldEnd, HeldMessage, HeldStore
from simpost.ports.store.inbound import InboundStore
from simpost.ports.store.instance import InstanceStore
from simpost.ports.store.lifecycle import LifecycleStore
from simpost.ports.store.lifecycle_sources import LifecycleSource, LifecycleSourceStore
from simpost.ports.store.log import FoundMessages, MessageFilter, MessageLog
from simpost.ports.store.message_counts import MessageCountStore
from simpost.ports.store.messages import (
    Accepted,
    IdempotentReplay,
    NewMessage,
    Refused,
    RequestKey,
)
from simpost.ports.store.needs import NeedStore
from simpost.ports.store.queue import MessageQueue
from simpost.ports.store.quotas import QuotaStore
from simpost.ports.store.receipts import ReceiptStore
from simpost.ports.store.recipients import RecipientStore
from simpost.ports.store.refusals import RefusalStore
from simpost.ports.store.retention import Retention
from simpost.ports.store.routing import QueuedMessage, Reroute, RoutingStore
from simpost.ports.store.second_factors import SecondFactor, SecondFactorCheck, SecondFactorStore
from simpost.ports.store.smpp_logins import SmppLoginStore
from simpost.ports.store.smpp_parts import SmppPartStore
from simpost.ports.store.stops import StopStore
from simpost.ports.store.templates import TemplateStore
from simpost.ports.store.text_keys import SealingStore, SealStep
from simpost.ports.store.verifications import VerificationStore
from simpost.ports.store.webhooks import (
    DeliveryFilter,
    DeliveryRound,
    EndpointChange,
    WebhookStore,
)

__all__ = [
    "Accepted",
    "AccountStore",
    "ApiKeyStore",
    "AttemptResult",
    "AutomationStore",
    "BroadcastFileStore",
    "BroadcastStore",
    "BulkJobStore",
    "CatalogueStore",
    "CatalogueSyncStore",
    "ConsoleStore",
    "ConversationStore",
    "Deferral",
    "DeliveryFilter",
    "DeliveryRound",
    "DueMessage",
    "EndpointChange",
    "Erasure",
    "ErasureStore",
    "EsimFilter",
    "EsimRow",
    "EsimSearch",
    "EsimTagStore",
    "Event",
    "EventLog",
    "EventPage",
    "FoundMessages",
    "HeldEnd",
    "HeldMessage",
    "HeldStore",
    "IdempotentReplay",
    "InboundStore",
    "InstanceStore",
    "LifecycleSource",
    "LifecycleSourceStore",
    "LifecycleStore",
    "MessageCountStore",
    "MessageFilter",
    "MessageLog",
    "MessageQueue",
    "NeedStore",
    "NewMessage",
    "PlanFilter",
    "PlanRow",
    "PriceRow",
    "QueuedMessage",
    "QuotaStore",
    "ReceiptStore",
    "RecipientStore",
    "RefusalStore",
    "Refused",
    "RequestKey",
    "Reroute",
    "Retention",
    "RoutingStore",
    "Saved",
    "SealStep",
    "SealingStore",
    "SecondFactor",
    "SecondFactorCheck",
    "SecondFactorStore",
    "SmppLoginStore",
    "SmppPartStore",
    "StopStore",
    "Store",
    "StoreHealth",
    "TemplateStore",
    "VerificationStore",
    "WebhookStore",
]


@dataclass(frozen=True, eq=False)
class Store:
    """Everything that must survive, by capability.

    `SqliteStore.open` and `PostgresStore.open` return one. One process owns an embedded store.
    """

    queue: MessageQueue
    held: HeldStore
    routing: RoutingStore
    receipts: ReceiptStore
    log: MessageLog
    message_counts: MessageCountStore
    events: EventLog
    catalogue: CatalogueStore
    catalogue_syncs: CatalogueSyncStore
    accounts: AccountStore
    api_keys: ApiKeyStore
    inbound: InboundStore
    refusals: RefusalStore
    recipients: RecipientStore
    stops: StopStore
    quotas: QuotaStore
    templates: TemplateStore
    verifications: VerificationStore
    console: ConsoleStore
    second_factors: SecondFactorStore
    conversations: ConversationStore
    automations: AutomationStore
    broadcasts: BroadcastStore
    broadcast_files: BroadcastFileStore
    bulk_jobs: BulkJobStore
    needs: NeedStore
    webhooks: WebhookStore
    smpp_logins: SmppLoginStore
    smpp_parts: SmppPartStore
    lifecycle: LifecycleStore
    lifecycle_sources: LifecycleSourceStore
    erasures: ErasureStore
    sealing: SealingStore
    instance: InstanceStore
    esim_tags: EsimTagStore
    retention: Retention
    health: StoreHealth
    use_text_keys: Callable[[Sequence[TextKey]], None]
    """Replaces the keys that seal and open texts; the first seals."""
    close: Callable[[], Awaitable[None]]
