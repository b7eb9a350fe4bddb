"""Parts that an API accepted without an id, so that a failure notice can find its only part."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from typing import Final, NamedTuple

MOST_PARTS: Final = 50_000


class _SentPart(NamedTuple):
    own_id: str
    until_ms: int
    is_in_doubt: bool


class PartsWithoutIds:
    """By destination, in memory: a restart forgets them. Their ids are of simpost."""

    def __init__(self) -> None:
        self._sent: OrderedDict[str, list[_SentPart]] = OrderedDict()
        self._count = 0
        self._forgotten_until_ms = 0

    def add(
        self, destination: str, own_id: str, now_ms: int, until_ms: int, *, is_in_doubt: bool
    ) -> None:
        """Remember a part until a time, and forget old ones of the same destination.

        A part in doubt may have been accepted. If it is sent again it keeps its id.
        """
        known = self._sent.pop(destination, [])
        others = [each for each in known if each.until_ms > now_ms and each.own_id != own_id]
        self._sent[destination] = [*others, _SentPart(own_id, until_ms, is_in_doubt)]
        self._count += len(others) + 1 - len(known)
        while self._count > MOST_PARTS:
            parts = self._sent.popitem(last=False)[1]
            self._count -= len(parts)
            last_ms = max(each.until_ms for each in parts)
            self._forgotten_until_ms = max(self._forgotten_until_ms, last_ms)

    def find(self, destinations: Sequence[str], now_ms: int) -> str:
        """The id of the only part to these destinations; empty if there is none, or several.

        Empty also if the only one is in doubt, because then no response gave it the id, and while
        a forgotten part may be open.
        """
        if now_ms < self._forgotten_until_ms:
            return ""
        found = {
            each.own_id: each
            for destination in destinations
            for each in self._sent.get(destination, ())
            if each.until_ms > now_ms
        }
        only = next(iter(found.values())) if len(found) == 1 else None
        return only.own_id if only and not only.is_in_doubt else ""
