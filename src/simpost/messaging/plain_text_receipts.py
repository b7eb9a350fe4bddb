"""Recognizes delivery receipts that a carrier sends as plain texts without the receipt mark."""

from __future__ import annotations

import asyncio
import re
from typing import Final

from msgspec.structs import replace

from simpost.domain.inbound import InboundPart
from simpost.domain.outcomes import Receipt
from simpost.domain.reasons import Reason
from simpost.messaging.inbound_receiver import InboundReceiver
from simpost.observe import get_logger
from simpost.ports.store import Store

log = get_logger(__name__)

_REPEATED: Final = re.compile(rb"(?i) text:|\0 \0t\0e\0x\0t\0:")
"""The label of Appendix B before what is repeated, in one octet a character and in UCS-2."""


class PlainTextReceipts:
    """Passes all other inbound parts on to `inbound`.

    A text in the format of a receipt is one only if it has the id of a part that this carrier sent
    to its source. All others are inbound messages: none is lost. They lose what they repeat of the
    text of a message, which may be a one-time code.
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
            return await self._inbound(_without_repeated_text(part))
        log.info("plain_text_receipt", carrier=part.carrier)
        await self._store.queue.record((), [receipt])
        return None


def _without_repeated_text(part: InboundPart) -> InboundPart:
    raw = part.raw
    if raw is not None:
        kept = _cut(raw.octets)
        # Octets without the label may be packed septets: they cannot be cut here.
        raw = replace(raw, octets=kept, size=len(kept)) if kept != raw.octets else None
    return replace(part, octets=_cut(part.octets), raw=raw)


def _cut(octets: bytes) -> bytes:
    found = _REPEATED.search(octets)
    return octets[: found.end()] if found else octets
