"""What the attempts of a message sent and got, from its rows and the drivers of its carriers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from msgspec.structs import replace

from simpost.domain.exchanges import NO_CARRIER, NOT_SENT, CarrierExchange
from simpost.domain.messages import Attempt, Message
from simpost.domain.outcomes import OutcomeKind
from simpost.domain.reasons import Reason
from simpost.messaging.carrier_control import CarrierControl
from simpost.ports.carrier import OutboundPart
from simpost.ports.store import Store

MOST_SHOWN: Final = 200
"""Attempts whose exchange is shown, the newest of a message."""
_NOT_TRIED: Final = frozenset({Reason.CARRIER_UNREACHABLE, Reason.CARRIER_PAUSED, Reason.REQUEUED})


async def find_exchanges(
    store: Store, carriers: CarrierControl, message: Message
) -> list[CarrierExchange]:
    """The exchange of each attempt of a message that was found with its attempts, in their order.

    Without the text where it is a one-time code, was erased or cannot be opened.
    """
    attempts = message.attempts[-MOST_SHOWN:]
    if not attempts:
        return []
    found = await store.log.find_sent_parts(message.account_id, message.id)
    parts = {part.number: part for part in found}
    has_text = message.text_absence is None
    return [
        _show(
            carriers, _as_tried(parts[each.part], each, message.attempts), each, has_text=has_text
        )
        for each in attempts
        if each.part in parts
    ]


def _show(
    carriers: CarrierControl, part: OutboundPart, attempt: Attempt, *, has_text: bool
) -> CarrierExchange:
    carrier = carriers.find_exchange_carrier(attempt.carrier)
    if carrier is None or _was_not_tried(attempt):
        note = NOT_SENT if _was_not_tried(attempt) else NO_CARRIER
        return CarrierExchange(attempt.part, attempt.number, attempt.carrier, "", note=note)
    if not has_text:
        part = replace(part, text="")
    return carrier.show_exchange(part, attempt, has_text=has_text)


def _was_not_tried(attempt: Attempt) -> bool:
    return (
        attempt.outcome == OutcomeKind.UNREACHABLE
        and attempt.reason in _NOT_TRIED
        and attempt.carrier_code is None
    )


def _as_tried(part: OutboundPart, attempt: Attempt, attempts: Sequence[Attempt]) -> OutboundPart:
    """The part as it was for this attempt."""
    unclear = sum(
        each.part == attempt.part and each.number < attempt.number and _is_unclear(each)
        for each in attempts
    )
    return replace(part, attempt=attempt.number, repeat=attempt.repeat, unclear=unclear)


def _is_unclear(attempt: Attempt) -> bool:
    return attempt.outcome == OutcomeKind.IN_DOUBT or attempt.reason is Reason.UNCLEAR_RESPONSE
