"""Handsets: one per destination address, each with its latest texts, in bounded memory and age."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Container, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Final

from simpost.smsc.content import Content
from simpost.smsc.reassembly import HandsetMessage, Reassembly
from simpost.smsc.run_tags import RunTags

MAX_HANDSETS: Final = 10_000
MAX_TEXTS: Final = 50
MAX_OCTETS: Final = 64 * 1024 * 1024
_MAX_IDS_PER_PART: Final = 4
# Estimated memory in addition to the octets of the text.
_MESSAGE_OCTETS: Final = 500
_SLOT_OCTETS: Final = 8
_PART_OCTETS: Final = 300


@dataclass(slots=True)
class Handset:
    """A phone.

    Attributes:
        active_at: when it last received or sent a text or was switched, in seconds since the epoch.
        texts: the latest texts, oldest first.
        received: number of all texts it received.
    """

    number: str
    active_at: float
    texts: list[HandsetMessage] = field(default_factory=list)
    received: int = 0


class Handsets:
    """All handsets, the least recently active first.

    The least recently active handset is evicted when there are more than `max_handsets`, or when
    all texts take more than `max_octets`.

    Attributes:
        tags: the tags that new texts get.
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
        self.tags = RunTags()

    def __len__(self) -> int:
        return len(self._handsets)

    @property
    def octets(self) -> int:
        """Estimated memory of all texts."""
        return self._octets

    def receive(
        self, number: str, source: str, content: Content, message_id: str
    ) -> HandsetMessage:
        """Add a part to its handset; returns the message it belongs to."""
        handset = self.touch(number)
        now = handset.active_at
        position = content.position
        if position is None:
            message = self._new_message(handset, source, [content])
        else:
            message = self._add_part(handset, source, position.number - 1, content, now)
            self._reassembly.track(source, number, position, message, now)
        if len(message.message_ids) < _MAX_IDS_PER_PART * len(message.parts):
            message.message_ids.append(message_id)
        message.received_at = now
        self._evict_excess()
        return message

    def add_sent(self, number: str, destination: str, parts: Sequence[Content]) -> HandsetMessage:
        """Add a text that the handset sends; returns it without responses."""
        handset = self.touch(number)
        message = self._new_message(handset, number, [*parts])
        handset.received -= 1
        message.destination = destination
        message.received_at = handset.active_at
        return message

    def touch(self, number: str) -> Handset:
        """The handset, created if needed and marked as the most recently active."""
        now = self._clock()
        handset = self._handsets.get(number)
        if handset is not None:
            self._handsets.move_to_end(number)
            handset.active_at = now
            return handset
        if len(self._handsets) >= self._max_handsets:
            self._evict_least_active()
        handset = self._handsets[number] = Handset(number, now)
        return handset

    def newest(self, limit: int) -> Iterator[Handset]:
        """At most `limit` handsets, the most recently active first."""
        return islice(reversed(self._handsets.values()), limit)

    def find(self, number: str) -> Handset | None:
        """The handset of a number; None if it has no texts and was never switched."""
        return self._handsets.get(number)

    def all(self) -> Iterator[Handset]:
        """Every handset, the least recently active first."""
        return iter(self._handsets.values())

    def add_copy(self, number: str, message: HandsetMessage) -> HandsetMessage:
        """Add a copy of a text that was on a handset before; returns it with its new serial."""
        handset = self.touch(number)
        added = self._new_message(handset, message.source, [*message.parts])
        handset.received -= bool(message.destination)
        added.destination, added.received_at = message.destination, message.received_at
        added.message_ids, added.responses = [*message.message_ids], [*message.responses]
        added.system_id, added.tag = message.system_id, message.tag
        self._evict_excess()
        return added

    def remove_texts(self, number: str, serials: Container[int]) -> None:
        """Delete some texts of a handset; the handset and its count remain."""
        handset = self._handsets.get(number)
        if handset is None:
            return
        kept: list[HandsetMessage] = []
        for message in handset.texts:
            if message.serial in serials:
                self._forget(message)
            else:
                kept.append(message)
        handset.texts = kept

    def remove(self, number: str) -> bool:
        """Delete a handset and its texts; False when it is unknown."""
        handset = self._handsets.pop(number, None)
        if handset is None:
            return False
        for message in handset.texts:
            self._forget(message)
        return True

    def expire(self, before: float, kept: Container[str]) -> list[int]:
        """Delete texts of before a time, and handsets without texts; returns the texts' serials.

        A handset without texts remains if it was active since, or is one of `kept`.
        """
        expired: list[int] = []
        for handset in list(self._handsets.values()):
            texts = handset.texts
            while texts and texts[0].received_at < before:
                expired.append(texts[0].serial)
                self._forget(texts.pop(0))
            if not texts and handset.active_at < before and handset.number not in kept:
                del self._handsets[handset.number]
        return expired

    def clear(self) -> None:
        """Delete all handsets and their texts."""
        while self._handsets:
            self._evict_least_active()

    def _add_part(
        self, handset: Handset, source: str, index: int, content: Content, now: float
    ) -> HandsetMessage:
        position = content.position
        assert position is not None
        message = self._reassembly.find(source, handset.number, position, content, now)
        if message is None:
            message = self._new_message(handset, source, [None] * position.total)
        if message.parts[index] is None:
            message.parts[index] = content
            self._add_octets(message, _PART_OCTETS + len(content.octets))
        return message

    def _new_message(
        self, handset: Handset, source: str, parts: list[Content | None]
    ) -> HandsetMessage:
        self._serial += 1
        message = HandsetMessage(self._serial, source, parts, tag=self.tags.of(handset.number))
        handset.received += 1
        handset.texts.append(message)
        self._add_octets(message, _MESSAGE_OCTETS + _SLOT_OCTETS * len(parts))
        for part in parts:
            if part is not None:
                self._add_octets(message, _PART_OCTETS + len(part.octets))
        if len(handset.texts) > self._max_texts:
            self._forget(handset.texts.pop(0))
        return message

    def _evict_excess(self) -> None:
        while self._octets > self._max_octets and len(self._handsets) > 1:
            self._evict_least_active()

    def _evict_least_active(self) -> None:
        _, handset = self._handsets.popitem(last=False)
        for message in handset.texts:
            self._forget(message)

    def _forget(self, message: HandsetMessage) -> None:
        self._reassembly.forget(message)
        self._octets -= message.octets

    def _add_octets(self, message: HandsetMessage, octets: int) -> None:
        message.octets += octets
        self._octets += octets
