"""The store on PostgreSQL: connects and puts its capabilities together."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from simpost.config.text_keys import TextKey
from simpost.observe import get_logger
from simpost.ports.store import Store
from simpost.store.postgres import accounts, partitions, schema
from simpost.store.postgres.accounts import PostgresAccounts
from simpost.store.postgres.catalogue import PostgresCatalogue
from simpost.store.postgres.codes import PostgresCodes
from simpost.store.postgres.connection import PostgresSession
from simpost.store.postgres.database import PostgresDatabase
from simpost.store.postgres.dsn import parse
from simpost.store.postgres.events import PostgresEvents
from simpost.store.postgres.health import PostgresHealth
from simpost.store.postgres.held import PostgresHeld
from simpost.store.postgres.inbound import PostgresInbound
from simpost.store.postgres.instance_place import DatabaseSurroundings
from simpost.store.postgres.log import PostgresLog
from simpost.store.postgres.notifications import Listener, OnNotification
from simpost.store.postgres.queue import PostgresQueue
from simpost.store.postgres.receipts import PostgresReceipts
from simpost.store.postgres.retention import PostgresRetention
from simpost.store.postgres.routing import PostgresRouting
from simpost.store.secret_box import SecretBox
from simpost.store.shared.api_keys import StoredApiKeys
from simpost.store.shared.automations import StoredAutomations
from simpost.store.shared.broadcast_files import StoredBroadcastFiles
from simpost.store.shared.broadcasts import StoredBroadcasts
from simpost.store.shared.bulk_jobs import StoredBulkJobs
from simpost.store.shared.catalogue_sync import StoredCatalogueSyncs
from simpost.store.shared.console import StoredConsole
from simpost.store.shared.conversations import StoredConversations
from simpost.store.shared.erasures import StoredErasures
from simpost.store.shared.esim_tags import StoredEsimTags
from simpost.store.shared.instance import StoredInstances
from simpost.store.shared.lifecycle import StoredLifecycle
from simpost.store.shared.lifecycle_sources import StoredLifecycleSources
from simpost.store.shared.message_counts import StoredMessageCounts
from simpost.store.shared.needs import StoredNeeds
from simpost.store.shared.quotas import StoredQuotas
from simpost.store.shared.recipients import StoredRecipients
from simpost.store.shared.refusals import StoredRefusals
from simpost.store.shared.second_factors import StoredSecondFactors
from simpost.store.shared.smpp_logins import StoredSmppLogins
from simpost.store.shared.smpp_parts import StoredSmppParts
from simpost.store.shared.stops import StoredStops
from simpost.store.shared.templates import StoredTemplates
from simpost.store.shared.text_keys import StoredSealing
from simpost.store.shared.verifications import StoredVerifications
from simpost.store.shared.webhooks import StoredWebhooks
from simpost.store.text_seal import TextSeal

_logger = get_logger(__name__)


@dataclass(frozen=True, eq=False)
class PostgresStore(Store):
    """The store in a database that nodes share. Use `open`."""

    database: PostgresDatabase

    @classmethod
    async def open(
        cls,
        url: str,
        *,
        seal_key: str,
        node: str,
        listen_url: str = "",
        text_keys: Sequence[TextKey] = (),
        instance_file: Path | None = None,
    ) -> PostgresStore:
        """Connect, migrate if need be, and make the partitions that are missing.

        `node` is a name that no other process on the database has: it owns the leases of parts that
        a lane takes straight from memory. Raises SchemaTooNew or StoreError.
        """
        address = parse(url, listen_url)
        seal, texts = SecretBox(seal_key), TextSeal(seal_key, text_keys)
        database = PostgresDatabase(address, seal=seal, texts=texts, node=node)
        try:
            async with database.borrowed() as session:
                await _make_ready(session, database.seal)
        except BaseException:
            await database.close()
            raise
        around = DatabaseSurroundings(database, address.shown, instance_file)
        _logger.info("store_opened", database=address.shown, pooled=address.is_pooled)
        return cls(
            queue=PostgresQueue(database),
            held=PostgresHeld(database),
            routing=PostgresRouting(database),
            receipts=PostgresReceipts(database),
            log=PostgresLog(database),
            message_counts=StoredMessageCounts(database),
            events=PostgresEvents(database),
            catalogue=PostgresCatalogue(database),
            accounts=PostgresAccounts(database),
            api_keys=StoredApiKeys(database),
            inbound=PostgresInbound(database),
            refusals=StoredRefusals(database),
            recipients=StoredRecipients(database, database.texts),
            catalogue_syncs=StoredCatalogueSyncs(database),
            stops=StoredStops(database),
            quotas=StoredQuotas(database),
            templates=StoredTemplates(database),
            verifications=StoredVerifications(database, PostgresCodes(database)),
            console=StoredConsole(database, knows_ended=True),
            second_factors=StoredSecondFactors(database, database.seal),
            conversations=StoredConversations(database, texts),
            automations=StoredAutomations(database),
            broadcasts=StoredBroadcasts(database),
            broadcast_files=StoredBroadcastFiles(database),
            bulk_jobs=StoredBulkJobs(database),
            needs=StoredNeeds(database),
            webhooks=StoredWebhooks(database, database.seal),
            smpp_logins=StoredSmppLogins(database),
            smpp_parts=StoredSmppParts(database, texts),
            esim_tags=StoredEsimTags(database),
            lifecycle=StoredLifecycle(database),
            lifecycle_sources=StoredLifecycleSources(database, database.seal),
            erasures=StoredErasures(database, _leave),
            sealing=StoredSealing(database, texts),
            instance=StoredInstances(database, around),
            retention=PostgresRetention(database),
            health=PostgresHealth(database),
            use_text_keys=texts.use,
            close=database.close,
            database=database,
        )

    @property
    def listener(self) -> Listener | None:
        """`None` where other nodes cannot be heard: behind a pooler, without a URL around it."""
        return self.database.listener

    def on_waiting(self, heard: OnNotification) -> None:
        """Call this when another node queues parts for a carrier. Not guaranteed: poll too."""
        if self.database.listener is not None:
            self.database.listener.subscribe(heard)


async def _leave() -> None:
    """The octets of old row versions go with the next VACUUM."""


async def _make_ready(session: PostgresSession, seal: SecretBox) -> None:
    await schema.check_durability(session)
    await schema.bring_up_to_date(session)
    await schema.refuse_half_moved(session)
    await accounts.check_seal(session, seal)
    await partitions.prepare(session, time.time_ns() // 1_000_000)
