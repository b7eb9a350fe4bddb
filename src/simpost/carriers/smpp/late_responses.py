"""Submits without a response in time, kept in case the response still comes."""

from __future__ import annotations

from collections import OrderedDict
from typing import Final

from simpost.ports.carrier import OutboundPart
from simpost.smpp import Pdu

_MAX_SUBMITS: Final = 1000


class UnansweredSubmits:
    """Bounded: the oldest are dropped first. A receipt may still end their parts."""

    def __init__(self) -> None:
        self._parts: OrderedDict[int, tuple[Pdu, OutboundPart]] = OrderedDict()

    def add(self, request: Pdu, part: OutboundPart) -> None:
        self._parts[id(request)] = (request, part)  # keeps the request: its id is not reused
        if len(self._parts) > _MAX_SUBMITS:
            self._parts.popitem(last=False)

    def pop(self, request: Pdu) -> OutboundPart | None:
        """Remove and return the part of the request; `None` if it is unknown."""
        _, part = self._parts.pop(id(request), (None, None))
        return part
