"""What the HTTP side says, as the JSON it says it in."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

from msgspec import Struct, field

from simpost.smpp import status_name
from simpost.smsc.content import class_of, encoding_of, text_of
from simpost.smsc.counters import Counters
from simpost.smsc.handsets import Handset
from simpost.smsc.reassembly import Message

GAP: Final = "[…]"
"""Stands where a part has not come."""


class MessageView(Struct, rename="camel"):
    """One text as the handset shows it; `id` stays the same while parts come in."""

    id: int
    source: str = field(name="from")
    text: str
    parts: int
    missing: Sequence[int]
    encoding: str
    message_class: int | None
    complete: bool
    received_at: str
    message_ids: Sequence[str]


class HandsetView(Struct, rename="camel"):
    """A handset and its texts, oldest first; `received` counts also those it has forgotten."""

    number: str
    received: int
    last_activity_at: str
    messages: Sequence[MessageView]


class Receipts(Struct, rename="camel"):
    sent: int
    acknowledged: int
    repeated: int
    refused: int
    given_up: int
    pending: int


class StatsView(Struct, rename="camel"):
    """Counters since the start, save `bound`, `handsets` and `receipts.pending`, which are now."""

    bound: int
    binds: int
    binds_refused: int
    submits: int
    answered: int
    by_status: dict[str, int]
    malformed: int
    unexpected_responses: int
    receipts: Receipts
    handsets: int


def message_view(message: Message, *, packed: bool) -> MessageView:
    came = [part for part in message.parts if part]
    first = came[0]
    return MessageView(
        id=message.serial,
        source=message.source,
        text="".join(text_of(part, packed=packed) if part else GAP for part in message.parts),
        parts=len(message.parts),
        missing=message.missing,
        encoding=encoding_of(first),
        message_class=class_of(first),
        complete=message.is_complete,
        received_at=_moment(message.received_at),
        message_ids=tuple(message.message_ids),
    )


def handset_view(handset: Handset, *, packed: bool, texts: int) -> HandsetView:
    """The handset with at most that many of its newest texts."""
    shown = handset.texts[-texts:] if texts else []
    return HandsetView(
        number=handset.number,
        received=handset.received,
        last_activity_at=_moment(handset.texts[-1].received_at),
        messages=[message_view(message, packed=packed) for message in shown],
    )


def stats_view(counters: Counters, *, bound: int, pending: int, handsets: int) -> StatsView:
    return StatsView(
        bound=bound,
        binds=counters.binds,
        binds_refused=counters.binds_refused,
        submits=counters.submits,
        answered=counters.answered.total(),
        by_status={status_name(code): count for code, count in counters.answered.items()},
        malformed=counters.malformed,
        unexpected_responses=counters.unexpected_responses,
        receipts=Receipts(
            sent=counters.receipts_sent,
            acknowledged=counters.receipts_acknowledged,
            repeated=counters.receipts_repeated,
            refused=counters.receipts_refused,
            given_up=counters.receipts_given_up,
            pending=pending,
        ),
        handsets=handsets,
    )


def _moment(seconds: float) -> str:
    """RFC 3339 in UTC with milliseconds."""
    moment = datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds")
    return moment.replace("+00:00", "Z")
