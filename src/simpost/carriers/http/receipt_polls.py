"""Asks an API what became of the parts that it accepted, where it reports nothing by itself."""

from __future__ import annotations

import asyncio
import contextlib
import heapq
import itertools
import time
from collections.abc import Awaitable, Callable
from typing import Final, NamedTuple, TypeAlias

import msgspec

from simpost.carriers.http.exchange import Exchange
from simpost.carriers.http.tokens import NoToken
from simpost.carriers.http.upstream import IdReader, ReceiptReader, UpstreamRequest
from simpost.domain.outcomes import Outcome, Receipt
from simpost.domain.states import State
from simpost.errors import StoreError
from simpost.net.address_guard import RefusedUrl
from simpost.net.http_client import HttpResponse, NoResponse, NotSent
from simpost.observe import RateLimitedLog, get_logger
from simpost.ports.carrier import AcceptedPart, OutboundPart

log = get_logger(__name__)

MOST_OPEN: Final = 20_000
"""Parts that are in memory. Others are read from the store when half of them have ended."""
FIRST_S: Final = 5.0
_LONGEST_S: Final = 300.0
"""The pause before the first question, and the longest one: each is twice the one before."""
_PER_S: Final = 10.0
"""Most questions per second."""
_GRACE_MS: Final = 600_000
"""How long after its validity a part is asked for."""
_GONE: Final = (404, 410)
_AGAIN_S: Final = 10.0
"""The pause after the store could not be read."""

ListOpen: TypeAlias = Callable[[str], Awaitable[tuple[list[AcceptedPart], str]]]
"""One step of a walk through the parts in the store; see `CarrierEvents.list_open`."""


class _OpenPart(NamedTuple):
    """A part without a final state. `due_s` and `turn` order them."""

    due_s: float
    turn: int
    pause_s: float
    until_ms: int
    destination: str
    message_id: str
    is_reported: bool


class ReceiptPolls:
    """The open parts of one carrier.

    They are in memory, and in the store: what another node or process sent is read at the start.
    """

    def __init__(self, report: Callable[[Receipt], None], clock_ms: Callable[[], int]) -> None:
        self._report = report
        self._clock_ms = clock_ms
        self._reader: ReceiptReader | None = None
        self._id_reader: IdReader | None = None
        self._open: list[_OpenPart] = []
        self._turns = itertools.count()
        self._changed = asyncio.Event()
        self._ids: set[str] = set()
        self._is_partial = False
        self._room = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []

    def use(self, carrier: str, reader: ReceiptReader | None, id_reader: IdReader | None) -> None:
        """Ask as these settings of the carrier say; with no reader, not at all."""
        self._carrier = carrier
        self._reader = reader
        self._id_reader = id_reader
        self._limited_log = RateLimitedLog(log, carrier)

    def start(self, exchange: Exchange, list_open: ListOpen) -> None:
        """Ask by these connections until `stop`, also for the open parts in the store."""
        if self._reader:
            self._tasks = [
                asyncio.create_task(self._run(exchange, self._reader)),
                asyncio.create_task(self._load(list_open)),
            ]

    async def stop(self) -> None:
        """Stop asking; the parts stay open."""
        tasks, self._tasks = self._tasks, []
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)

    async def watch(
        self, exchange: Exchange, part: OutboundPart, outcome: Outcome, started_ms: int
    ) -> Outcome:
        """Ask for a part that was accepted, until its state is final.

        The outcome has its id: one that the response does not have is looked for in the list of
        what was sent, also if the API reports states by calling.
        """
        ids, message_id = self._id_reader, outcome.carrier_message_id
        if ids and not message_id:
            response = await self._ask(exchange, ids.id_request(part))
            message_id = ids.read_id(response, part, started_ms) if response else ""
        if not message_id:
            return outcome
        if self._reader:
            self._add(part.destination, message_id, part.expires_ms)
        return msgspec.structs.replace(outcome, carrier_message_id=message_id)

    def _add(self, destination: str, message_id: str, expires_ms: int) -> None:
        """Ask for a part, unless it is asked for or there is no room."""
        if message_id in self._ids:
            return
        if len(self._open) >= MOST_OPEN:
            self._is_partial = True
            return
        self._ids.add(message_id)
        self._push(FIRST_S, expires_ms + _GRACE_MS, destination, message_id, is_reported=False)
        self._changed.set()

    async def _load(self, list_open: ListOpen) -> None:
        """Add the parts in the store, and those that found no room once there is some again."""
        while True:
            self._is_partial = False
            after, is_over = "", False
            while not is_over:
                try:
                    parts, after = await list_open(after)
                except StoreError as error:
                    self._limited_log.warning("state_not_learnt", problem=str(error))
                    await asyncio.sleep(_AGAIN_S)
                    continue
                now_ms = self._clock_ms()
                for each in parts:
                    if each.carrier_message_id and now_ms < each.expires_ms + _GRACE_MS:
                        self._add(each.destination, each.carrier_message_id, each.expires_ms)
                is_over = not after or self._is_partial
            while not self._is_partial or len(self._open) > MOST_OPEN // 2:
                self._room.clear()
                await self._room.wait()

    async def _ask(self, exchange: Exchange, request: UpstreamRequest) -> HttpResponse | None:
        """The response to a question, which is no attempt; `None` if there is none."""
        try:
            return await exchange.send(request)
        except (NoToken, NotSent, NoResponse, RefusedUrl) as error:
            self._limited_log.warning("state_not_learnt", problem=str(error))
            return None

    async def _run(self, exchange: Exchange, reader: ReceiptReader) -> None:
        while True:
            await self._wait_until_due()
            await self._ask_for(self._open[0], exchange, reader)
            await asyncio.sleep(1 / _PER_S)

    async def _wait_until_due(self) -> None:
        while not self._open or self._open[0].due_s > time.monotonic():
            self._changed.clear()
            wait_s = self._open[0].due_s - time.monotonic() if self._open else None
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(wait_s):
                    await self._changed.wait()

    async def _ask_for(self, one: _OpenPart, exchange: Exchange, reader: ReceiptReader) -> None:
        request = reader.state_request(one.destination, one.message_id)
        response = await self._ask(exchange, request)
        self._open.remove(one)
        heapq.heapify(self._open)
        self._room.set()
        now_ms = self._clock_ms()
        found = reader.read_state(response) if response else None
        if found and (found.state is not State.SENT or not one.is_reported):
            self._report(
                Receipt(
                    self._carrier,
                    one.message_id,
                    found.state,
                    found.reason,
                    found.code or None,
                    now_ms,
                    (one.destination,),
                )
            )
        is_final = found is not None and found.state is not State.SENT
        is_gone = response is not None and response.status in _GONE
        if not is_final and not is_gone and now_ms < one.until_ms:
            pause_s = min(2 * one.pause_s, _LONGEST_S)
            reported = one.is_reported or found is not None
            self._push(pause_s, one.until_ms, one.destination, one.message_id, is_reported=reported)
        else:
            self._ids.discard(one.message_id)

    def _push(
        self,
        pause_s: float,
        until_ms: int,
        destination: str,
        message_id: str,
        *,
        is_reported: bool,
    ) -> None:
        due_s = time.monotonic() + pause_s
        turn = next(self._turns)
        one = _OpenPart(due_s, turn, pause_s, until_ms, destination, message_id, is_reported)
        heapq.heappush(self._open, one)
