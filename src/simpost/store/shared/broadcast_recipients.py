"""Recipients of broadcasts: taken, ended once, and listed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any, Final

from msgspec.structs import replace

from simpost.domain.broadcast_rules import slide
from simpost.domain.broadcasts import (
    Broadcast,
    BroadcastStatus,
    Recent,
    RecipientResult,
    RecipientState,
)
from simpost.ports.store.broadcasts import TakenRecipient
from simpost.store.records.row import NamedRow
from simpost.store.shared.broadcast_rows import broadcast_of, encode_text, result_of
from simpost.store.shared.broadcast_sql import AT_ONCE, ROW_COUNTS, ROW_SQL, SQL
from simpost.store.shared.steps import Steps

_UNSENT: Final = (RecipientState.WAITING, RecipientState.HELD)
"""What their rows say; they count as cancelled when their broadcast is over."""


def list_waiting(key: tuple[int, bytes], limit: int) -> Steps[list[str]]:
    rows = yield SQL["waiting"], (*key, limit)
    return [row["esim_tran_no"] for row in rows]


def take(
    key: tuple[int, bytes],
    new_id: Callable[[], bytes],
    limit: int,
    now_ms: int,
    *,
    held_only: bool,
) -> Steps[list[TakenRecipient] | None]:
    held = yield SQL["hold"], key
    if not held or held[0]["status"] != BroadcastStatus.SENDING:
        return None
    rows = list((yield SQL["due"], (*key, now_ms, limit)))
    if len(rows) < limit and not held_only:
        rows += yield SQL["waiting"], (*key, limit - len(rows))
    if not rows and not broadcast_of(held[0]).remaining:
        yield from _look_later(key, held[0]["not_after_ms"])
    return (yield from _reserve(key, rows, new_id))


def _look_later(key: tuple[int, bytes], not_after_ms: int) -> Steps[None]:
    """All that are left are held: let the leader rest until the first of them is due."""
    due = yield SQL["next_due"], key
    if due:
        yield SQL["look_later"], (*key, min(due[0]["due_ms"], not_after_ms))


def _reserve(
    key: tuple[int, bytes], rows: Sequence[NamedRow], new_id: Callable[[], bytes]
) -> Steps[list[TakenRecipient]]:
    """Store the id of each message before it: what is in doubt is then looked up by it."""
    taken: list[TakenRecipient] = []
    new: list[tuple[Any, ...]] = []
    for row in rows:
        esim, message_id = row["esim_tran_no"], row["message_id"]
        if message_id is None:
            message_id = new_id()
            new.append((*key, esim, row["state"], message_id))
            taken.append(TakenRecipient(esim, message_id))
        else:
            found = yield SQL["committed"], (key[0], message_id)
            parts = (found[0]["part_count"], found[0]["carrier"] or "") if found else ()
            taken.append(TakenRecipient(esim, message_id, *parts))
    yield from _write("reserve", new)
    return taken


def _write(name: str, rows: Sequence[tuple[Any, ...]]) -> Steps[None]:
    """Change many recipients with few statements."""
    first = 0
    while rest := len(rows) - first:
        count = next(each for each in ROW_COUNTS if each <= rest)
        some = rows[first : first + count]
        yield ROW_SQL[name][count], tuple(value for row in some for value in row)
        first += count


def end(
    key: tuple[int, bytes], results: Sequence[RecipientResult], now_ms: int
) -> Steps[Broadcast | None]:
    held = yield SQL["hold"], key
    if not held:
        return None
    is_over = broadcast_of(held[0]).status.is_final
    states = yield from _find_states(key, [each.esim_tran_no for each in results])
    ended: dict[str, RecipientResult] = {}
    changes: Counter[RecipientState] = Counter()
    decided: Counter[RecipientState] = Counter()
    parts = cost = unpriced = 0
    for each in results:
        esim = each.esim_tran_no
        before = _state_before(states.get(esim), each.state, is_over=is_over)
        if before is None:
            continue
        states[esim] = each.state
        if esim in ended and each.message_id is None:
            ended[esim] = replace(each, message_id=ended[esim].message_id)
        else:
            ended[esim] = each
        changes[before] -= 1
        changes[each.state] += 1
        decided[each.state] += 1
        parts += each.parts
        cost += each.cost
        unpriced += each.is_unpriced
    yield from _write("end", [_row(key, each, now_ms) for each in ended.values()])
    recent = _recent(broadcast_of(held[0]).recent, decided, parts, cost)
    counts = (changes[state] for state in _COUNTED)
    row = (*key, *counts, parts, encode_text(recent), cost, unpriced, now_ms if ended else None)
    [counted] = yield SQL["count"], row
    return broadcast_of(counted)


def _find_states(key: tuple[int, bytes], esims: Sequence[str]) -> Steps[dict[str, RecipientState]]:
    states: dict[str, RecipientState] = {}
    for first in range(0, len(esims), AT_ONCE):
        some = esims[first : first + AT_ONCE]
        padded = (*some, *[some[0]] * (AT_ONCE - len(some)))
        for row in (yield SQL["states_of"], (*key, *padded)):
            states[row["esim_tran_no"]] = RecipientState(row["state"])
    return states


def _state_before(
    before: RecipientState | None, after: RecipientState, *, is_over: bool
) -> RecipientState | None:
    """The state that counts before a result; `None` if there is none, or it comes too late.

    When the broadcast is over, those that wait or are held count as cancelled. A message that was
    committed counts, whatever was noted before.
    """
    if before is None or before is RecipientState.ACCEPTED:
        return None
    if not is_over and before in _UNSENT:
        return before
    if after is not RecipientState.ACCEPTED:
        return None
    return RecipientState.CANCELLED if before in _UNSENT else before


def _row(key: tuple[int, bytes], each: RecipientResult, now_ms: int) -> tuple[Any, ...]:
    facts = (each.message_id, each.reason, each.parts, each.due_ms, each.cost)
    return (*key, each.esim_tran_no, each.state, *facts, now_ms)


_COUNTED: Final = (
    RecipientState.ACCEPTED,
    RecipientState.HELD,
    RecipientState.REFUSED,
    RecipientState.CANCELLED,
)


def _recent(recent: Recent, decided: Counter[RecipientState], parts: int, cost: int) -> Recent:
    refused, accepted = decided[RecipientState.REFUSED], decided[RecipientState.ACCEPTED]
    seen, bad = slide(recent.decided, recent.refused, accepted + refused, refused)
    return replace(
        recent,
        decided=seen,
        refused=bad,
        accepted=recent.accepted + accepted,
        parts=recent.parts + parts,
        cost=recent.cost + cost,
    )


def list_recipients(
    key: tuple[int, bytes], after: str, limit: int, state: RecipientState | None
) -> Steps[list[RecipientResult]]:
    rows = yield SQL["status"], key
    is_over = bool(rows) and BroadcastStatus(rows[0]["status"]).is_final
    page = (*key, after, limit)
    if state is None:
        rows = yield SQL["recipients"], page
    elif is_over and state in _UNSENT:
        return []
    elif is_over and state is RecipientState.CANCELLED:
        rows = yield SQL["cancelled"], page
    else:
        rows = yield SQL["recipients_in"], (*page, state)
    return [result_of(row, is_over=is_over) for row in rows]
