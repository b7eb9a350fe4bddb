"""The latest submits in the order of the wire, for whoever wants to look."""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass

from simpost.smsc.behaviour import SubmitScript
from simpost.smsc.content import Submit


@dataclass(slots=True)
class ReceivedSubmit:
    """One submit_sm, data_sm, or destination of a submit_multi.

    Attributes:
        request: as it came.
        script: what was decided about it; its status is that of the answer.
        peer: where it came from, `address:port`.
        at: when it was read, in seconds of the event loop's clock.
        message_id: of the answer, also of one that never left; empty when the text was not taken.
    """

    request: Submit
    script: SubmitScript
    peer: str
    at: float
    message_id: str = ""


class SubmitRecord:
    """What came, in bounded memory.

    Attributes:
        latest: the latest submits, oldest first.
        count: of all submit_sm and data_sm, and destinations of submit_multi, valid or not.
    """

    def __init__(self, keep: int) -> None:
        self.latest: deque[ReceivedSubmit] = deque(maxlen=keep)
        self.count = 0
        self._awaited: dict[asyncio.Future[None], int] = {}

    def add(self, received: ReceivedSubmit) -> None:
        self.latest.append(received)
        self.count += 1
        if self._awaited:
            for future, count in self._awaited.items():
                if self.count >= count and not future.done():
                    future.set_result(None)

    async def until(self, count: int) -> None:
        """Until so many have come since the start."""
        if self.count >= count:
            return
        future = asyncio.get_running_loop().create_future()
        self._awaited[future] = count
        try:
            await future
        finally:
            del self._awaited[future]
