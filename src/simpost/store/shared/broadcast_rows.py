"""Rows of broadcasts as values."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from simpost.domain.broadcasts import (
    Audience,
    Broadcast,
    BroadcastStatus,
    PauseReason,
    Recent,
    RecipientResult,
    RecipientState,
)
from simpost.domain.messages import Category
from simpost.store.records.row import NamedRow

encode: Final = msgspec.json.Encoder().encode
decode_audience: Final = msgspec.json.Decoder(Audience).decode
decode_recent: Final = msgspec.json.Decoder(Recent).decode
_decode_values: Final = msgspec.json.Decoder(dict[str, str]).decode
_NO_AUDIENCE: Final = Audience()


def encode_text(value: object) -> str:
    """JSON, as text columns have it."""
    return encode(value).decode()


def broadcast_of(row: NamedRow, audience: str | None = None) -> Broadcast:
    """The broadcast; without `audience`, with an empty one."""
    reason: Any = row["pause_reason"]
    return Broadcast(
        account_id=row["account_id"],
        id=row["id"],
        name=row["name"],
        template=row["template"],
        template_version=row["template_version"],
        category=Category(row["category"]),
        values=_decode_values(row["template_values"]),
        audience=decode_audience(audience) if audience else _NO_AUDIENCE,
        named=row["named"],
        file_id=row["file_id"],
        per_s=row["pace"],
        local_minute=row["local_minute"],
        start_ms=row["start_ms"],
        not_after_ms=row["not_after_ms"],
        created_ms=row["created_ms"],
        status=BroadcastStatus(row["status"]),
        pause_reason=PauseReason(reason) if reason else None,
        begun_by=row["begun_by"],
        actor=row["actor"],
        stop_percent=row["stop_percent"],
        stop_failed_percent=row["stop_failed_percent"],
        stop_opted_out_percent=row["stop_opted_out_percent"],
        most_parts=row["most_parts"],
        most_cost=row["most_cost"],
        is_noted=bool(row["is_noted"]),
        total=row["total"],
        accepted=row["accepted"],
        held=row["held"],
        refused=row["refused"],
        cancelled=row["cancelled"],
        parts=row["parts"],
        cost=row["cost"],
        unpriced=row["unpriced"],
        delivered=row["delivered"],
        failed=row["failed"],
        opted_out=row["opted_out"],
        recent=decode_recent(row["recent"]),
        changed_ms=row["changed_ms"],
        ended_ms=row["ended_ms"],
        fingerprint=row["fingerprint"],
    )


def result_of(row: NamedRow, *, is_over: bool) -> RecipientResult:
    """The recipient; an id that is only reserved is not shown.

    `is_over`: the broadcast is, so that one that waited or was held is cancelled.
    """
    state = RecipientState(row["state"])
    if is_over and state in (RecipientState.WAITING, RecipientState.HELD):
        state = RecipientState.CANCELLED
    return RecipientResult(
        esim_tran_no=row["esim_tran_no"],
        state=state,
        message_id=row["message_id"] if state is RecipientState.ACCEPTED else None,
        reason=row["reason"],
        parts=row["parts"] or 0,
        cost=row["cost"] or 0,
        due_ms=row["due_ms"] if state is RecipientState.HELD else None,
        outcome=row["outcome"],
    )
