"""The JSON documents of the HTTP side."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Final

import msgspec
from msgspec import Struct, field, structs

from simpost.domain.one_time_codes import find_code
from simpost.smpp import MessageState, status_name
from simpost.smsc.content import UDHI, class_of, content_of, encoding_of, text_of
from simpost.smsc.counters import Counters
from simpost.smsc.handsets import Handset
from simpost.smsc.offline_handsets import Condition, OfflineHandsets
from simpost.smsc.pending_deliver import DeliverCounts
from simpost.smsc.reassembly import HandsetMessage
from simpost.smsc.record import ReceivedSubmit
from simpost.text.display import escape_json

GAP: Final = "[…]"
"""Shown in place of a missing part."""
_LINK: Final = re.compile(r"https?://[^\s<>\"]+", re.IGNORECASE)
_AFTER_LINK: Final = ".,;:!?)]}'\u2019\u201d\u00bb\u3002\u3001"


class MessageView(Struct, rename="camel"):
    """One text of a handset; `id` stays the same while its parts arrive.

    `to` and `responses` are set for a text that the handset sent. `code` is the one-time code in
    it, `links` are its URLs.
    """

    id: int
    source: str = field(name="from")
    destination: str | None = field(name="to")
    text: str
    parts: int
    missing_parts: Sequence[int]
    encoding: str
    message_class: int | None
    complete: bool
    received_at: str
    message_ids: Sequence[str]
    responses: Sequence[str]
    system_id: str | None
    tag: str | None
    code: str | None
    links: Sequence[str]


class TextView(MessageView, rename="camel"):
    """A text with the number of its handset."""

    number: str


class PartView(Struct, rename="camel"):
    """The user data of one part as it arrived: `octets` in hex, `esm_class` with its header bit."""

    number: int
    octets: str
    data_coding: int
    esm_class: int
    text: str


class UndeliveredView(Struct, rename="camel"):
    """A part that no handset shows, and the `reason`: the status or the state of the message."""

    number: str
    source: str = field(name="from")
    text: str
    reason: str
    error: int
    received_at: str
    system_id: str | None


class HandsetView(Struct, rename="camel"):
    """A handset and its texts, oldest first; `received` also counts deleted ones.

    `condition` is what it does with a text, `delay_s` the seconds if it is delayed.
    `pending_texts` counts the texts that are shown later.
    """

    number: str
    is_on: bool = field(name="on")
    condition: Condition
    delay_s: float | None
    pending_texts: int
    received: int
    last_activity_at: str
    messages: Sequence[MessageView]


class DeliverCountsView(Struct, rename="camel"):
    """Counters of receipts, of texts from handsets, or of callbacks."""

    sent: int
    acknowledged: int
    repeated: int
    refused: int
    abandoned: int
    pending: int


class StatsView(Struct, rename="camel"):
    """Counts since the start; `bound`, `handsets`, `off` and `pending` are present values."""

    bound: int
    binds: int
    binds_refused: int
    submits: int
    responses: int
    responses_by_status: dict[str, int]
    malformed: int
    tolerated: int
    unexpected_responses: int
    receipts: DeliverCountsView
    messages: DeliverCountsView
    callbacks: DeliverCountsView
    upstreams: dict[str, dict[str, int]]
    faults: dict[str, int]
    handsets: int
    off: int


def encode_json(document: Any) -> bytes:
    """JSON in one line, with control characters escaped."""
    return escape_json(msgspec.json.encode(document).decode()).encode()


def message_view(message: HandsetMessage, *, packed: bool) -> MessageView:
    """A text as JSON; `packed`: GSM 7 septets are packed."""
    first = next(part for part in message.parts if part)
    text = text_shown(message, packed=packed)
    return MessageView(
        id=message.serial,
        source=message.source,
        destination=message.destination or None,
        text=text,
        parts=len(message.parts),
        missing_parts=message.missing_parts,
        encoding=encoding_of(first),
        message_class=class_of(first),
        complete=message.is_complete,
        received_at=_rfc3339(message.received_at),
        message_ids=tuple(message.message_ids),
        responses=tuple(message.responses),
        system_id=message.system_id or None,
        tag=message.tag or None,
        code=find_code(text),
        links=links_in(text),
    )


def text_view(number: str, message: HandsetMessage, *, packed: bool) -> TextView:
    """A text of a handset, as JSON; `packed`: GSM 7 septets are packed."""
    return TextView(**structs.asdict(message_view(message, packed=packed)), number=number)


def part_views(message: HandsetMessage, *, packed: bool) -> list[PartView]:
    """The parts of a text that have arrived."""
    return [
        PartView(
            number=number,
            octets=part.octets.hex(" "),
            data_coding=part.data_coding,
            esm_class=UDHI if part.header else 0,
            text=text_of(part, packed=packed),
        )
        for number, part in enumerate(message.parts, 1)
        if part
    ]


def undelivered_view(
    submit: ReceivedSubmit, seconds: float, *, packed: bool, default_coding: int
) -> UndeliveredView | None:
    """A submit that was read at this time since the epoch; None if a handset shows it."""
    script = submit.script
    if script.status or script.http_error is not None:
        reason = status_name(script.status) if script.status else "refused by HTTP"
    elif script.state is not MessageState.DELIVERED:
        reason = script.state.name
    else:
        return None
    content = content_of(submit.request, default_coding)
    return UndeliveredView(
        number=submit.request.destination_addr.removeprefix("+"),
        source=submit.request.source_addr,
        text=text_of(content, packed=packed),
        reason=reason,
        error=script.error,
        received_at=_rfc3339(seconds),
        system_id=submit.system_id or None,
    )


def text_shown(message: HandsetMessage, *, packed: bool) -> str:
    """The whole text as its handset shows it, with `GAP` for missing parts."""
    return "".join(text_of(part, packed=packed) if part else GAP for part in message.parts)


def handset_view(
    handset: Handset, offline: OfflineHandsets, *, packed: bool, texts: int
) -> HandsetView:
    """A handset with at most `texts` of its newest texts."""
    shown = handset.texts[-texts:] if texts else []
    return HandsetView(
        number=handset.number,
        is_on=handset.number not in offline,
        condition=offline.condition_of(handset.number),
        delay_s=offline.delay_of(handset.number),
        pending_texts=offline.pending_for(handset.number),
        received=handset.received,
        last_activity_at=_rfc3339(handset.active_at),
        messages=[message_view(message, packed=packed) for message in shown],
    )


def stats_view(
    counters: Counters,
    *,
    bound: int,
    submits: int,
    receipts_pending: int,
    messages_pending: int,
    callbacks_pending: int,
    faults: dict[str, int],
    handsets: int,
    off: int,
) -> StatsView:
    """The counters with their present values."""
    return StatsView(
        bound=bound,
        binds=counters.binds,
        binds_refused=counters.binds_refused,
        submits=submits,
        responses=counters.responses.total(),
        responses_by_status={
            status_name(code): count for code, count in counters.responses.items()
        },
        malformed=counters.malformed,
        tolerated=counters.tolerated,
        unexpected_responses=counters.unexpected_responses,
        receipts=_deliver_counts_view(counters.receipts, receipts_pending),
        messages=_deliver_counts_view(counters.messages, messages_pending),
        callbacks=_deliver_counts_view(counters.callbacks, callbacks_pending),
        upstreams=_by_upstream(counters),
        faults=faults,
        handsets=handsets,
        off=off,
    )


def _by_upstream(counters: Counters) -> dict[str, dict[str, int]]:
    found: dict[str, dict[str, int]] = {}
    for (name, status), count in counters.upstreams.items():
        found.setdefault(name, {})[str(status)] = count
    return found


def _deliver_counts_view(counts: DeliverCounts, pending: int) -> DeliverCountsView:
    return DeliverCountsView(
        sent=counts.sent,
        acknowledged=counts.acknowledged,
        repeated=counts.repeated,
        refused=counts.refused,
        abandoned=counts.abandoned,
        pending=pending,
    )


def links_in(text: str) -> list[str]:
    """The http and https URLs of a text in their order, without punctuation at the end."""
    return [match[0].rstrip(_AFTER_LINK) for match in _LINK.finditer(text)]


def _rfc3339(seconds: float) -> str:
    """A time in RFC 3339, UTC, with milliseconds."""
    moment = datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds")
    return moment.replace("+00:00", "Z")
