"""Load that continues through faults, with numbered texts and the responses to them."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import re
from collections import Counter
from collections.abc import AsyncIterator

import aiohttp

from tests.scenarios.faults.service import CREDENTIALS, LONG, PATIENCE_S, Site

_CALLERS = 12
_PAUSE_S = 0.02 if LONG else 0.04
"""Between two requests of a caller: some hundreds a second at most."""
_REFUSED_PAUSE_S = 0.2
_LONG_EVERY = 10
"""Every nth text has three parts."""
_LONG = 400
_NAME = re.compile(r"<\d{6}>")


def text_of(number: int) -> str:
    """One part, or three that each hold the name of the text."""
    name = f"<{number:06}>"
    return name * (_LONG // len(name)) if number % _LONG_EVERY == 0 else name


def name_in(text: str) -> str:
    found = _NAME.search(text)
    assert found, "a handset shows a text that nobody sent"
    return found.group()


class Load:
    """The responses to the callers.

    Attributes:
        accepted: ids of messages by the names of their texts.
        refused: responses that accepted nothing, counted by API and status.
        unanswered: names of texts to which no answer came; they may be on their way.
    """

    def __init__(self, site: Site) -> None:
        self.accepted: dict[str, str] = {}
        self.refused: Counter[tuple[str, int]] = Counter()
        self.unanswered: set[str] = set()
        self._site = site
        self._numbers = itertools.count()
        self._ending = False

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Callers send for as long as this is open."""
        timeout = aiohttp.ClientTimeout(total=PATIENCE_S)
        async with aiohttp.ClientSession(headers=CREDENTIALS, timeout=timeout) as session:
            callers = [asyncio.create_task(self._call(session)) for _ in range(_CALLERS)]
            try:
                yield
            finally:
                self._ending = True
                await asyncio.gather(*callers)
                self._ending = False

    async def accept(self, more: int) -> None:
        """Wait until `count` more messages were accepted."""
        wanted = len(self.accepted) + more
        async with asyncio.timeout(PATIENCE_S):
            while len(self.accepted) < wanted:
                await asyncio.sleep(0.02)

    async def be_refused(self, more: int) -> None:
        """Wait until `count` more requests were refused."""
        wanted = self.refused.total() + more
        async with asyncio.timeout(PATIENCE_S):
            while self.refused.total() < wanted:
                await asyncio.sleep(0.02)

    async def _call(self, session: aiohttp.ClientSession) -> None:
        while not self._ending:
            number = next(self._numbers)
            name = name_in(text_of(number))
            try:
                taken = await self._send(session, number, name)
            except (aiohttp.ClientError, TimeoutError):
                self.unanswered.add(name)
                taken = False
            await asyncio.sleep(_PAUSE_S if taken else _REFUSED_PAUSE_S)

    async def _send(self, session: aiohttp.ClientSession, number: int, name: str) -> bool:
        node = self._site.nodes[number % len(self._site.nodes)]
        esim = self._site.esims[number % len(self._site.esims)]
        text = text_of(number)
        if number % 2:
            url, body = f"{node.url}/v1/messages", {"esimTranNo": esim, "text": text}
            async with session.post(url, json=body) as answer:
                said = await answer.json()
                message_id = said["id"] if answer.ok else None
        else:
            url = f"{node.url}/api/v1/open/esim/sendSms"
            async with session.post(url, json={"esimTranNo": esim, "message": text}) as answer:
                said = await answer.json()
                message_id = answer.headers["RT-MessageID"] if said["success"] else None
        if message_id is None:
            self.refused["native" if number % 2 else "open", answer.status] += 1
            return False
        self.accepted[name] = message_id
        return True
