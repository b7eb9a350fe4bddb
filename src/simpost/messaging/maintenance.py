"""The keeper: what must happen though nobody asks for it, in small bounded steps."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from typing import Protocol

from simpost.config import Settings
from simpost.domain.repeats import RepeatPolicy
from simpost.messaging.from_settings import repeats_of
from simpost.observe import get_logger, metrics
from simpost.observe.metrics import Sample
from simpost.ports.store import Store
from simpost.runtime.clock import Clock
from simpost.runtime.component import Component, count_samples
from simpost.runtime.scheduler import always, run_periodically

_INTERVAL_S = 5.0
_STEP = 500
_DAY_MS = 86_400_000
_RETIRE_MS = 3_600_000
"""How often what is old is looked for."""
_REFUSALS_KEPT_DAYS = 90
"""How long refusals are listed at most, whatever `keep_days` says."""
_ASSIGN_STEP = 1_000
_ASSIGN_STEPS = 200
"""Steps of `assign_sequence` in a round; the next round goes on."""
_RETIRE_FOR_MS = 5_000
"""How long a round drops of it; the next goes on, so that nothing else waits for long."""

log = get_logger(__name__)


class _Retire(Protocol):
    async def __call__(self, *, before_ms: int, limit: int) -> int: ...


class Maintenance(Component):
    """Ends leases that ran out and messages past their validity; forgets what may be forgotten.

    A message that was sent and never reported on ends `receipt_grace_ms` after its validity. What
    is older than `keep_days`, sent or come in, is dropped; 0 keeps all. Events are dropped after
    `keep_events_days`. Of several nodes the one that leads does it.
    """

    def __init__(
        self,
        store: Store,
        *,
        owner: str,
        repeats: RepeatPolicy,
        receipt_grace_ms: int,
        keep_days: int = 0,
        keep_events_days: int = 30,
        clock_ms: Clock,
        is_leader: Callable[[], bool] = always,
    ) -> None:
        self.repeats = repeats
        self.receipt_grace_ms = receipt_grace_ms
        self.keep_days = keep_days
        self.keep_events_days = keep_events_days
        self._retired_ms = 0
        self._refusals_retired_ms = 0
        self._events_deleted_ms = 0
        self._store = store
        self._owner = owner
        self._clock_ms = clock_ms
        self._is_leader = is_leader
        self.expired_leases: Counter[tuple[str]] = Counter()
        """Parts put in doubt, by cause: a restart of ours, a lost node, a lease that ran out."""

    async def recover_own_leases(self) -> int:
        """Before anything is sent: what this node held when it stopped is in doubt now."""
        doubtful = await self._store.queue.expire_leases(
            now_ms=self._clock_ms(), owner=self._owner, repeats=self.repeats
        )
        if doubtful:
            self.expired_leases["restart",] += doubtful
            log.warning("parts_in_doubt_after_restart", parts=doubtful)
        return doubtful

    async def recover_leases_of(self, node: str) -> None:
        """What a lost node held may have left: it is in doubt, never simply sent again."""
        doubtful = await self._store.queue.expire_leases(
            now_ms=self._clock_ms(), owner=node, repeats=self.repeats
        )
        if doubtful:
            self.expired_leases["node_lost",] += doubtful
            log.warning("lost_node_parts_in_doubt", node=node, parts=doubtful)

    async def run(self) -> None:
        await run_periodically(self.run_once, _INTERVAL_S, name="maintenance", when=self._is_leader)

    async def reconfigure(self, settings: Settings) -> None:
        messages = settings.messages
        self.repeats = repeats_of(messages)
        self.receipt_grace_ms = 1000 * messages.receipt_grace_s
        self.keep_days = messages.keep_days
        self.keep_events_days = settings.events.keep_days

    def samples(self) -> Iterable[Sample]:
        return count_samples(metrics.LEASES_EXPIRED, self.expired_leases)

    async def run_once(self) -> None:
        """Every message comes to its end here that nothing else ends."""
        now_ms = self._clock_ms()
        expired = await self._store.queue.expire_leases(
            now_ms=now_ms, owner=None, repeats=self.repeats
        )
        if expired:
            self.expired_leases["timeout",] += expired
            log.warning("leases_expired", parts=expired)
        while await self._store.queue.expire(now_ms=now_ms, limit=_STEP) == _STEP:
            pass
        expired_ms = now_ms - self.receipt_grace_ms
        while await self._store.queue.end_unreported(
            now_ms=now_ms, expired_ms=expired_ms, limit=_STEP
        ):
            pass
        while await self._store.retention.purge(now_ms=now_ms, limit=_STEP) == _STEP:
            pass
        await self._assign_sequence()
        await self._delete_events(now_ms)
        if now_ms - self._refusals_retired_ms >= _RETIRE_MS:
            days = min(self.keep_days or _REFUSALS_KEPT_DAYS, _REFUSALS_KEPT_DAYS)
            before_ms = now_ms - days * _DAY_MS
            _, all_gone = await self._retire(self._store.retention.delete_refusals, before_ms)
            if all_gone:
                self._refusals_retired_ms = now_ms
        if self.keep_days and now_ms - self._retired_ms >= _RETIRE_MS:
            before_ms = now_ms - self.keep_days * _DAY_MS
            messages, all_gone = await self._retire(
                self._store.retention.delete_messages, before_ms
            )
            came_in, rest_gone = await self._retire(self._store.retention.delete_inbound, before_ms)
            if messages or came_in:
                log.info("messages_deleted", count=messages, inbound=came_in)
            if all_gone and rest_gone:
                self._retired_ms = now_ms

    async def _assign_sequence(self) -> None:
        """Make events visible that nobody reads: what waits for its number does not grow."""
        for _ in range(_ASSIGN_STEPS):
            if await self._store.events.assign_sequence(limit=_ASSIGN_STEP) < _ASSIGN_STEP:
                return

    async def _delete_events(self, now_ms: int) -> None:
        """Once an hour, for a while; the next round goes on."""
        if now_ms - self._events_deleted_ms < _RETIRE_MS:
            return
        before_ms = now_ms - self.keep_events_days * _DAY_MS
        until_ms = self._clock_ms() + _RETIRE_FOR_MS
        while self._clock_ms() < until_ms:
            if not await self._store.events.delete_events_before(before_ms, limit=_STEP):
                self._events_deleted_ms = now_ms
                return

    async def _retire(self, retire: _Retire, before_ms: int) -> tuple[int, bool]:
        """Drop what is older, for a while: how many, and whether none is left."""
        until_ms = self._clock_ms() + _RETIRE_FOR_MS
        count, step = 0, _STEP
        while step == _STEP and self._clock_ms() < until_ms:
            step = await retire(before_ms=before_ms, limit=_STEP)
            count += step
        return count, step < _STEP
