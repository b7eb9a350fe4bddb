"""Who takes what comes in, where nobody else does."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from simpost.domain.inbound import InboundPart
from simpost.domain.reasons import Reason
from simpost.errors import StoreError

TakeInbound = Callable[[InboundPart], "asyncio.Future[Reason | None]"]
"""Takes one PDU of a message that comes in; see `CarrierEvents.on_inbound`."""


def take_none(_part: InboundPart) -> asyncio.Future[Reason | None]:
    """Where nobody takes what comes in, it is asked to come again."""
    refused: asyncio.Future[Reason | None] = asyncio.get_running_loop().create_future()
    refused.set_exception(StoreError("nobody takes what comes in"))
    return refused
