"""Receiving: what carriers report is committed first and acknowledged then."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from simpost.domain.inbound import Incoming
from simpost.domain.outcomes import Receipt
from simpost.domain.reasons import Reason
from simpost.engine.collector import Collector
from simpost.errors import StoreError
from simpost.ports.store import Store

TakeInbound = Callable[[Incoming], "asyncio.Future[Reason | None]"]
"""Takes one PDU of a message that comes in; see `Desk.on_inbound`."""

_Waiting = tuple[Receipt, "asyncio.Future[None]"]


class ReceiptDesk:
    """Takes receipts from all carriers; each caller waits for the commit of its own.

    While the store refuses, receipts wait here unacknowledged: a session takes no more than its
    bound of them, so the wait reaches the peer.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._collector: Collector[_Waiting] = Collector(self._commit, _done)

    def report(self, receipt: Receipt) -> asyncio.Future[None]:
        """The future is done once the receipt is committed."""
        committed = asyncio.get_running_loop().create_future()
        self._collector.add((receipt, committed))
        return committed

    async def run(self) -> None:
        await self._collector.run()

    async def drained(self) -> None:
        await self._collector.drained()

    async def _commit(self, waiting: list[_Waiting]) -> None:
        await self._store.receive([receipt for receipt, _ in waiting])


def _done(waiting: list[_Waiting]) -> None:
    for _, committed in waiting:
        if not committed.done():
            committed.set_result(None)


def take_none(_part: Incoming) -> asyncio.Future[Reason | None]:
    """Where nobody takes what comes in, it is asked to come again."""
    refused: asyncio.Future[Reason | None] = asyncio.get_running_loop().create_future()
    refused.set_exception(StoreError("nobody takes what comes in"))
    return refused
