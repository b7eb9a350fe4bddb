"""Changes of handsets and counters as server-sent events.

Changes are sent every tenth of a second, at most `MAX_TEXTS` at a time, so that subscribers never
slow the message centre down. Without subscribers nothing is collected.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any, Final

from simpost.smsc.offline_handsets import OfflineHandsets
from simpost.smsc.reassembly import HandsetMessage
from simpost.smsc.views import StatsView, encode_json, message_view

TICK_S: Final = 0.1
MAX_TEXTS: Final = 200
MAX_SUBSCRIBERS: Final = 100
_MAX_FRAMES: Final = 64
_STATS_TICKS: Final = 5
_HEARTBEAT_TICKS: Final = 150
_HEARTBEAT: Final = b": heartbeat\n\n"


class EventStream:
    """Collects changes and sends them to all subscribers."""

    def __init__(
        self, stats: Callable[[], StatsView], offline: OfflineHandsets, *, packed: bool
    ) -> None:
        self._stats = stats
        self._offline = offline
        self._changed_handsets: set[str] = set()
        self._packed = packed
        self._subscribers: set[asyncio.Queue[bytes | None]] = set()
        self._changed_messages: dict[int, tuple[str, HandsetMessage]] = {}
        self._skipped = 0
        self._last_stats: StatsView | None = None
        self._ticks = 0
        self._timer: asyncio.TimerHandle | None = None

    @property
    def is_full(self) -> bool:
        """Whether there are as many subscribers as allowed."""
        return len(self._subscribers) >= MAX_SUBSCRIBERS

    def on_message(self, number: str, message: HandsetMessage) -> None:
        """Send a new or changed text of a handset with the next events."""
        if not self._subscribers:
            return
        if len(self._changed_messages) < MAX_TEXTS or message.serial in self._changed_messages:
            self._changed_messages[message.serial] = (number, message)
        else:
            self._skipped += 1

    def on_handset_changed(self, number: str) -> None:
        """Send that a handset was switched, or has more or fewer pending texts."""
        if self._subscribers and len(self._changed_handsets) < MAX_TEXTS:
            self._changed_handsets.add(number)

    def on_cleared(self) -> None:
        """Send at once that all handsets were deleted."""
        self._changed_messages.clear()
        self._send(_event("reset", {}))

    def on_deleted(self, serials: Sequence[int], number: str | None = None) -> None:
        """Send at once that texts were deleted, or a handset."""
        for serial in serials:
            self._changed_messages.pop(serial, None)
        if self._subscribers and len(serials) > MAX_TEXTS:
            self._send(_event("reload", {}))
        elif self._subscribers:
            self._send(_event("deleted", {"ids": serials, "number": number}))

    async def subscribe(self) -> AsyncIterator[bytes]:
        """Events from now on, until the subscriber disconnects or the stream is closed."""
        frames: asyncio.Queue[bytes | None] = asyncio.Queue(_MAX_FRAMES)
        self._subscribers.add(frames)
        if self._timer is None:
            self._set_timer()
        try:
            yield _event("stats", self._stats())
            while (frame := await frames.get()) is not None:
                yield frame
        finally:
            self._subscribers.discard(frames)

    def close(self) -> None:
        """End the events of every subscriber."""
        if self._timer is not None:
            self._timer.cancel()
        for frames in self._subscribers:
            _empty(frames)
            frames.put_nowait(None)

    def _set_timer(self) -> None:
        self._timer = asyncio.get_running_loop().call_later(TICK_S, self._on_tick)

    def _on_tick(self) -> None:
        self._timer = None
        if not self._subscribers:
            self._changed_messages.clear()
            self._changed_handsets.clear()
            return
        self._ticks += 1
        if self._changed_messages:
            texts = [
                {"number": number, "message": message_view(message, packed=self._packed)}
                for number, message in self._changed_messages.values()
            ]
            self._changed_messages.clear()
            self._send(_event("texts", {"texts": texts, "skipped": self._skipped}))
            self._skipped = 0
        if self._changed_handsets:
            switched = [
                {
                    "number": number,
                    "on": number not in self._offline,
                    "condition": self._offline.condition_of(number),
                    "delayS": self._offline.delay_of(number),
                    "pendingTexts": self._offline.pending_for(number),
                }
                for number in sorted(self._changed_handsets)
            ]
            self._changed_handsets.clear()
            self._send(_event("switched", {"handsets": switched}))
        if self._ticks % _STATS_TICKS == 0 and (stats := self._stats()) != self._last_stats:
            self._last_stats = stats
            self._send(_event("stats", stats))
        elif self._ticks % _HEARTBEAT_TICKS == 0:
            self._send(_HEARTBEAT)
        self._set_timer()

    def _send(self, frame: bytes) -> None:
        """Send to all; a subscriber that reads too slowly gets `reload` for what it missed."""
        for frames in self._subscribers:
            if frames.full():
                _empty(frames)
                frames.put_nowait(_event("reload", {}))
            frames.put_nowait(frame)


def _event(name: str, data: Any) -> bytes:
    return b"event: %b\ndata: %b\n\n" % (name.encode(), encode_json(data))


def _empty(frames: asyncio.Queue[bytes | None]) -> None:
    while not frames.empty():
        frames.get_nowait()
