"""From a message that was just committed to the parts its lane holds."""

from __future__ import annotations

from collections.abc import Iterator

from simpost.ports.carrier import Submission
from simpost.ports.store import NewMessage


def submissions_of(message: NewMessage, reference: int) -> Iterator[Submission]:
    """The first try of each part."""
    total = len(message.parts)
    for number, text in enumerate(message.parts, start=1):
        yield Submission(
            account_id=message.account_id,
            message_id=message.id,
            number=number,
            total=total,
            text=text,
            encoding=message.encoding,
            reference=reference,
            destination=message.destination,
            sender=message.sender,
            category=message.category,
            priority=message.priority,
            created_ms=message.created_ms,
            expires_ms=message.expires_ms,
            attempt=1,
            repeat=False,
            options=message.options,
        )
