"""Parts that an API accepted without an id, so that a failure notice can find its only part."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from typing import Final, NamedTuple

from simpost.ports.carrier import AcceptedPart

MOST_PARTS: Final = 50_000
_COMMITTED_MS: Final = 60_000
"""How long a part is in memory, for the time until it is in the store."""


class _SentPart(NamedTuple):
    own_id: str
    until_ms: int
    is_in_doubt: bool


class PartsWithoutIds:
    """What this node has sent lately, by destination; everything else is in the store.

    The ids are of simpost.
    """

    def __init__(self) -> None:
        self._sent: OrderedDict[str, list[_SentPart]] = OrderedDict()
        self._count = 0
        self._forgotten_until_ms = 0

    def add(self, destination: str, own_id: str, now_ms: int, *, is_in_doubt: bool) -> None:
        """Remember a part for a minute, and forget old ones of the same destination.

        A part in doubt may have been accepted. If it is sent again it keeps its id.
        """
        known = self._sent.pop(destination, [])
        others = [each for each in known if each.until_ms > now_ms and each.own_id != own_id]
        one = _SentPart(own_id, now_ms + _COMMITTED_MS, is_in_doubt)
        self._sent[destination] = [*others, one]
        self._count += len(others) + 1 - len(known)
        while self._count > MOST_PARTS:
            parts = self._sent.popitem(last=False)[1]
            self._count -= len(parts)
            last_ms = max(each.until_ms for each in parts)
            self._forgotten_until_ms = max(self._forgotten_until_ms, last_ms)

    def find(self, destinations: Sequence[str], stored: Sequence[AcceptedPart], now_ms: int) -> str:
        """The id of the only part to these destinations; empty if there is none, or several.

        `stored` are those in the store. Empty also if any is in doubt, because then no response
        gave it the id, and while a forgotten part may not be in the store yet.
        """
        if now_ms < self._forgotten_until_ms:
            return ""
        lately = [
            each
            for destination in destinations
            for each in self._sent.get(destination, ())
            if each.until_ms > now_ms
        ]
        accepted = {each.own_id for each in lately if not each.is_in_doubt}
        found = accepted | {each.carrier_message_id or "" for each in stored}
        found |= {"" for each in lately if each.is_in_doubt}
        return found.pop() if len(found) == 1 else ""
