"""Counts and probes for metrics and readiness."""

from __future__ import annotations

from collections import Counter
from typing import Protocol

import msgspec

from simpost.observe.histogram import SECONDS, SIZES, Histogram


class PendingCounts:
    """Counts of a transaction that are added to `StoreCounts` when it is committed."""

    def __init__(self) -> None:
        self.ended: list[tuple[str, str, str]] = []
        self.kept: list[tuple[str, str]] = []

    def end(self, carrier: str, state: str, reason: str | None) -> None:
        """Count a part that reached a final state."""
        self.ended.append((carrier, state, reason or ""))

    def keep(self, carrier: str, disposition: str) -> None:
        """Count a receipt that was stored instead of applied."""
        self.kept.append((carrier, disposition))

    def add(self, other: PendingCounts) -> None:
        """Add the counts of another transaction, and clear them there."""
        self.ended += other.ended
        self.kept += other.kept
        other.clear()

    def clear(self) -> None:
        """Drop the counts, after a rollback."""
        self.ended.clear()
        self.kept.clear()


class StoreCounts:
    """Counts of everything that a store has committed since it was opened.

    Attributes:
        ended: parts that reached a final state, by carrier, state and reason (empty without one).
        kept: receipts not applied at once, by carrier and disposition.
        parked: receipts that wait for their part.
        commit_s: how long commits took.
        commit_jobs: how many jobs shared one.
        refused: jobs that could not be committed.
        waiting: jobs that wait for the commit that runs.
    """

    def __init__(self) -> None:
        self.ended: Counter[tuple[str, str, str]] = Counter()
        self.kept: Counter[tuple[str, str]] = Counter()
        self.parked = 0
        self.commit_s = Histogram(SECONDS)
        self.commit_jobs = Histogram(SIZES)
        self.refused = 0
        self.waiting = 0

    def take(self, pending: PendingCounts) -> None:
        """Add the counts of a committed transaction, and clear them there."""
        self.ended.update(pending.ended)
        self.kept.update(pending.kept)
        pending.clear()


class QueueDepth(msgspec.Struct, frozen=True):
    """What waits in the store for a carrier, configured or not.

    Attributes:
        parts: how many, those that wait for a retry or for the end of their doubt among them.
        oldest_ms: when the first accepted of them was.
    """

    carrier: str
    parts: int
    oldest_ms: int


class StoreHealth(Protocol):
    """Says how the store is doing."""

    def counts(self) -> StoreCounts:
        """As they are now; the same object each time."""
        ...

    async def queues(self) -> list[QueueDepth]:
        """Looks at every part that waits: for a look every few seconds, not for each message."""
        ...

    async def probe(self, *, now_ms: int) -> None:
        """Commit something of no meaning. Raises StoreError when nothing can be committed."""
        ...
