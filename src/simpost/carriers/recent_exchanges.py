"""What the store does not have of the newest attempts by a carrier; in memory, bounded.

Never a text: the request is built again from the stored message.
"""

from __future__ import annotations

from collections import deque
from typing import Final, Generic, NamedTuple, TypeVar

SettingsT = TypeVar("SettingsT")
ResponseT = TypeVar("ResponseT")

MOST: Final = 512
"""Attempts of a carrier, the oldest dropped first: some 200 kB."""


class RecentExchange(NamedTuple, Generic[SettingsT, ResponseT]):
    """One attempt.

    Attributes:
        message_id, part, attempt: the key of the attempt.
        sequence: the sequence_number of the request; 0 without one.
        connection: what it was sent on; its `str` is shown.
        settings: those that the request was built with.
        response: `None` if none came.
    """

    message_id: bytes
    part: int
    attempt: int
    sequence: int
    connection: object
    settings: SettingsT
    response: ResponseT | None


class RecentExchanges(Generic[SettingsT, ResponseT]):
    """The newest attempts of one carrier on this node. `note` is called for every part."""

    def __init__(self) -> None:
        self._newest: deque[tuple[object, ...]] = deque(maxlen=MOST)
        self.note = self._newest.append
        """Keep an attempt, given as a tuple with the fields of `RecentExchange`."""

    def find(
        self, message_id: bytes, part: int, attempt: int
    ) -> RecentExchange[SettingsT, ResponseT] | None:
        """What is known of an attempt; `None` if it is not among the newest."""
        key = (message_id, part, attempt)
        for kept in reversed(self._newest):
            if kept[:3] == key:
                return RecentExchange(*kept)  # type: ignore[arg-type]
        return None
