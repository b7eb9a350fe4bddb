"""Parts that an API accepted without an id, so that a failure notice can find its only part."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from typing import Final, NamedTuple

MOST_PARTS: Final = 50_000


class _SentPart(NamedTuple):
    own_id: str
    until_ms: int


class PartsWithoutIds:
    """By destination, in memory: a restart forgets them. Their ids are of simpost."""

    def __init__(self) -> None:
        self._sent: OrderedDict[str, list[_SentPart]] = OrderedDict()
        self._count = 0

    def add(self, destination: str, own_id: str, now_ms: int, until_ms: int) -> None:
        """Remember a part until a time, and forget old ones of the same destination."""
        known = self._sent.pop(destination, [])
        open_parts = [each for each in known if each.until_ms > now_ms]
        self._sent[destination] = [*open_parts, _SentPart(own_id, until_ms)]
        self._count += len(open_parts) + 1 - len(known)
        while self._count > MOST_PARTS:
            self._count -= len(self._sent.popitem(last=False)[1])

    def find(self, destinations: Sequence[str], now_ms: int) -> str:
        """The id of the only part to these destinations; empty if there is none, or several."""
        found = {
            each.own_id
            for destination in destinations
            for each in self._sent.get(destination, ())
            if each.until_ms > now_ms
        }
        return found.pop() if len(found) == 1 else ""
