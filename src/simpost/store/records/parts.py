"""Rows of parts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from simpost.domain.attempt_results import AttemptResult, PartStatus
from simpost.domain.states import State
from simpost.store.records.columns import CODE, STATE


def part_status(row: Sequence[Any]) -> PartStatus:
    """From the statement `find_part`, whose columns are named as the fields."""
    code, *others = row
    return PartStatus(STATE[code], *others)


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
