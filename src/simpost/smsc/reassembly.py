"""Reassembly of parts in any order, in bounded memory and time (TS 23.040 9.2.3.24).

Pure: times are arguments, in seconds of one clock.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Final, NamedTuple, TypeAlias

from simpost.smsc.content import Content, SegmentPosition

MAX_OPEN: Final = 10_000
EXPIRY_S: Final = 300.0

_Key: TypeAlias = tuple[str, str, str, int, int]


@dataclass(slots=True)
class HandsetMessage:
    """One message on a handset, complete or not.

    Attributes:
        serial: number of the message, from 1; its id in JSON and events.
        source: the sender as received.
        parts: content by number; None for a part that has not arrived.
        message_ids: ids returned for the parts, in the order of arrival.
        received_at: when the latest part arrived, in seconds since the epoch.
        octets: estimated memory.
        destination: recipient of a text that the handset sent; empty for a received one.
        responses: of the ESME to each part of a text that the handset sent.
        system_id: of the session it came from; empty for HTTP and texts of the handset.
        tag: of the test run it belongs to; empty without one.
        key: its key in `Reassembly` while parts are missing.
    """

    serial: int
    source: str
    parts: list[Content | None]
    message_ids: list[str] = field(default_factory=list)
    received_at: float = 0.0
    octets: int = 0
    destination: str = ""
    responses: list[str] = field(default_factory=list)
    system_id: str = ""
    tag: str = ""
    key: _Key | None = None

    @property
    def is_complete(self) -> bool:
        """Whether all parts have arrived."""
        return None not in self.parts

    @property
    def missing_parts(self) -> list[int]:
        """Numbers, from 1, of the parts that have not arrived."""
        return [number for number, part in enumerate(self.parts, 1) if part is None]


class _Open(NamedTuple):
    message: HandsetMessage
    since: float


class Reassembly:
    """The incomplete messages, oldest first."""

    def __init__(self, *, max_open: int = MAX_OPEN, expiry_s: float = EXPIRY_S) -> None:
        self._open: OrderedDict[_Key, _Open] = OrderedDict()
        self._max_open = max_open
        self._expiry_s = expiry_s

    def __len__(self) -> int:
        return len(self._open)

    def find(
        self, source: str, number: str, position: SegmentPosition, content: Content, now: float
    ) -> HandsetMessage | None:
        """The message a part belongs to; None when it is the first of a new one.

        A known part with the same content is a repeat. With other content it belongs to a new
        message with the same reference (8-bit references repeat after 256 messages).
        """
        self._expire(now)
        found = self._open.get(_key(source, number, position))
        if found is None:
            return None
        known = found.message.parts[position.number - 1]
        if known is not None and known != content:
            self.forget(found.message)
            return None
        return found.message

    def track(
        self,
        source: str,
        number: str,
        position: SegmentPosition,
        message: HandsetMessage,
        now: float,
    ) -> None:
        """Keep an incomplete message for its next parts; forget a complete one."""
        if message.is_complete:
            self.forget(message)
        elif message.key is None:
            message.key = _key(source, number, position)
            self._open[message.key] = _Open(message, now)
            if len(self._open) > self._max_open:
                self._forget_oldest()

    def forget(self, message: HandsetMessage) -> None:
        """Add no further parts to a message."""
        if message.key is not None:
            del self._open[message.key]
            message.key = None

    def _expire(self, now: float) -> None:
        while self._open:
            oldest = next(iter(self._open.values()))
            if now - oldest.since <= self._expiry_s:
                return
            self._forget_oldest()

    def _forget_oldest(self) -> None:
        self.forget(next(iter(self._open.values())).message)


def _key(source: str, number: str, position: SegmentPosition) -> _Key:
    return source, number, position.kind, position.reference, position.total
