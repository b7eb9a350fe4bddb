"""A component on a store that copies a supplier, with a clock that the test moves."""

import asyncio
import contextlib
from asyncio import FIRST_COMPLETED

from simpost.config.sources import SOURCE_TYPES
from simpost.domain.accounts import Account
from simpost.features.catalogue_sync.service import CatalogueSync
from simpost.messaging.accounts import Accounts
from simpost.net.resolver import NameResolver
from simpost.ports.store import EsimFilter
from tests.contract.store_facts import NOW_MS
from tests.contract.supplier import CODE, SECRET, until

CREDENTIALS = {
    "esim_access": {"access_code": CODE, "secret_key": SECRET},
    "esim_go": {"api_key": SECRET},
    "esimfly": {"access_code": CODE, "secret_key": SECRET},
}


class Copies:
    """A component; `changes` are settings of its source, `others` names of equal ones."""

    def __init__(self, store, url, others=(), **changes):
        self.now_ms = NOW_MS
        self.saved, self.slept = [], []
        self.account = Account(0, "shop", "secret-of-the-shop")
        self.store = store
        settings = {
            "type": "esim_access",
            "name": "supplier",
            "account": "shop",
            "url": url,
            **CREDENTIALS[changes.get("type", "esim_access")],
            "page_rows": 5,
            "rate_per_s": 100,
            "allow_private": True,
            "timeout_s": 5,
            **changes,
        }
        self.accounts = Accounts(store.accounts)
        self.sync = CatalogueSync(
            store,
            self.accounts,
            [self._source(settings)] + [self._source(settings, each) for each in others],
            NameResolver(),
            clock_ms=lambda: self.now_ms,
            on_saved=self._note,
            sleep=self._sleep,
        )

    @staticmethod
    def _source(settings, name="supplier"):
        model = SOURCE_TYPES[settings["type"]]
        return model.model_validate(settings | {"name": name}, strict=False)

    async def _sleep(self, seconds):
        self.slept.append(seconds)

    async def _note(self, account_id, esims):
        self.saved += [(account_id, esim.esim_tran_no) for esim in esims]

    async def pull(self, **how):
        """Pull, and the state after it."""
        self.now_ms += 1
        await self.sync.begin("supplier", **how)
        return await self.end()

    async def end(self, name="supplier"):
        """The state once no pull runs; its own pulls are waited for, others asked about."""

        async def is_over():
            if self.sync._tasks:
                await asyncio.wait(self.sync._tasks, timeout=1, return_when=FIRST_COMPLETED)
            await self.sync.reload()
            return not self.sync.state(name).is_running(self.now_ms)

        await until(is_over)
        return self.sync.state(name)

    async def esims(self):
        rows, _ = await self.store.catalogue.query_esims(self.account.id, EsimFilter(limit=500))
        return {row.esim_tran_no: row for row in rows}


@contextlib.asynccontextmanager
async def copies_of(store, supplier, **changes):
    async with supplier.served() as url:
        yield await copies_at(store, url, **changes)


async def copies_at(store, url, **changes):
    copies = Copies(store, url, **changes)
    copies.account = await copies.accounts.add(copies.account)
    return copies


def counts(found):
    return found.added, found.changed, found.unchanged, found.refused
