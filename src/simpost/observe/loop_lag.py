"""Measures event loop lag."""

from __future__ import annotations

import asyncio

from simpost.observe.histogram import SECONDS, Histogram

_EVERY_S = 0.5


class LoopLag:
    """Samples twice a second; each caller waits as long as the lag."""

    def __init__(self) -> None:
        self.histogram = Histogram(SECONDS)

    async def run(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            due = loop.time() + _EVERY_S
            await asyncio.sleep(_EVERY_S)
            self.histogram.add(max(0.0, loop.time() - due))
