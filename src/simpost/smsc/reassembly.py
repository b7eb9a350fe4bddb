"""Parts become messages again, in any order, in bounded memory and time (TS 23.040 9.2.3.24).

Pure: the time of arrival is handed in, in seconds of one clock.
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
    """One message on a handset, whole or still growing.

    Attributes:
        serial: counts messages of the simulator from 1; names this one in events.
        source: the sender as it came.
        parts: content by place, None where a part has not come.
        message_ids: the ids the parts were answered with, in the order of arrival.
        received_at: when the latest part came, in seconds since the epoch.
        octets: what it takes in memory, about.
        destination: where the handset sent it, for one of its own; empty for one it got.
        responses: what the ESME answered to each part of one of its own.
        key: where the reassembly keeps it while parts are missing.
    """

    serial: int
    source: str
    parts: list[Content | None]
    message_ids: list[str] = field(default_factory=list)
    received_at: float = 0.0
    octets: int = 0
    destination: str = ""
    responses: list[str] = field(default_factory=list)
    key: _Key | None = None

    @property
    def is_complete(self) -> bool:
        return None not in self.parts

    @property
    def missing_parts(self) -> list[int]:
        """Numbers of the parts that have not come, from 1."""
        return [number for number, part in enumerate(self.parts, 1) if part is None]


class _Open(NamedTuple):
    message: HandsetMessage
    since: float


class Reassembly:
    """The messages that still wait for parts, oldest first."""

    def __init__(self, *, max_open: int = MAX_OPEN, expiry_s: float = EXPIRY_S) -> None:
        self._open: OrderedDict[_Key, _Open] = OrderedDict()
        self._max_open = max_open
        self._expiry_s = expiry_s

    def __len__(self) -> int:
        return len(self._open)

    def find(
        self, source: str, number: str, place: SegmentPosition, content: Content, now: float
    ) -> HandsetMessage | None:
        """The message this part belongs to, or None when a new one begins with it.

        A part that came before and reads the same is a repeat; one that reads differently shows
        that the sender uses the reference anew (8-bit references do so after 256 messages).
        """
        self._expire(now)
        found = self._open.get(_key(source, number, place))
        if found is None:
            return None
        known = found.message.parts[place.number - 1]
        if known is not None and known != content:
            self.forget(found.message)
            return None
        return found.message

    def keep(
        self, source: str, number: str, place: SegmentPosition, message: HandsetMessage, now: float
    ) -> None:
        """Remember the message for its further parts, or forget it once it is whole."""
        if message.is_complete:
            self.forget(message)
        elif message.key is None:
            message.key = _key(source, number, place)
            self._open[message.key] = _Open(message, now)
            if len(self._open) > self._max_open:
                self._forget_oldest()

    def forget(self, message: HandsetMessage) -> None:
        """No further part belongs to it."""
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


def _key(source: str, number: str, place: SegmentPosition) -> _Key:
    return source, number, place.kind, place.reference, place.total
