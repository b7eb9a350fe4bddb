"""Recognizes delivery receipts that a carrier sends as plain texts without the receipt mark."""

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
    """Passes all other inbound parts on to `inbound`.

    A text in the format of a receipt is one only if it has the id of a part that this carrier sent
    to its source. All others are inbound messages: none is lost.
    """

    def __init__(self, store: Store, inbound: InboundReceiver) -> None:
        self._store = store
        self._inbound = inbound
        self._tasks: set[asyncio.Task[Reason | None]] = set()

    def receive(self, part: InboundPart) -> asyncio.Future[Reason | None]:
        """Commit the part as a receipt or pass it on; see `CarrierEvents.on_inbound`."""
        if part.receipt is None:
            return self._inbound(part)
        task = asyncio.get_running_loop().create_task(self._receive(part, part.receipt))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def _receive(self, part: InboundPart, receipt: Receipt) -> Reason | None:
        if not await self._store.receipts.is_of_sent_part(receipt):
            return await self._inbound(part)
        log.info("plain_text_receipt", carrier=part.carrier)
        await self._store.queue.record((), [receipt])
        return None
