"""Receives deliveries of suppliers and events of accounts, and records them."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final

import msgspec
from msgspec.structs import replace

from simpost.config import Settings
from simpost.domain.lifecycle import EventKind, LifecycleEvent
from simpost.features.lifecycle.adapters.report import SourceDelivery
from simpost.features.lifecycle.document import MOST_EVENTS, NotUnderstood, UnknownEvent, parse_json
from simpost.features.lifecycle.sources import KnownSource, LifecycleSources
from simpost.net.body_signatures import is_signed
from simpost.observe import get_logger, metrics
from simpost.observe.metrics import Sample
from simpost.ports.store import EsimRow
from simpost.ports.store.lifecycle import (
    ImportedEsim,
    LifecycleStore,
    NewLifecycleEvent,
    RecordedEvent,
)
from simpost.ports.store.lifecycle_sources import LifecycleError, LifecycleSourceStore
from simpost.runtime.clock import Clock
from simpost.runtime.component import Component, count_samples
from simpost.runtime.scheduler import always, run_periodically

_INTERVAL_S: Final = 60.0
_DAY_MS: Final = 86_400_000
_USE_ACCURACY_MS: Final = 60_000
_AHEAD_MS: Final = 60_000
"""How far the clock of a source may be ahead; an event from later happened when it came."""
_KEPT_OCTETS: Final = 8_192
"""Octets that are kept of a body that was not understood."""

log = get_logger(__name__)


class WrongSignature(Exception):
    """The delivery has no valid signature."""


class Received(msgspec.Struct, frozen=True):
    """What became of a delivery.

    Attributes:
        reason: why it was not understood; `None` if it was.
        is_refused: it was not as the source documents it, so that the sender should know.
    """

    events: tuple[RecordedEvent, ...] = ()
    reason: str | None = None
    is_refused: bool = False


class Lifecycle(Component):
    """The lifecycle events of all accounts. What is received is committed when a call returns."""

    def __init__(
        self,
        store: LifecycleStore,
        source_store: LifecycleSourceStore,
        sources: LifecycleSources,
        *,
        new_id: Callable[[], bytes],
        clock_ms: Clock,
        keep_days: int,
        is_leader: Callable[[], bool] = always,
    ) -> None:
        self.sources = sources
        self.keep_days = keep_days
        self._store = store
        self._source_store = source_store
        self._new_id = new_id
        self._clock_ms = clock_ms
        self._is_leader = is_leader
        self._used_ms: dict[str, int] = {}
        self._counts: Counter[tuple[str, str]] = Counter()

    async def run(self) -> None:
        """Retry parked events, notice plans that end and delete old rows, until cancelled."""
        await run_periodically(self.clean_up, _INTERVAL_S, name="lifecycle", when=self._is_leader)

    async def reconfigure(self, settings: Settings) -> None:
        self.keep_days = settings.lifecycle.keep_days

    def samples(self) -> Iterable[Sample]:
        return count_samples(metrics.LIFECYCLE_EVENTS, self._counts)

    async def clean_up(self) -> None:
        """Apply parked events, notice plans that end, and delete what is too old."""
        now_ms = self._clock_ms()
        place: tuple[int, str, bytes] | None = (0, "", b"")
        while place is not None:
            place = await self._store.retry_parked(
                place, unknown_before_ms=now_ms - _DAY_MS, new_id=self._new_id, now_ms=now_ms
            )
        while await self._store.notice_expiries(new_id=self._new_id, now_ms=now_ms):
            pass
        before_ms = now_ms - self.keep_days * _DAY_MS
        while await self._store.delete_old(before_ms=before_ms):
            pass
        while await self._source_store.delete_errors(before_ms=before_ms):
            pass

    async def receive(
        self, known: KnownSource, body: bytes, headers: Mapping[str, str]
    ) -> Received:
        """Record the events of a body. Raises WrongSignature and StoreError.

        A body that is not understood is kept for the account to look at.
        """
        source, rule = known.source, known.adapter.signature
        if (secret := source.secret) is not None and (
            rule is None or not is_signed(rule, secret, body, headers)
        ):
            self._counts[source.kind, "wrong_signature"] += 1
            raise WrongSignature
        now_ms = self._clock_ms()
        try:
            events = _read(known, body, headers, now_ms)
        except (NotUnderstood, UnknownEvent) as error:
            return await self._keep_error(known, body, error, now_ms)
        is_test = any(each.kind is EventKind.TEST for each in events)
        await self._note_use(source.account_id, source.id, now_ms, is_test=is_test)
        reported = [each for each in events if each.kind is not EventKind.TEST]
        recorded = await self.record(source.account_id, reported) if reported else ()
        return Received(tuple(recorded))

    async def record(
        self, account_id: int, events: Sequence[LifecycleEvent]
    ) -> Sequence[RecordedEvent]:
        """Record events in one transaction. Raises StoreError."""
        now_ms = self._clock_ms()
        new = [NewLifecycleEvent(_in_time(each, now_ms), digest_of(each)) for each in events]
        recorded = await self._store.record(account_id, new, new_id=self._new_id, now_ms=now_ms)
        source = events[0].source if events else ""
        for each in recorded:
            self._counts[source, each.outcome] += 1
        return recorded

    async def apply_parked(self, account_id: int, rows: Sequence[EsimRow]) -> None:
        """Apply events that waited for imported eSIMs. Raises StoreError."""
        esims = [ImportedEsim(row.esim_tran_no, row.iccid, row.order_no) for row in rows]
        applied = await self._store.apply_parked(
            account_id, esims, new_id=self._new_id, now_ms=self._clock_ms()
        )
        if applied:
            log.info("parked_events_applied", count=applied)

    async def _keep_error(
        self, known: KnownSource, body: bytes, error: Exception, now_ms: int
    ) -> Received:
        source = known.source
        await self._source_store.add_error(
            LifecycleError(
                account_id=source.account_id,
                id=self._new_id(),
                source_id=source.id,
                digest=hashlib.sha256(source.id.encode() + b" " + body).digest()[:16],
                reason=str(error),
                body=body[:_KEPT_OCTETS],
                received_ms=now_ms,
            )
        )
        self._counts[source.kind, "not_understood"] += 1
        return Received((), str(error), isinstance(error, NotUnderstood))

    async def _note_use(
        self, account_id: int, source_id: str, now_ms: int, *, is_test: bool
    ) -> None:
        """Save when a source reported: a test at once, otherwise once a minute."""
        if is_test or now_ms - self._used_ms.get(source_id, 0) >= _USE_ACCURACY_MS:
            self._used_ms[source_id] = now_ms
            await self._source_store.note_source_use(
                account_id,
                source_id,
                event_ms=None if is_test else now_ms,
                test_ms=now_ms if is_test else None,
            )


def _read(
    known: KnownSource, body: bytes, headers: Mapping[str, str], now_ms: int
) -> list[LifecycleEvent]:
    """The events of a body: an object, or an array of them."""
    documents = parse_json(body)
    if len(documents) > MOST_EVENTS:
        raise NotUnderstood(f"the body has more than {MOST_EVENTS} events")
    found: list[LifecycleEvent] = []
    for document in documents:
        found += known.adapter.read(SourceDelivery(known.source.kind, document, headers, now_ms))
    return found


def digest_of(event: LifecycleEvent) -> bytes:
    """What makes two deliveries the same event: the id of the source, or what happened and when."""
    about = event.esim_tran_no, event.iccid, event.order_no
    what: tuple[Any, ...]
    if event.source_event_id:
        what = event.source, event.source_event_id, event.kind, *about
    else:
        usage = event.used_percent, event.remaining_octets, event.country, event.status
        what = event.source, event.kind, *about, event.plan, *usage, event.at_ms // 1000
    return hashlib.sha256(msgspec.json.encode(what)).digest()[:16]


def _in_time(event: LifecycleEvent, now_ms: int) -> LifecycleEvent:
    return event if event.at_ms <= now_ms + _AHEAD_MS else replace(event, at_ms=now_ms)
