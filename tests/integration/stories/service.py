"""The service as it is wired, from one start to its end, again and again on the same data."""

import asyncio
import random
import shutil
import sys
import time
from functools import partial
from types import SimpleNamespace

from cryptography.fernet import Fernet

import simpost.carriers.smpp.reconnect
import simpost.cluster.parts
from simpost.app import App
from simpost.config import Settings
from simpost.domain.accounts import Account
from simpost.domain.messages import Category
from simpost.ports.store import EsimRow, PlanRow
from simpost.runtime.clock import SteadyClock
from simpost.store import SqliteStore

SEAL_KEY = Fernet.generate_key().decode()
ESIMS = 300
GRACE_S = 300
ANSWER_S = 10
REPEATED = frozenset({Category.SERVICE, Category.PROMOTION})
_made = []


def number_of(esim):
    """Every message of a story goes to an eSIM of its own: its number names it on the wire."""
    return f"4477009{esim:05d}"


def transaction_of(esim):
    return f"2601010{esim:07d}"


def settings_of(carriers):
    """`carriers`: what is to be known of each, by name; the route names them in this order."""
    return Settings.model_validate(
        {
            "server": {"admin_token": "t" * 40},
            "store": {"secrets_key": SEAL_KEY},
            "messages": {"repeat_in_doubt": REPEATED, "receipt_grace_s": GRACE_S},
            "carriers": tuple(
                {
                    "type": "smpp",
                    "name": name,
                    "host": "127.0.0.1",
                    "system_id": "simpost",
                    "response_timeout_s": ANSWER_S,
                    "bind_timeout_s": 5,
                    "reconnect_min_s": 0.2,
                    "reconnect_max_s": 3,
                    "bind_refused_wait_s": 3,
                    **facts,
                }
                for name, facts in carriers.items()
            ),
            "routes": ({"carriers": tuple(carriers)},),
        }
    )


def live_in(loop, chance, monkeypatch):
    """Give the service this loop's time and this chance, wherever it asks for either."""
    for name, module in list(sys.modules.items()):
        if name.startswith("simpost.") and getattr(module, "time", None) is time:
            monkeypatch.setattr(module, "time", loop.clocks)

    def new_id():
        made = (loop.now_ms << 80) | (7 << 76) | (2 << 62) | chance.getrandbits(62)
        return SimpleNamespace(bytes=made.to_bytes(16, "big"))

    monkeypatch.setattr(simpost.cluster.parts, "uuid7", new_id)
    in_step = partial(SteadyClock, loop.clocks.time_ns, loop.clocks.time_ns)
    monkeypatch.setattr(simpost.cluster.parts, "SteadyClock", in_step)
    jittered = SimpleNamespace(Random=lambda: random.Random(chance.random()))
    monkeypatch.setattr(simpost.carriers.smpp.reconnect, "random", jittered)


class Service:
    """Attributes:
    up_since_s: when it last started, on the loop's clock.
    """

    def __init__(self, folder, settings):
        self.settings = settings
        self._folder = folder
        self._lives = 0
        self._task = None
        self._path.parent.mkdir()
        self._path.write_bytes(_made[0])

    @property
    def _path(self):
        return self._folder / f"life-{self._lives}" / "simpost.db"

    async def start(self):
        self._loop = asyncio.get_running_loop()
        self.up_since_s = self._loop.time()
        self.store = await SqliteStore.open(self._path, seal_key=SEAL_KEY)
        self._loop.watch_over(self.store)
        self.app = App(self.settings, self.store)
        await self.app.accounts.reload()
        await self.app.maintenance.recover_own_leases()
        started = asyncio.Event()
        self._task = asyncio.create_task(self._work(started))
        await started.wait()

    async def _work(self, started):
        async with asyncio.TaskGroup() as tasks:
            app = self.app
            for component in (app.dispatch, app.maintenance, app.inbound, app.failover):
                tasks.create_task(component.run())
            await app.dispatch.wait_started()
            started.set()
            await asyncio.get_running_loop().create_future()

    def check_alive(self):
        if self._task.done():
            self._task.result()

    async def stop(self):
        """As SIGTERM does it."""
        await self.app.service.stop()
        await self._end()

    async def crash(self):
        """As kill -9 does it: what is in the file stays, in the middle of whatever runs."""
        old = self._path
        self._lives += 1
        self._path.parent.mkdir()
        for suffix in ("", "-wal"):  # in this order: a checkpoint may run
            shutil.copy(f"{old}{suffix}", f"{self._path}{suffix}")
        for lane in self.app.dispatch.lanes.values():
            for bind in lane.carrier._binds:
                bind._task.cancel()
                if bind._session:
                    bind._session.abort()
        await self._end()
        shutil.rmtree(old.parent)

    async def leave(self):
        """However the story ended."""
        if self._task:
            await self._end()

    async def _end(self):
        self._task.cancel()
        await asyncio.wait([self._task])
        self._task = None
        for lane in self.app.dispatch.lanes.values():
            await lane.carrier.close()
        await self.store.close()


def prepare(folder):
    """What every story begins with is made once in a process, outside of any story."""
    if not _made:
        asyncio.run(_fill(folder / "first.db"))


async def _fill(path):
    store = await SqliteStore.open(path, seal_key=SEAL_KEY)
    await store.accounts.add_account(Account(id=0, access_code="a", secret="s"))
    await store.catalogue.save_plans([PlanRow("P1", "P1", 1, "BASE", "TH", 1, {})])
    await store.catalogue.save_esims(1, [_esim(number) for number in range(ESIMS)])
    await store.close()
    _made.append(path.read_bytes())


def _esim(esim):
    return EsimRow(
        esim_tran_no=transaction_of(esim),
        iccid=f"89852000000{esim:08d}",
        msisdn=number_of(esim),
        imsi=f"2340100{esim:08d}",
        order_no="",
        package_code="P1",
        sms_status=1,
        smdp_status="ENABLED",
        esim_status="IN_USE",
        created_ms=0,
        document={},
    )
