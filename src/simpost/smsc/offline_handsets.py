"""Handsets that are off, and the texts that wait for them, in bounded memory."""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from simpost.smsc.accepted_submits import AcceptedSubmit
from simpost.smsc.content import Content

MAX_OFF: Final = 10_000
MAX_WAITING: Final = 10_000
MAX_WAITING_OCTETS: Final = 16 * 1024 * 1024


class PendingText(NamedTuple):
    """A text whose handset is off."""

    taken: AcceptedSubmit
    content: Content
    receipt_delay_s: float


@dataclass(slots=True)
class _Offline:
    until: float | None
    waiting: dict[int, PendingText] = field(default_factory=dict)


class OfflineHandsets:
    """Numbers without `+`; a handset is on unless it is in here.

    Attributes:
        off: the numbers, read by the hot path.
    """

    def __init__(self) -> None:
        self._absent: dict[str, _Offline] = {}
        self.off: Container[str] = self._absent
        self._texts = 0
        self._octets = 0
        self._serial = 0

    def __contains__(self, number: str) -> bool:
        return number in self._absent

    def __len__(self) -> int:
        return len(self._absent)

    @property
    def texts(self) -> int:
        """How many wait in all."""
        return self._texts

    def pending_for(self, number: str) -> int:
        absent = self._absent.get(number)
        return len(absent.waiting) if absent else 0

    def begin(self, number: str, until: float | None = None) -> bool:
        """The handset goes off, until a time or until told; False when too many are off.

        One that is off already stays off as it was, save that being told counts for more.
        """
        absent = self._absent.get(number)
        if absent is not None:
            if until is None:
                absent.until = None
            return True
        if len(self._absent) >= MAX_OFF:
            return False
        self._absent[number] = _Offline(until)
        return True

    def is_over(self, number: str, until: float) -> bool:
        """Whether the absence that was to last until then still is the one there is."""
        absent = self._absent.get(number)
        return absent is not None and absent.until == until

    def end(self, number: str) -> list[PendingText]:
        """The handset is on; returns what waited, in the order it came."""
        absent = self._absent.pop(number, None)
        waited = list(absent.waiting.values()) if absent else []
        for each in waited:
            self._forget(each)
        return waited

    def wait(self, number: str, waiting: PendingText) -> int | None:
        """Keep a text for a handset that is off; None when there is no room, else its key."""
        octets = len(waiting.content.octets)
        if self._texts >= MAX_WAITING or self._octets + octets > MAX_WAITING_OCTETS:
            return None
        self._serial += 1
        self._absent[number].waiting[self._serial] = waiting
        self._texts += 1
        self._octets += octets
        return self._serial

    def give_up(self, number: str, key: int) -> PendingText | None:
        """Take out one text; None when it does not wait any more."""
        absent = self._absent.get(number)
        waiting = absent.waiting.pop(key, None) if absent else None
        if waiting is not None:
            self._forget(waiting)
        return waiting

    def clear(self) -> None:
        self._absent.clear()
        self._texts = self._octets = 0

    def _forget(self, waiting: PendingText) -> None:
        self._texts -= 1
        self._octets -= len(waiting.content.octets)
