"""The open streams of pages that refresh themselves: how many, and what they wait for."""

from __future__ import annotations

import contextlib
import hashlib
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Hashable, Iterator
from typing import Final

import msgspec

from simpost.errors import InvalidRequest

MAX_STREAMS: Final = 100
MAX_STREAMS_OF_SESSION: Final = 4
"""A browser opens six connections to a host (HTTP/1.1): two stay free for pages."""


class TooManyLiveStreams(InvalidRequest):
    """Too many pages refresh themselves by streams: others ask from time to time."""


class _Watched:
    """The version of one page, asked for once for all its streams."""

    def __init__(self) -> None:
        self.streams = 0
        self.asked_s = float("-inf")
        self.version = b""


class LiveStreams:
    """The streams of this process. `monotonic` returns seconds."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._of_session: Counter[bytes] = Counter()
        self._watched: dict[Hashable, _Watched] = {}

    def check(self, session: bytes) -> None:
        """Raise TooManyLiveStreams if the session may not open another one."""
        is_full = self._of_session.total() >= MAX_STREAMS
        if is_full or self._of_session[session] >= MAX_STREAMS_OF_SESSION:
            raise TooManyLiveStreams

    @contextlib.contextmanager
    def opened(self, session: bytes, page: Hashable) -> Iterator[None]:
        """Count a stream of a page while it is open. Raises TooManyLiveStreams."""
        self.check(session)
        self._of_session[session] += 1
        watched = self._watched.setdefault(page, _Watched())
        watched.streams += 1
        try:
            yield
        finally:
            watched.streams -= 1
            if not watched.streams:
                del self._watched[page]
            self._of_session[session] -= 1
            if not self._of_session[session]:
                del self._of_session[session]

    async def version(
        self, page: Hashable, every_s: float, ask: Callable[[], Awaitable[object]]
    ) -> bytes:
        """The version of a page that is open, at most `every_s` old: it changes with the page."""
        watched = self._watched[page]
        if self._monotonic() - watched.asked_s >= every_s:
            watched.asked_s = self._monotonic()
            facts = msgspec.msgpack.encode(await ask())
            watched.version = hashlib.blake2b(facts, digest_size=16).digest()
        return watched.version
