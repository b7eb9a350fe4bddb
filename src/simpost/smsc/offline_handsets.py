"""Handsets that are off, and the texts to show when they are on, in bounded memory."""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from simpost.smsc.accepted_submits import AcceptedSubmit
from simpost.smsc.content import Content

MAX_OFF: Final = 10_000
MAX_PENDING_TEXTS: Final = 10_000
MAX_PENDING_OCTETS: Final = 16 * 1024 * 1024


class PendingText(NamedTuple):
    """A text whose handset is off; `receipt_delay_s` counts from when it is on."""

    submit: AcceptedSubmit
    content: Content
    receipt_delay_s: float


@dataclass(slots=True)
class _Offline:
    until: float | None
    pending: dict[int, PendingText] = field(default_factory=dict)


class OfflineHandsets:
    """The handsets that are off, by number without `+`.

    Attributes:
        off: their numbers, read by the hot path.
    """

    def __init__(self) -> None:
        self._offline: dict[str, _Offline] = {}
        self.off: Container[str] = self._offline
        self._texts = 0
        self._octets = 0
        self._serial = 0

    def __contains__(self, number: str) -> bool:
        return number in self._offline

    def __len__(self) -> int:
        return len(self._offline)

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
                offline.until = None
            return True
        if len(self._offline) >= MAX_OFF:
            return False
        self._offline[number] = _Offline(until)
        return True

    def is_off_until(self, number: str, until: float) -> bool:
        """Whether the handset is off until exactly that time, not switched again since."""
        offline = self._offline.get(number)
        return offline is not None and offline.until == until

    def switch_on(self, number: str) -> list[PendingText]:
        """Switch a handset on; returns its pending texts in their order."""
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
        self._texts = self._octets = 0

    def _forget(self, pending: PendingText) -> None:
        self._texts -= 1
        self._octets -= len(pending.content.octets)
