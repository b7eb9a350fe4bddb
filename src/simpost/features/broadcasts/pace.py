"""How many messages a broadcast may begin now. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

_LONGEST_MS: Final = 1000.0
"""At most a second of the pace, or one message, is made up for."""
_FIRST_MS: Final = 250.0
MIN_QUEUED: Final = 50
MAX_QUEUED: Final = 1_000


class Paces:
    """The paces of all broadcasts of a leader, in memory: a new leader begins with them again."""

    def __init__(self) -> None:
        self._used_until_ms: dict[bytes, float] = {}

    def keep(self, ids: Iterable[bytes]) -> None:
        """Forget all others."""
        self._used_until_ms = {
            each: self._used_until_ms[each] for each in ids if each in self._used_until_ms
        }

    def allowance(self, broadcast_id: bytes, per_s: float, now_ms: int) -> int:
        """How many may begin now. If the clock went back, none for a moment."""
        apart_ms = 1000.0 / per_s
        first_ms = now_ms - max(_FIRST_MS, apart_ms)
        used_ms = min(self._used_until_ms.get(broadcast_id, first_ms), float(now_ms))
        used_ms = max(used_ms, now_ms - max(_LONGEST_MS, apart_ms))
        self._used_until_ms[broadcast_id] = used_ms
        return int((now_ms - used_ms) / apart_ms + 1e-6)

    def use(self, broadcast_id: bytes, per_s: float, count: int) -> None:
        """This number of messages began."""
        self._used_until_ms[broadcast_id] += count * 1000.0 / per_s


def most_queued(per_s: float) -> int:
    """Messages that may wait for carriers: about a second of its pace.

    So a pause takes effect although carriers are slower than the broadcast.
    """
    return int(min(MAX_QUEUED, max(MIN_QUEUED, per_s)))
