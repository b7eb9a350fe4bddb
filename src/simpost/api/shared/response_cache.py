"""Answers that are the same for many callers, kept as octets until what they show changes."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable
from typing import Final

MAX_OCTETS: Final = 8_388_608
"""Octets of all kept answers; beyond it those go that were asked for longest ago."""
_ENTRY_OCTETS: Final = 512
"""What an entry takes beside its answer, so that empty answers are bounded too."""


class ResponseCache:
    """Answers by what was asked. `version` is that of what they show: another one empties it."""

    def __init__(self, max_octets: int = MAX_OCTETS) -> None:
        self._max_octets = max_octets
        self._octets = 0
        self._version: Hashable = None
        self._kept: OrderedDict[Hashable, bytes] = OrderedDict()

    def find(self, version: Hashable, key: Hashable) -> bytes | None:
        """The cached body, or `None`."""
        if version != self._version:
            return None
        body = self._kept.get(key)
        if body is not None:
            self._kept.move_to_end(key)
        return body

    def keep(self, version: Hashable, key: Hashable, body: bytes) -> None:
        """`version` was read before what the answer shows."""
        if version != self._version:
            self._kept.clear()
            self._version, self._octets = version, 0
        if key not in self._kept:
            self._octets += len(body) + _ENTRY_OCTETS
            self._kept[key] = body
        while self._octets > self._max_octets:
            _, oldest = self._kept.popitem(last=False)
            self._octets -= len(oldest) + _ENTRY_OCTETS
