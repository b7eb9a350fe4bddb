"""Recipients of broadcasts: taken, ended once, and listed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Final

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
from simpost.store.shared.broadcast_sql import SQL
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
    taken: list[TakenRecipient] = []
    for row in rows:
        each = yield from _reserve(key, row, new_id)
        taken.append(each)
    return taken


def _look_later(key: tuple[int, bytes], not_after_ms: int) -> Steps[None]:
    """All that are left are held: let the leader rest until the first of them is due."""
    due = yield SQL["next_due"], key
    if due:
        yield SQL["look_later"], (*key, min(due[0]["due_ms"], not_after_ms))


def _reserve(
    key: tuple[int, bytes], row: NamedRow, new_id: Callable[[], bytes]
) -> Steps[TakenRecipient]:
    """Store the id of the message before the message: what is in doubt is then looked up by it."""
    esim, message_id = row["esim_tran_no"], row["message_id"]
    if message_id is None:
        message_id = new_id()
        yield SQL["reserve"], (*key, esim, message_id)
        return TakenRecipient(esim, message_id)
    found = yield SQL["committed"], (key[0], message_id)
    if not found:
        return TakenRecipient(esim, message_id)
    return TakenRecipient(esim, message_id, found[0]["part_count"], found[0]["carrier"] or "")


def end(
    key: tuple[int, bytes], results: Sequence[RecipientResult], now_ms: int
) -> Steps[Broadcast | None]:
    held = yield SQL["hold"], key
    if not held:
        return None
    is_over = broadcast_of(held[0]).status.is_final
    changes: Counter[RecipientState] = Counter()
    decided: Counter[RecipientState] = Counter()
    parts = cost = unpriced = 0
    for each in results:
        before = yield from _end_one(key, each, now_ms, is_over=is_over)
        if before is None:
            continue
        changes[before] -= 1
        changes[each.state] += 1
        decided[each.state] += 1
        parts += each.parts
        cost += each.cost
        unpriced += each.is_unpriced
    recent = _recent(broadcast_of(held[0]).recent, decided, parts, cost)
    counts = (changes[state] for state in _COUNTED)
    row = (*key, *counts, parts, encode_text(recent), cost, unpriced)
    [counted] = yield SQL["count"], row
    return broadcast_of(counted)


def _end_one(
    key: tuple[int, bytes], result: RecipientResult, now_ms: int, *, is_over: bool
) -> Steps[RecipientState | None]:
    """The state that a recipient had before the result; `None` if the result comes too late.

    When the broadcast is over, those that wait or are held count as cancelled.
    """
    esim = result.esim_tran_no
    facts = (result.state, result.message_id, result.reason, result.parts, result.due_ms)
    row = (*key, esim, *facts, result.cost, now_ms)
    if not is_over and (yield SQL["end_waiting"], row):
        return RecipientState.WAITING
    rows = yield SQL["state_of"], (*key, esim)
    if not rows:
        return None
    before = RecipientState(rows[0]["state"])
    if is_over and before in _UNSENT:
        before = RecipientState.CANCELLED
    is_late = before is not RecipientState.ACCEPTED and result.state is RecipientState.ACCEPTED
    if before is not RecipientState.HELD and not is_late:
        return None
    yield SQL["end_recipient"], row
    return before


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
