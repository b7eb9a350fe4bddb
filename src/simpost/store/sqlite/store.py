"""The embedded store: opens the file and puts its capabilities together."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import apsw

from simpost.config.text_keys import TextKey
from simpost.observe import get_logger
from simpost.ports.store import Store
from simpost.store.instance_file import FileSurroundings
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
from simpost.store.sqlite import accounts
from simpost.store.sqlite.accounts import SqliteAccounts
from simpost.store.sqlite.catalogue import SqliteCatalogue
from simpost.store.sqlite.codes import SqliteCodes
from simpost.store.sqlite.connection import open_reader, open_writer, translate
from simpost.store.sqlite.database import SqliteDatabase
from simpost.store.sqlite.events import SqliteEvents, arrange_triggers
from simpost.store.sqlite.health import SqliteHealth
from simpost.store.sqlite.held import SqliteHeld
from simpost.store.sqlite.inbound import SqliteInbound
from simpost.store.sqlite.lock import OwnerLock
from simpost.store.sqlite.log import SqliteLog
from simpost.store.sqlite.move_marker import refuse_moved
from simpost.store.sqlite.queue import SqliteQueue
from simpost.store.sqlite.receipts import SqliteReceipts
from simpost.store.sqlite.retention import SqliteRetention
from simpost.store.sqlite.routing import SqliteRouting
from simpost.store.sqlite.schema import bring_up_to_date
from simpost.store.sqlite.session import SqliteSession
from simpost.store.text_seal import TextSeal

_EMBEDDED = "embedded"

_logger = get_logger(__name__)


@dataclass(frozen=True, eq=False)
class SqliteStore(Store):
    """The store in one file. Use `open`."""

    database: SqliteDatabase

    @classmethod
    async def open(
        cls,
        path: Path,
        *,
        seal_key: str,
        text_keys: Sequence[TextKey] = (),
        node: str = _EMBEDDED,
    ) -> SqliteStore:
        """Own, migrate and open the store, making folder and file if need be.

        `node` owns the leases of parts that a lane takes straight from memory. Raises StoreBusy,
        StoreReadOnly, StoreFull, SchemaTooNew or StoreError, and changes nothing then.
        """
        seal, texts = SecretBox(seal_key), TextSeal(seal_key, text_keys)
        database = await _open(path, seal, texts, node)
        _logger.info("store_opened", path=str(path), sqlite=apsw.sqlite_lib_version())
        catalogue = SqliteCatalogue(database)

        async def after_erasure() -> None:
            catalogue.forget_esims()
            await database.shrink()

        return cls(
            queue=SqliteQueue(database),
            held=SqliteHeld(database),
            routing=SqliteRouting(database),
            receipts=SqliteReceipts(database),
            log=SqliteLog(database),
            message_counts=StoredMessageCounts(database),
            events=SqliteEvents(database),
            catalogue=catalogue,
            accounts=SqliteAccounts(database),
            api_keys=StoredApiKeys(database),
            inbound=SqliteInbound(database, catalogue.forget_esims),
            refusals=StoredRefusals(database),
            recipients=StoredRecipients(database, database.texts, catalogue.forget_esims),
            catalogue_syncs=StoredCatalogueSyncs(database),
            stops=StoredStops(database),
            quotas=StoredQuotas(database),
            templates=StoredTemplates(database),
            verifications=StoredVerifications(database, SqliteCodes(database)),
            console=StoredConsole(database),
            second_factors=StoredSecondFactors(database, database.session.seal),
            conversations=StoredConversations(database, texts),
            automations=StoredAutomations(database),
            broadcasts=StoredBroadcasts(database),
            broadcast_files=StoredBroadcastFiles(database),
            bulk_jobs=StoredBulkJobs(database),
            needs=StoredNeeds(database),
            webhooks=StoredWebhooks(database, database.session.seal),
            smpp_logins=StoredSmppLogins(database),
            smpp_parts=StoredSmppParts(database, texts),
            esim_tags=StoredEsimTags(database),
            lifecycle=StoredLifecycle(database, catalogue.forget_esims),
            lifecycle_sources=StoredLifecycleSources(database, database.session.seal),
            erasures=StoredErasures(database, after_erasure),
            sealing=StoredSealing(database, texts),
            instance=StoredInstances(database, FileSurroundings(path)),
            retention=SqliteRetention(database),
            health=SqliteHealth(database),
            use_text_keys=texts.use,
            close=database.close,
            database=database,
        )

    @property
    def sqlite_version(self) -> str:
        return apsw.sqlite_lib_version()


async def _open(path: Path, seal: SecretBox, texts: TextSeal, node: str) -> SqliteDatabase:
    lock = OwnerLock.take(path)
    opened: list[apsw.Connection] = []
    try:
        await asyncio.to_thread(bring_up_to_date, path)
        opened.append(open_writer(path))
        accounts.check_seal(opened[0], seal)
        refuse_moved(opened[0])
        arrange_triggers(opened[0])
        opened += [open_writer(path), open_reader(path), open_reader(path)]
        session = SqliteSession(opened[0], seal=seal, texts=texts, node=node)
    except BaseException as error:
        for connection in reversed(opened):
            connection.close()
        lock.release()
        if isinstance(error, apsw.Error):
            raise translate(error) from error
        raise
    return SqliteDatabase(path, lock, session, (opened[1], opened[2], opened[3]))
