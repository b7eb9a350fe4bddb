"""What became of the messages of broadcasts: final states, opt-outs, and what still queues."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

import msgspec
from msgspec.structs import replace

from simpost.domain.broadcast_rules import slide
from simpost.domain.broadcasts import Broadcast
from simpost.domain.states import State
from simpost.ports.store.broadcasts import ACTIVE_STEP, REPORT_STEP
from simpost.store.records.columns import CODE, FINAL, STATE
from simpost.store.records.ids import first_id
from simpost.store.shared.broadcast_rows import broadcast_of, encode_text
from simpost.store.shared.broadcast_sql import SQL
from simpost.store.shared.steps import Steps

_OPT_OUT_STEP: Final = 500
_TAKEN: Final = CODE[State.IN_DOUBT]
"""From this state on the carrier may have it."""
_FAILED: Final = (State.FAILED, State.EXPIRED, State.REJECTED)


class _Choice(msgspec.Struct):
    to: bool | str | None = None


_decode_differences: Final = msgspec.json.Decoder(dict[str, _Choice]).decode


class FinalsPage(NamedTuple):
    """Final states by esimTranNo, and the last message looked at; `None`: there are no more."""

    finals: list[tuple[str, State]]
    last: bytes | None


def count_queued(key: tuple[int, bytes], limit: int) -> Steps[int]:
    rows = yield SQL["latest"], (*key, limit)
    return sum((row["message_state"] or _TAKEN) < _TAKEN for row in rows)


def list_to_report(now_ms: int) -> Steps[list[Broadcast]]:
    rows = yield SQL["to_report"], (now_ms, ACTIVE_STEP)
    return [broadcast_of(row) for row in rows]


def find_finals(key: tuple[int, bytes], after: bytes) -> Steps[FinalsPage]:
    rows = yield SQL["unreported"], (*key, after, REPORT_STEP)
    finals = [
        (row["esim_tran_no"], STATE[row["message_state"]])
        for row in rows
        if (row["message_state"] or 0) >= FINAL
    ]
    return FinalsPage(finals, rows[-1]["message_id"] if len(rows) == REPORT_STEP else None)


def note_finals(
    key: tuple[int, bytes], finals: Sequence[tuple[str, State]]
) -> Steps[Broadcast | None]:
    held = yield SQL["hold"], key
    if not held:
        return None
    delivered = failed = 0
    for esim, state in finals:
        if (yield SQL["note_outcome"], (*key, esim, state)):
            delivered += state is State.DELIVERED
            failed += state in _FAILED
    recent = broadcast_of(held[0]).recent
    reported, bad = slide(recent.reported, recent.failed, delivered + failed, failed)
    recent = replace(recent, reported=reported, failed=bad)
    row = (*key, delivered, failed, encode_text(recent))
    [counted] = yield SQL["count_outcomes"], row
    return broadcast_of(counted)


def count_opt_outs(
    key: tuple[int, bytes], before_ms: int, report_ms: int | None
) -> Steps[Broadcast | None]:
    held = yield SQL["hold"], key
    if not held:
        return None
    row, broadcast = held[0], broadcast_of(held[0])
    end = first_id(before_ms)
    changes = yield SQL["opt_outs"], (*key, row["opt_outs_from"] or end, end, _OPT_OUT_STEP)
    opted_out = 0
    for each in changes:
        choices = _decode_differences(each["differences"]).values()
        if any(choice.to is False for choice in choices):  # STOP may be of another category
            opted_out += len((yield SQL["note_opt_out"], (*key, each["esim_tran_no"])))
    place = changes[-1]["id"] if len(changes) == _OPT_OUT_STEP else end
    recent = replace(broadcast.recent, opted_out=broadcast.recent.opted_out + opted_out)
    counted = (*key, opted_out, encode_text(recent), max(place, row["opt_outs_from"] or place))
    [after] = yield SQL["count_opt_outs"], (*counted, report_ms)
    return broadcast_of(after)
