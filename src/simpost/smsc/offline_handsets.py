"""Handsets that do not show texts at once, and their pending texts, in bounded memory."""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, NamedTuple

from simpost.smsc.accepted_submits import AcceptedSubmit
from simpost.smsc.content import Content

MAX_OFF: Final = 10_000
MAX_PENDING_TEXTS: Final = 10_000
MAX_PENDING_OCTETS: Final = 16 * 1024 * 1024


class Condition(StrEnum):
    """What a handset does with a text.

    ON shows it. OFF keeps it pending until the handset is on. DELAYED shows it some time later.
    FULL never shows it: the memory of the handset is full.
    """

    ON = "on"
    OFF = "off"
    DELAYED = "delayed"
    FULL = "full"


class PendingText(NamedTuple):
    """A text that is not shown yet; `receipt_delay_s` counts from when it is."""

    submit: AcceptedSubmit
    content: Content
    receipt_delay_s: float


@dataclass(slots=True)
class _Offline:
    until: float | None
    delay_s: float | None = None
    pending: dict[int, PendingText] = field(default_factory=dict)


class OfflineHandsets:
    """The handsets that are not just on, by number without `+`.

    Attributes:
        off: the numbers of those that keep texts pending, read by the hot path.
        full: the numbers of those whose memory is full, read by the hot path.
    """

    def __init__(self) -> None:
        self._offline: dict[str, _Offline] = {}
        self._full: set[str] = set()
        self.off: Container[str] = self._offline
        self.full: Container[str] = self._full
        self._texts = 0
        self._octets = 0
        self._serial = 0

    def __contains__(self, number: str) -> bool:
        return self.condition_of(number) is Condition.OFF

    def __len__(self) -> int:
        return sum(each.delay_s is None for each in self._offline.values())

    def condition_of(self, number: str) -> Condition:
        """What the handset does with a text."""
        if number in self._full:
            return Condition.FULL
        offline = self._offline.get(number)
        if offline is None:
            return Condition.ON
        return Condition.OFF if offline.delay_s is None else Condition.DELAYED

    def delay_of(self, number: str) -> float | None:
        """Seconds until the handset shows a text; None unless it is delayed."""
        offline = self._offline.get(number)
        return offline.delay_s if offline else None

    @property
    def texts(self) -> int:
        """Number of pending texts to all handsets."""
        return self._texts

    def pending_for(self, number: str) -> int:
        """Number of pending texts to one handset."""
        offline = self._offline.get(number)
        return len(offline.pending) if offline else 0

    def switch_off(self, number: str, until: float | None = None) -> bool:
        """Switch a handset off, until a time or until `switch_on`; False when too many are off.

        A handset that is already off keeps its time, unless `until` is None.
        """
        offline = self._offline.get(number)
        if offline is not None:
            if until is None:
                offline.until = offline.delay_s = None
            return True
        if self._is_crowded(number):
            return False
        self._full.discard(number)
        self._offline[number] = _Offline(until)
        return True

    def delay(self, number: str, delay_s: float) -> bool:
        """Let a handset show texts later from now on; False when too many are not on.

        Texts that are pending already keep their time.
        """
        if self._is_crowded(number):
            return False
        self._full.discard(number)
        offline = self._offline.setdefault(number, _Offline(None))
        offline.until, offline.delay_s = None, delay_s
        return True

    def fill(self, number: str) -> list[PendingText] | None:
        """Let the memory of a handset be full; returns the texts that it cannot show any more.

        None when too many are not on.
        """
        if self._is_crowded(number):
            return None
        pending = self.switch_on(number)
        self._full.add(number)
        return pending

    def _is_crowded(self, number: str) -> bool:
        is_known = number in self._offline or number in self._full
        return not is_known and len(self._offline) + len(self._full) >= MAX_OFF

    def is_off_until(self, number: str, until: float) -> bool:
        """Whether the handset is off until exactly that time, not switched again since."""
        offline = self._offline.get(number)
        return offline is not None and offline.until == until

    def switch_on(self, number: str) -> list[PendingText]:
        """Switch a handset on; returns its pending texts in their order."""
        self._full.discard(number)
        offline = self._offline.pop(number, None)
        texts = list(offline.pending.values()) if offline else []
        for each in texts:
            self._forget(each)
        return texts

    def add(self, number: str, pending: PendingText) -> int | None:
        """Keep a text for a handset that is off; returns its key, or None when there is no room."""
        octets = len(pending.content.octets)
        if self._texts >= MAX_PENDING_TEXTS or self._octets + octets > MAX_PENDING_OCTETS:
            return None
        self._serial += 1
        self._offline[number].pending[self._serial] = pending
        self._texts += 1
        self._octets += octets
        return self._serial

    def remove(self, number: str, key: int) -> PendingText | None:
        """Remove and return one pending text; None when it is no longer pending."""
        offline = self._offline.get(number)
        pending = offline.pending.pop(key, None) if offline else None
        if pending is not None:
            self._forget(pending)
        return pending

    def clear(self) -> None:
        """Switch all handsets on and drop their pending texts."""
        self._offline.clear()
        self._full.clear()
        self._texts = self._octets = 0

    def _forget(self, pending: PendingText) -> None:
        self._texts -= 1
        self._octets -= len(pending.content.octets)
