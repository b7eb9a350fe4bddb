"""Periodic jobs, in bounded steps: leases and messages expire, old rows are deleted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import Protocol

from simpost.config import Settings
from simpost.domain.messages import Category
from simpost.domain.repeats import RepeatPolicy
from simpost.messaging.from_settings import repeats_of
from simpost.messaging.redaction import Redaction
from simpost.observe import get_logger, metrics
from simpost.observe.metrics import Sample
from simpost.ports.store import Store
from simpost.runtime.clock import Clock
from simpost.runtime.component import Component, count_samples
from simpost.runtime.scheduler import always, run_periodically

_INTERVAL_S = 5.0
_STEP = 500
_DAY_MS = 86_400_000
_RETENTION_INTERVAL_MS = 3_600_000
"""How often old rows are deleted."""
_MAX_REFUSAL_DAYS = 90
"""Longest time that refusals are kept, whatever `keep_days` is."""
_ASSIGN_STEP = 1_000
_ASSIGN_STEPS = 200
"""Most steps of `assign_sequence` in one run; the next run goes on."""
_DELETE_FOR_MS = 5_000
"""How long one run deletes; the next one goes on, so that other jobs are not delayed."""

log = get_logger(__name__)


class _DeleteOld(Protocol):
    async def __call__(self, *, before_ms: int, limit: int) -> int: ...


class Maintenance(Component):
    """Expires leases and messages, and deletes old rows. Runs on the leader.

    A sent message without a receipt ends `receipt_grace_ms` after its validity. Messages and
    inbound messages are deleted after `keep_days` (0: never), events after `keep_events_days`.

    Attributes:
        expired_leases: parts put in doubt, by cause: `restart`, `node_lost` or `timeout`.
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
        redact_days: Mapping[Category, int] | None = None,
        redact_inbound_days: int = 0,
        clock_ms: Clock,
        is_leader: Callable[[], bool] = always,
    ) -> None:
        self.repeats = repeats
        self.receipt_grace_ms = receipt_grace_ms
        self.keep_days = keep_days
        self.keep_events_days = keep_events_days
        self._deleted_ms = 0
        self._refusals_deleted_ms = 0
        self._events_deleted_ms = 0
        self._store = store
        self._owner = owner
        self._clock_ms = clock_ms
        self._is_leader = is_leader
        self._redaction = Redaction(
            store, clock_ms=clock_ms, days=redact_days or {}, inbound_days=redact_inbound_days
        )
        self.expired_leases: Counter[tuple[str]] = Counter()

    async def recover_own_leases(self) -> int:
        """Put the parts in doubt that this node had leased when it stopped; returns their number.

        Must run before anything is sent.
        """
        in_doubt = await self._store.queue.expire_leases(
            now_ms=self._clock_ms(), owner=self._owner, repeats=self.repeats
        )
        if in_doubt:
            self.expired_leases["restart",] += in_doubt
            log.warning("parts_in_doubt_after_restart", parts=in_doubt)
        return in_doubt

    async def recover_leases_of(self, node: str) -> None:
        """Put the parts in doubt that a lost node had leased: they may have been sent."""
        in_doubt = await self._store.queue.expire_leases(
            now_ms=self._clock_ms(), owner=node, repeats=self.repeats
        )
        if in_doubt:
            self.expired_leases["node_lost",] += in_doubt
            log.warning("lost_node_parts_in_doubt", node=node, parts=in_doubt)

    async def run(self) -> None:
        await run_periodically(self.run_once, _INTERVAL_S, name="maintenance", when=self._is_leader)

    async def reconfigure(self, settings: Settings) -> None:
        messages = settings.messages
        self.repeats = repeats_of(settings)
        self.receipt_grace_ms = 1000 * messages.receipt_grace_s
        self.keep_days = messages.keep_days
        self.keep_events_days = settings.events.keep_days
        self._redaction.days = messages.redact_days
        self._redaction.inbound_days = messages.redact_inbound_days

    def samples(self) -> Iterable[Sample]:
        return count_samples(metrics.LEASES_EXPIRED, self.expired_leases)

    async def run_once(self) -> None:
        """Run each job once."""
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
        await self._redaction.run_once()
        if now_ms - self._refusals_deleted_ms >= _RETENTION_INTERVAL_MS:
            days = min(self.keep_days or _MAX_REFUSAL_DAYS, _MAX_REFUSAL_DAYS)
            before_ms = now_ms - days * _DAY_MS
            _, is_done = await self._delete(self._store.retention.delete_refusals, before_ms)
            if is_done:
                self._refusals_deleted_ms = now_ms
        if self.keep_days and now_ms - self._deleted_ms >= _RETENTION_INTERVAL_MS:
            before_ms = now_ms - self.keep_days * _DAY_MS
            messages, is_done = await self._delete(self._store.retention.delete_messages, before_ms)
            inbound, inbound_is_done = await self._delete(
                self._store.retention.delete_inbound, before_ms
            )
            if messages or inbound:
                log.info("messages_deleted", count=messages, inbound=inbound)
            if is_done and inbound_is_done:
                self._deleted_ms = now_ms

    async def _assign_sequence(self) -> None:
        """Number new events even if no caller reads them, so that their number stays small."""
        for _ in range(_ASSIGN_STEPS):
            if await self._store.events.assign_sequence(limit=_ASSIGN_STEP) < _ASSIGN_STEP:
                return

    async def _delete_events(self, now_ms: int) -> None:
        """Delete old events once an hour, for a limited time; the next run goes on."""
        if now_ms - self._events_deleted_ms < _RETENTION_INTERVAL_MS:
            return
        before_ms = now_ms - self.keep_events_days * _DAY_MS
        until_ms = self._clock_ms() + _DELETE_FOR_MS
        while self._clock_ms() < until_ms:
            events = await self._store.events.delete_events_before(before_ms, limit=_STEP)
            deliveries = await self._store.webhooks.delete_deliveries(
                before_ms=before_ms, limit=_STEP
            )
            if not events and not deliveries:
                self._events_deleted_ms = now_ms
                return

    async def _delete(self, delete: _DeleteOld, before_ms: int) -> tuple[int, bool]:
        """Delete older rows for a limited time. Returns their number, and whether none is left."""
        until_ms = self._clock_ms() + _DELETE_FOR_MS
        count, step = 0, _STEP
        while step == _STEP and self._clock_ms() < until_ms:
            step = await delete(before_ms=before_ms, limit=_STEP)
            count += step
        return count, step < _STEP
