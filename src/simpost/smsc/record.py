"""The latest submits in the order they were received."""

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
        request: as received.
        script: how it was treated; its status is that of the response.
        peer: its sender, `address:port`.
        at: when it was read, in seconds of the event loop's clock.
        message_id: its id, even if the response was not sent; empty if the text was not accepted.
        system_id: of its session; empty for HTTP.
    """

    request: Submit
    script: SubmitScript
    peer: str
    at: float
    message_id: str = ""
    system_id: str = ""


class SubmitLog:
    """The latest submits, in bounded memory.

    Attributes:
        latest: the latest submits, oldest first.
        count: number of all submit_sm, data_sm and destinations of submit_multi, valid or not.
    """

    def __init__(self, keep: int) -> None:
        self.latest: deque[ReceivedSubmit] = deque(maxlen=keep)
        self.count = 0
        self._awaited: dict[asyncio.Future[None], int] = {}

    def add(self, received: ReceivedSubmit) -> None:
        """Add a submit and wake up `wait_for`."""
        self.latest.append(received)
        self.count += 1
        if self._awaited:
            for future, count in self._awaited.items():
                if self.count >= count and not future.done():
                    future.set_result(None)

    async def wait_for(self, count: int) -> None:
        """Wait until this many were received since the start."""
        if self.count >= count:
            return
        future = asyncio.get_running_loop().create_future()
        self._awaited[future] = count
        try:
            await future
        finally:
            del self._awaited[future]
