"""Rows of parts."""

from __future__ import annotations

from typing import Any

from simpost.domain.attempt_results import AttemptResult, PartStatus, SiblingPart
from simpost.domain.states import State
from simpost.ports.carrier import OutboundPart
from simpost.store.records.columns import CODE, STATE, options_of
from simpost.store.records.row import NamedRow


def outbound_part(row: NamedRow, text: str) -> OutboundPart:
    """`text` comes apart: the stores keep it each in its own way."""
    return OutboundPart(
        account_id=row["account_id"],
        message_id=row["message_id"],
        number=row["number"],
        total=row["total"],
        text=text,
        encoding=row["encoding"],
        reference=row["reference"],
        destination=row["destination"],
        sender=row["sender"],
        category=row["category"],
        priority=row["priority"],
        created_ms=row["created_ms"],
        expires_ms=row["expires_ms"],
        attempt=row["attempt"],
        repeat=bool(row["repeat"]),
        options=options_of(row["options"]),
        unclear=row["unclear"],
    )


def part_status(row: NamedRow) -> PartStatus:
    return PartStatus(
        state=STATE[row["state"]],
        reason=row["reason"],
        owner=row["owner"],
        due_ms=row["due_ms"],
        attempt=row["attempt"],
        carrier_message_id=row["carrier_message_id"],
        carrier_code=row["carrier_code"],
        final_ms=row["final_ms"],
    )


def sibling_part(row: NamedRow) -> SiblingPart:
    return SiblingPart(row["number"], STATE[row["state"]], bool(row["is_leased"]))


def rewritten(part: PartStatus, late: AttemptResult) -> tuple[Any, ...]:
    """The parameters of the statement `rewrite_part`; the key is last."""
    return (
        CODE[part.state],
        part.reason,
        part.carrier_code,
        part.carrier_message_id,
        part.owner,
        part.due_ms,
        part.attempt,
        late.ended_ms if part.state is State.SENT else None,
        part.final_ms,
        late.ended_ms,
        late.account_id,
        late.message_id,
        late.number,
    )
