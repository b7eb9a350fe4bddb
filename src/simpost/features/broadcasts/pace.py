"""How many messages a broadcast may begin now. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

_LONGEST_MS: Final = 1000.0
"""At most a second of the pace, or one message, is made up for."""
_FIRST_MS: Final = 250.0
MIN_QUEUED: Final = 50
MAX_QUEUED: Final = 2_500
_QUEUED_MS: Final = 500.0
_SHORTEST_MS: Final = 200
"""Shortest time that says how fast carriers are: they may take a burst at once."""


@dataclass(slots=True)
class _Queue:
    """Messages that wait for carriers: how many did at a time, and how many began since."""

    at_ms: int
    queued: int
    begun: int = 0
    most: int = MIN_QUEUED


class Paces:
    """The paces of all broadcasts of a leader, in memory: a new leader begins with them again."""

    def __init__(self) -> None:
        self._used_until_ms: dict[bytes, float] = {}
        self._queues: dict[bytes, _Queue] = {}

    def keep(self, ids: Iterable[bytes]) -> None:
        """Forget all others."""
        kept = set(ids)
        for known in (self._used_until_ms, self._queues):
            for each in known.keys() - kept:
                del known[each]

    def allowance(self, broadcast_id: bytes, per_s: float, now_ms: int) -> int:
        """How many may begin now. If the clock went back, none for a moment."""
        apart_ms = 1000.0 / per_s
        first_ms = now_ms - max(_FIRST_MS, apart_ms)
        used_ms = min(self._used_until_ms.get(broadcast_id, first_ms), float(now_ms))
        used_ms = max(used_ms, now_ms - max(_LONGEST_MS, apart_ms))
        self._used_until_ms[broadcast_id] = used_ms
        return int((now_ms - used_ms) / apart_ms + 1e-6)

    def most_queued(self, broadcast_id: bytes) -> int:
        """Messages that may wait for carriers: what these take in half a second, 50 at least.

        So a pause takes effect, and others need not wait, although carriers are slower than it.
        """
        queue = self._queues.get(broadcast_id)
        return queue.most if queue else MIN_QUEUED

    def note_queued(self, broadcast_id: bytes, queued: int, now_ms: int) -> None:
        """This number of its messages waits for carriers now."""
        queue = self._queues.get(broadcast_id)
        if queue is None:
            self._queues[broadcast_id] = _Queue(now_ms, queued)
            return
        elapsed_ms = now_ms - queue.at_ms
        if 0 <= elapsed_ms < _SHORTEST_MS:
            return
        if not queued and queue.begun:
            most = 2 * queue.most
        elif elapsed_ms > 0 and queued:
            taken = queue.queued + queue.begun - queued
            most = int(taken * _QUEUED_MS / elapsed_ms)
        else:
            most = queue.most
        queue.most = min(MAX_QUEUED, max(MIN_QUEUED, most))
        queue.at_ms, queue.queued, queue.begun = now_ms, queued, 0

    def use(self, broadcast_id: bytes, per_s: float, count: int) -> None:
        """This number of messages began."""
        self._used_until_ms[broadcast_id] += count * 1000.0 / per_s
        if queue := self._queues.get(broadcast_id):
            queue.begun += count
