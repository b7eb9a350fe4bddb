"""Live changes for those who watch, as server-sent events.

Changes of a tenth of a second leave together, and at most `MAX_TEXTS` of them: watching never slows
the message centre down. Nobody watching costs nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any, Final

from simpost.smsc.offline_handsets import OfflineHandsets
from simpost.smsc.reassembly import HandsetMessage
from simpost.smsc.views import StatsView, encode_json, message_view

TICK_S: Final = 0.1
MAX_TEXTS: Final = 200
MAX_WATCHERS: Final = 100
_MAX_FRAMES: Final = 64
_STATS_TICKS: Final = 5
_HEARTBEAT_TICKS: Final = 150
_HEARTBEAT: Final = b": still here\n\n"


class EventStream:
    def __init__(
        self, stats: Callable[[], StatsView], offline: OfflineHandsets, *, packed: bool
    ) -> None:
        self._stats = stats
        self._offline = offline
        self._switched: set[str] = set()
        self._packed = packed
        self._watchers: set[asyncio.Queue[bytes | None]] = set()
        self._changed: dict[int, tuple[str, HandsetMessage]] = {}
        self._skipped = 0
        self._last_stats: StatsView | None = None
        self._ticks = 0
        self._timer: asyncio.TimerHandle | None = None

    @property
    def is_full(self) -> bool:
        return len(self._watchers) >= MAX_WATCHERS

    def shown(self, number: str, message: HandsetMessage) -> None:
        """A handset shows something new."""
        if not self._watchers:
            return
        if len(self._changed) < MAX_TEXTS or message.serial in self._changed:
            self._changed[message.serial] = (number, message)
        else:
            self._skipped += 1

    def switched(self, number: str) -> None:
        """A handset went off or on, or more waits for it."""
        if self._watchers and len(self._switched) < MAX_TEXTS:
            self._switched.add(number)

    def cleared(self) -> None:
        """All handsets are gone."""
        self._changed.clear()
        self._send(_event("reset", {}))

    async def watch(self) -> AsyncIterator[bytes]:
        """Events from now on, until the watcher leaves or the feed is closed."""
        frames: asyncio.Queue[bytes | None] = asyncio.Queue(_MAX_FRAMES)
        self._watchers.add(frames)
        if self._timer is None:
            self._set_timer()
        try:
            yield _event("stats", self._stats())
            while (frame := await frames.get()) is not None:
                yield frame
        finally:
            self._watchers.discard(frames)

    def close(self) -> None:
        """Send every watcher away."""
        if self._timer is not None:
            self._timer.cancel()
        for frames in self._watchers:
            _empty(frames)
            frames.put_nowait(None)

    def _set_timer(self) -> None:
        self._timer = asyncio.get_running_loop().call_later(TICK_S, self._on_tick)

    def _on_tick(self) -> None:
        self._timer = None
        if not self._watchers:
            self._changed.clear()
            self._switched.clear()
            return
        self._ticks += 1
        if self._changed:
            texts = [
                {"number": number, "message": message_view(message, packed=self._packed)}
                for number, message in self._changed.values()
            ]
            self._changed.clear()
            self._send(_event("texts", {"texts": texts, "skipped": self._skipped}))
            self._skipped = 0
        if self._switched:
            switched = [
                {
                    "number": number,
                    "on": number not in self._offline,
                    "pendingTexts": self._offline.pending_for(number),
                }
                for number in sorted(self._switched)
            ]
            self._switched.clear()
            self._send(_event("switched", {"handsets": switched}))
        if self._ticks % _STATS_TICKS == 0 and (stats := self._stats()) != self._last_stats:
            self._last_stats = stats
            self._send(_event("stats", stats))
        elif self._ticks % _HEARTBEAT_TICKS == 0:
            self._send(_HEARTBEAT)
        self._set_timer()

    def _send(self, frame: bytes) -> None:
        """To all; who reads too slowly is told to ask for everything again."""
        for frames in self._watchers:
            if frames.full():
                _empty(frames)
                frames.put_nowait(_event("reload", {}))
            frames.put_nowait(frame)


def _event(name: str, data: Any) -> bytes:
    return b"event: %b\ndata: %b\n\n" % (name.encode(), encode_json(data))


def _empty(frames: asyncio.Queue[bytes | None]) -> None:
    while not frames.empty():
        frames.get_nowait()
