"""How late the event loop comes to what is due."""

from __future__ import annotations

import asyncio

from simpost.observe.histogram import SECONDS, Histogram

_EVERY_S = 0.5


class LoopLag:
    """Looks twice a second; a lag of a tenth of a second is a tenth that every caller waits."""

    def __init__(self) -> None:
        self.histogram = Histogram(SECONDS)

    async def run(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            due = loop.time() + _EVERY_S
            await asyncio.sleep(_EVERY_S)
            self.histogram.add(max(0.0, loop.time() - due))
