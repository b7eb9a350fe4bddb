"""Submits without a response in time, kept in case the response still comes."""

from __future__ import annotations

from collections import OrderedDict
from typing import Final

from simpost.ports.carrier import OutboundPart
from simpost.smpp import Pdu

_MOST: Final = 1000


class UnansweredSubmits:
    """Bounded: the oldest are dropped first; a receipt may still end their parts."""

    def __init__(self) -> None:
        self._parts: OrderedDict[int, tuple[Pdu, OutboundPart]] = OrderedDict()

    def add(self, request: Pdu, part: OutboundPart) -> None:
        self._parts[id(request)] = (request, part)  # the request is kept, so its id stays its own
        if len(self._parts) > _MOST:
            self._parts.popitem(last=False)

    def pop(self, request: Pdu) -> OutboundPart | None:
        """Remove and return the part of the request; `None` if it is unknown."""
        _, part = self._parts.pop(id(request), (None, None))
        return part
