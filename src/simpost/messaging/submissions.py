"""From a message that was just committed to the parts its lane holds."""

from __future__ import annotations

from simpost.ports.carrier import OutboundPart
from simpost.ports.store import NewMessage


def submissions_of(message: NewMessage, reference: int) -> list[OutboundPart]:
    """The first try of each part."""
    total = len(message.parts)
    return [
        OutboundPart(
            message.account_id,
            message.id,
            number,
            total,
            text,
            message.encoding,
            reference,
            message.destination,
            message.sender,
            message.category,
            message.priority,
            message.created_ms,
            message.expires_ms,
            attempt=1,
            repeat=False,
            options=message.options,
        )
        for number, text in enumerate(message.parts, start=1)
    ]
