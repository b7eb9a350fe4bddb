"""Receipts that come as plain texts, told from what handsets write by the part they speak of."""

from __future__ import annotations

import asyncio

from simpost.domain.inbound import InboundPart
from simpost.domain.outcomes import Receipt
from simpost.domain.reasons import Reason
from simpost.messaging.inbound_receiver import InboundReceiver
from simpost.observe import get_logger
from simpost.ports.store import Store

log = get_logger(__name__)


class PlainTextReceipts:
    """Stands before whoever takes what comes in.

    What reads as a receipt is one only if it has the id of a part that was sent by this carrier
    to the number it comes from. Everything else goes on: no message is swallowed.
    """

    def __init__(self, store: Store, inbound: InboundReceiver) -> None:
        self._store = store
        self._inbound = inbound
        self._taking: set[asyncio.Task[Reason | None]] = set()

    def take(self, part: InboundPart) -> asyncio.Future[Reason | None]:
        if part.receipt is None:
            return self._inbound(part)
        taking = asyncio.get_running_loop().create_task(self._take(part, part.receipt))
        self._taking.add(taking)
        taking.add_done_callback(self._taking.discard)
        return taking

    async def _take(self, part: InboundPart, receipt: Receipt) -> Reason | None:
        if not await self._store.receipts.is_of_sent_part(receipt):
            return await self._inbound(part)
        log.info("plain_text_receipt", carrier=part.carrier)
        await self._store.queue.record((), [receipt])
        return None
