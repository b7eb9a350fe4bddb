"""Questions about messages that more than one table or component answers."""

from __future__ import annotations

import msgspec

from simpost.domain.messages import Message
from simpost.domain.states import State
from simpost.errors import UnknownCarrier
from simpost.messaging.carrier_control import CarrierControl
from simpost.ports.store import FoundMessages, MessageFilter, Store

_NOT_SENT = frozenset({State.ACCEPTED, State.SENDING})


class CarrierWait(msgspec.Struct, frozen=True):
    """The carrier that a message waits for.

    Attributes:
        state: of the carrier's connections, or `paused`, or `unknown` without configuration.
        problem: why it is not connected. It may name hosts, so it is for the administrator only.
    """

    carrier: str
    state: str
    problem: str | None = None


async def search_by_number(
    store: Store, account_id: int | None, msisdn: str, which: MessageFilter
) -> FoundMessages:
    """The messages of the eSIM that has the number now; of any account without an `account_id`."""
    found = await store.inbound.find_number(msisdn, account_id=account_id)
    if found is None or which.esim_tran_no not in (None, found.esim.esim_tran_no):
        return FoundMessages([])
    which = msgspec.structs.replace(which, esim_tran_no=found.esim.esim_tran_no)
    return await store.log.search_messages(found.account_id, which)


async def find_of_any_account(store: Store, message_id: bytes) -> Message | None:
    """The message with its parts, attempts and unapplied receipts; `None` when there is none."""
    owner = await store.log.find_owner(message_id)
    return await store.log.find_message(owner, message_id) if owner else None


async def carrier_wait(carriers: CarrierControl, message: Message) -> CarrierWait | None:
    """The carrier of the first part that was not sent; `None` when all parts were."""
    part = next((part for part in message.parts if part.state in _NOT_SENT), None)
    if part is None:
        return None
    try:
        status = await carriers.status(part.carrier)
    except UnknownCarrier:
        return CarrierWait(part.carrier, "unknown")
    state = "paused" if status.is_paused else str(status.state or "unknown")
    connections = [
        *status.connections,
        *(connection for _, connection in status.remote_connections),
    ]
    problem = next((each.problem for each in connections if each.problem), None)
    return CarrierWait(part.carrier, state, problem)
