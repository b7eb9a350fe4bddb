"""The handsets: one per destination address, each with the texts it got last."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Final

from simpost.smsc.content import Content
from simpost.smsc.reassembly import HandsetMessage, Reassembly

MAX_HANDSETS: Final = 10_000
MAX_TEXTS: Final = 50
MAX_OCTETS: Final = 64 * 1024 * 1024
_MAX_IDS_A_PART: Final = 4
# What they take in memory, about, beside the octets of the text.
_MESSAGE_OCTETS: Final = 500
_PLACE_OCTETS: Final = 8
_PART_OCTETS: Final = 300


@dataclass(slots=True)
class Handset:
    """A phone: its number, its texts oldest first, and how many it ever got.

    Attributes:
        active_at: when it last got or sent a text or was switched, in seconds since the epoch.
    """

    number: str
    active_at: float
    texts: list[HandsetMessage] = field(default_factory=list)
    received: int = 0


class Handsets:
    """All handsets, the longest quiet first, in bounded memory.

    One handset more than `max_handsets`, or one octet more than `max_octets` in all texts, and the
    handset that was quiet longest is dropped.
    """

    def __init__(
        self,
        clock: Callable[[], float],
        *,
        max_handsets: int = MAX_HANDSETS,
        max_texts: int = MAX_TEXTS,
        max_octets: int = MAX_OCTETS,
        reassembly: Reassembly | None = None,
    ) -> None:
        self._clock = clock
        self._max_handsets = max_handsets
        self._max_texts = max_texts
        self._max_octets = max_octets
        self._reassembly = Reassembly() if reassembly is None else reassembly
        self._handsets: OrderedDict[str, Handset] = OrderedDict()
        self._octets = 0
        self._serial = 0

    def __len__(self) -> int:
        return len(self._handsets)

    @property
    def octets(self) -> int:
        """Memory taken by all texts, about."""
        return self._octets

    def take(self, number: str, source: str, content: Content, message_id: str) -> HandsetMessage:
        """A part reaches a handset; returns the message it belongs to."""
        handset = self.touch(number)
        now = handset.active_at
        place = content.place
        if place is None:
            message = self._begin(handset, source, [content])
        else:
            message = self._join(handset, source, place.number - 1, content, now)
            self._reassembly.keep(source, number, place, message, now)
        if len(message.message_ids) < _MAX_IDS_A_PART * len(message.parts):
            message.message_ids.append(message_id)
        message.received_at = now
        while self._octets > self._max_octets and len(self._handsets) > 1:
            self._drop_quietest()
        return message

    def sent(self, number: str, destination: str, parts: Sequence[Content]) -> HandsetMessage:
        """The handset's owner wrote a text; returns it without answers."""
        handset = self.touch(number)
        message = self._begin(handset, number, [*parts])
        handset.received -= 1
        message.destination = destination
        message.received_at = handset.active_at
        return message

    def touch(self, number: str) -> Handset:
        """The handset, now the latest."""
        now = self._clock()
        handset = self._handsets.get(number)
        if handset is not None:
            self._handsets.move_to_end(number)
            handset.active_at = now
            return handset
        if len(self._handsets) >= self._max_handsets:
            self._drop_quietest()
        handset = self._handsets[number] = Handset(number, now)
        return handset

    def newest(self, limit: int) -> Iterator[Handset]:
        """The handsets with the latest activity first."""
        return islice(reversed(self._handsets.values()), limit)

    def find(self, number: str) -> Handset | None:
        return self._handsets.get(number)

    def clear(self) -> None:
        while self._handsets:
            self._drop_quietest()

    def _join(
        self, handset: Handset, source: str, index: int, content: Content, now: float
    ) -> HandsetMessage:
        place = content.place
        assert place is not None
        message = self._reassembly.find(source, handset.number, place, content, now)
        if message is None:
            message = self._begin(handset, source, [None] * place.total)
        if message.parts[index] is None:
            message.parts[index] = content
            self._grow(message, _PART_OCTETS + len(content.octets))
        return message

    def _begin(self, handset: Handset, source: str, parts: list[Content | None]) -> HandsetMessage:
        self._serial += 1
        message = HandsetMessage(self._serial, source, parts)
        handset.received += 1
        handset.texts.append(message)
        self._grow(message, _MESSAGE_OCTETS + _PLACE_OCTETS * len(parts))
        for part in parts:
            if part is not None:
                self._grow(message, _PART_OCTETS + len(part.octets))
        if len(handset.texts) > self._max_texts:
            self._drop(handset.texts.pop(0))
        return message

    def _drop_quietest(self) -> None:
        _, handset = self._handsets.popitem(last=False)
        for message in handset.texts:
            self._drop(message)

    def _drop(self, message: HandsetMessage) -> None:
        self._reassembly.forget(message)
        self._octets -= message.octets

    def _grow(self, message: HandsetMessage, octets: int) -> None:
        message.octets += octets
        self._octets += octets
