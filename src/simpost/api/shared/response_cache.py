"""Caches responses that are the same for many callers, as octets, until their data changes."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable
from typing import Final

MAX_OCTETS: Final = 8_388_608
"""Octets of all cached responses; beyond it the least recently used are evicted."""
_ENTRY_OCTETS: Final = 512
"""Overhead of an entry, so that the number of empty responses is bounded too."""


class ResponseCache:
    """Responses by key. `version` is that of their data: a new version empties the cache."""

    def __init__(self, max_octets: int = MAX_OCTETS) -> None:
        self._max_octets = max_octets
        self._octets = 0
        self._version: Hashable = None
        self._entries: OrderedDict[Hashable, bytes] = OrderedDict()

    def find(self, version: Hashable, key: Hashable) -> bytes | None:
        """The cached body, or `None`."""
        if version != self._version:
            return None
        body = self._entries.get(key)
        if body is not None:
            self._entries.move_to_end(key)
        return body

    def add(self, version: Hashable, key: Hashable, body: bytes) -> None:
        """Cache a response. `version` must have been read before the data."""
        if version != self._version:
            self._entries.clear()
            self._version, self._octets = version, 0
        if key not in self._entries:
            self._octets += len(body) + _ENTRY_OCTETS
            self._entries[key] = body
        while self._octets > self._max_octets:
            _, oldest = self._entries.popitem(last=False)
            self._octets -= len(oldest) + _ENTRY_OCTETS
