"""Decides when sources are pulled, and knows how old their copies are."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Iterable, Sequence
from functools import partial
from typing import Final

from msgspec.structs import replace

from simpost.config import Settings
from simpost.config.sources import SourceSettings
from simpost.domain.accounts import Account
from simpost.domain.catalogue_sync import SyncState
from simpost.domain.reasons import Reason
from simpost.errors import PullRuns, SimpostError, StoreError, UnknownSource
from simpost.features.catalogue_sync.pull import Pull
from simpost.features.catalogue_sync.supplier import Span, SupplierError
from simpost.features.catalogue_sync.suppliers import open_supplier
from simpost.messaging.accounts import Accounts
from simpost.messaging.plan import Refusal
from simpost.net.resolver import NameResolver
from simpost.observe import get_logger, metrics
from simpost.observe.metrics import Sample
from simpost.ports.store import EsimRow, Store
from simpost.runtime.clock import Clock
from simpost.runtime.component import Component
from simpost.runtime.scheduler import always, run_periodically

LEASE_MS: Final = 120_000
"""A pull that a node did not live to end is over after this."""
_EXTEND_S: Final = 30.0
"""Seconds after which a pull that runs extends its lease, however long the supplier is silent."""
_INTERVAL_S: Final = 1.0
_START_MS: Final = 60_000
"""A start pulls what is older: events may have been lost while no node ran."""
_OVERLAP_MS: Final = 86_400_000
"""A pull of new eSIMs begins this long before the last one: orders may get their eSIMs late."""

log = get_logger(__name__)

OnSaved = Callable[[int, Sequence[EsimRow]], Awaitable[None]]
"""Called with an account and its eSIMs that were saved."""


class CatalogueSync(Component):
    """All sources. The leader pulls those that are due and were synced once by a person.

    A node that becomes the leader, such as by its start, pulls at once.
    """

    def __init__(
        self,
        store: Store,
        accounts: Accounts,
        sources: Sequence[SourceSettings],
        names: NameResolver,
        *,
        clock_ms: Clock,
        on_saved: OnSaved,
        is_leader: Callable[[], bool] = always,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """`sleep` waits before a supplier that is busy is asked again."""
        self._store = store
        self._accounts = accounts
        self._names = names
        self._clock_ms = clock_ms
        self._on_saved = on_saved
        self._is_leader = is_leader
        self._sleep = sleep
        self._states: dict[str, SyncState] = {}
        self._not_before_ms: dict[str, int] = {}
        self._is_start = True
        self._tasks: set[asyncio.Task[None]] = set()
        self._use(sources)

    def _use(self, sources: Sequence[SourceSettings]) -> None:
        self._sources = {source.name: source for source in sources}
        self._refusing = [
            source for source in sources if source.stale_after_s and source.when_stale == "refuse"
        ]

    async def reconfigure(self, settings: Settings) -> None:
        """Apply new sources. A pull that runs ends with its old settings."""
        self._use(settings.sources)

    async def run(self) -> None:
        """Pull what is due until cancelled."""
        try:
            await run_periodically(self.tick, _INTERVAL_S, name="sources")
        finally:
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)

    def samples(self) -> Iterable[Sample]:
        """The age of each copy."""
        now_ms = self._clock_ms()
        for name in self._sources:
            age_ms = self.state(name).age_ms(now_ms)
            if age_ms is not None:
                yield Sample(metrics.SOURCE_AGE, (name,), age_ms / 1000)

    async def tick(self) -> None:
        """Read the states again, and on the leader begin the pulls that are due."""
        if not self._sources:
            return
        await self.reload()
        if not self._is_leader():
            return
        now_ms = self._clock_ms()
        is_start, self._is_start = self._is_start, False
        for source in self._sources.values():
            state = self.state(source.name)
            after_ms = _START_MS if is_start else 1000 * source.interval_s
            due_ms = max(_begun_ms(state) + after_ms, self._not_before_ms.get(source.name, 0))
            if state.applied_ms is not None and due_ms <= now_ms:
                is_full = now_ms >= (state.full_ms or 0) + 1000 * source.full_interval_s
                with contextlib.suppress(PullRuns):
                    await self.begin(source.name, is_full=is_full)

    async def reload(self) -> None:
        """Read the states of all sources: another node may have pulled."""
        states = await self._store.catalogue_syncs.list_syncs()
        self._states = {state.name: state for state in states}

    def list_sources(self) -> list[tuple[SourceSettings, SyncState]]:
        """All sources of the configuration, with their states as last read."""
        return [(source, self.state(name)) for name, source in self._sources.items()]

    def find(self, name: str) -> tuple[SourceSettings, SyncState]:
        """A source and its state as last read. Raises UnknownSource."""
        source = self._sources.get(name)
        if source is None:
            raise UnknownSource
        return source, self.state(name)

    def state(self, name: str) -> SyncState:
        """The state of a source as last read."""
        return self._states.get(name) or SyncState(name)

    def find_refusal(self, account: Account) -> Refusal | None:
        """The refusal of a message of an account with a stale copy; `None` if none is stale."""
        for source in self._refusing:
            if source.account != account.access_code:
                continue
            age_ms = self.state(source.name).age_ms(self._clock_ms())
            if age_ms is None or age_ms > 1000 * source.stale_after_s:
                age = "was never made" if age_ms is None else f"is {age_ms // 1000} s old"
                return Refusal(Reason.CATALOGUE_STALE, f"The copy of {source.name} {age}.")
        return None

    async def begin(self, name: str, *, is_full: bool = True, is_dry: bool = False) -> SyncState:
        """Begin a pull on this node, and return its state.

        Raises UnknownSource, PullRuns and StoreError.
        """
        source, _ = self.find(name)
        now_ms = self._clock_ms()
        syncs = self._store.catalogue_syncs
        if not await syncs.begin_sync(
            name, now_ms=now_ms, lease_ms=now_ms + LEASE_MS, is_dry=is_dry
        ):
            raise PullRuns(f"A pull of {name} is running.")
        await self.reload()
        state = self.state(name)
        is_full = is_full or state.applied_ms is None
        task = asyncio.create_task(self._pull(source, state, is_full=is_full))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return state

    async def _pull(self, source: SourceSettings, state: SyncState, *, is_full: bool) -> None:
        """Pull, and save what came of it; if the store fails, the lease ends."""
        supplier = open_supplier(source, self._names, self._sleep)
        ended = state
        keep_alive = partial(self._keep_alive, state)
        extending = asyncio.create_task(_extend(keep_alive))
        try:
            account = await self._accounts.find_stored(source.account)
            pull = self._new_pull(source, account, state, keep_alive)
            saved_ms = None if state.applied_ms is None else state.applied_ms - _OVERLAP_MS
            span = Span(None if is_full else saved_ms, saved_ms)
            report = await pull.run(supplier, span, retires=source.retire_missing)
            ended = replace(state, report=report)
            if not state.is_dry:
                full_ms = state.started_ms if is_full else state.full_ms
                ended = replace(ended, applied_ms=state.started_ms, full_ms=full_ms)
        except PullRuns:
            return
        except SimpostError as error:
            problem = "The store failed." if isinstance(error, StoreError) else str(error)
            ended = replace(state, problem=problem)
            if isinstance(error, SupplierError):
                self._not_before_ms[source.name] = self._clock_ms() + round(1000 * error.after_s)
            log.warning("source_failed", source=source.name, problem=str(error))
        finally:
            extending.cancel()
            await asyncio.gather(extending, return_exceptions=True)
            await supplier.close()
        try:
            await self._store.catalogue_syncs.end_sync(replace(ended, ended_ms=self._clock_ms()))
            await self.reload()
        except StoreError as error:
            log.error("source_failed", source=source.name, problem=str(error))

    async def _keep_alive(self, state: SyncState) -> None:
        """Extend the lease of a pull. Raises PullRuns if another one has begun, and StoreError."""
        lease_ms = self._clock_ms() + LEASE_MS
        kept = await self._store.catalogue_syncs.extend_sync(
            state.name, started_ms=state.started_ms, lease_ms=lease_ms
        )
        if not kept:
            raise PullRuns(f"Another pull of {state.name} has begun.")

    def _new_pull(
        self,
        source: SourceSettings,
        account: Account,
        state: SyncState,
        keep_alive: Callable[[], Awaitable[None]],
    ) -> Pull:
        async def on_saved(esims: Sequence[EsimRow]) -> None:
            await self._on_saved(account.id, esims)

        return Pull(
            source.name,
            account.id,
            self._store,
            clock_ms=self._clock_ms,
            on_saved=on_saved,
            keep_alive=keep_alive,
            is_dry=state.is_dry,
        )


async def _extend(keep_alive: Callable[[], Awaitable[None]]) -> None:
    """Extend the lease from time to time; the pull itself ends if that is no longer possible."""
    while True:
        await asyncio.sleep(_EXTEND_S)
        with contextlib.suppress(PullRuns, StoreError):
            await keep_alive()


def _begun_ms(state: SyncState) -> int:
    """When the last pull began; a failed one counts like one that was saved."""
    return max(state.started_ms, state.applied_ms or 0)
