"""Submits whose answer did not come in time, kept for the case that it comes after all."""

from __future__ import annotations

from collections import OrderedDict
from typing import Final

from simpost.ports.carrier import Submission
from simpost.smpp import Pdu

_MOST: Final = 1000


class Doubts:
    """Bounded: the oldest are forgotten first, and a receipt may still settle those."""

    def __init__(self) -> None:
        self._parts: OrderedDict[int, tuple[Pdu, Submission]] = OrderedDict()

    def remember(self, request: Pdu, part: Submission) -> None:
        self._parts[id(request)] = (request, part)  # the request is kept, so its id stays its own
        if len(self._parts) > _MOST:
            self._parts.popitem(last=False)

    def recall(self, request: Pdu) -> Submission | None:
        """The part that the request carried, once."""
        _, part = self._parts.pop(id(request), (None, None))
        return part
