"""What a lane passes inbound parts to."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from simpost.domain.inbound import InboundPart
from simpost.domain.reasons import Reason
from simpost.errors import StoreError

InboundReceiver = Callable[[InboundPart], "asyncio.Future[Reason | None]"]
"""Receives one part of an inbound message; see `CarrierEvents.on_inbound`."""


def reject_inbound(_part: InboundPart) -> asyncio.Future[Reason | None]:
    """Fail, so that the carrier sends the part again later: nothing receives inbound messages."""
    rejected: asyncio.Future[Reason | None] = asyncio.get_running_loop().create_future()
    rejected.set_exception(StoreError("no component receives inbound messages"))
    return rejected
