"""Settling: what a try said is recorded, and obeyed where it does not lower a rank."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain

from simpost.domain.states import State
from simpost.ports.store import AttemptResult
from simpost.store.codes import CODE, FINAL
from simpost.store.sqlite.folding import refold
from simpost.store.sqlite.queries import SQL
from simpost.store.sqlite.receiving import meet_parked
from simpost.store.sqlite.session import Session

_SENT = CODE[State.SENT]


def settle(session: Session, batches: Sequence[Sequence[AttemptResult]]) -> list[None]:
    settlements = list(chain.from_iterable(batches))
    rows = [_as_latest(one) for one in settlements]
    if session.execute_wide("settle_parts", rows) != len(rows):
        settlements = [one for one in settlements if _settle_alone(session, one)]
    session.execute_wide("record_attempt", [_attempt(one) for one in settlements])
    for one in settlements:
        if one.state is State.REJECTED:
            session.told.end(one.carrier, one.state, one.reason)
    if session.parked:
        meet_parked(session, [one for one in settlements if one.carrier_message_id is not None])
    ended_ms = {
        (one.account_id, one.message_id): one.ended_ms for one in settlements if one.total > 1
    }
    for (account_id, message_id), at_ms in ended_ms.items():
        refold(session, account_id, message_id, at_ms)
    return [None] * len(batches)


def _attempt(one: AttemptResult) -> tuple[object, ...]:
    return (
        one.account_id,
        one.message_id,
        one.number,
        one.attempt,
        one.carrier,
        one.outcome,
        one.reason,
        one.carrier_message_id,
        one.carrier_code,
        one.started_ms,
        one.ended_ms,
        one.repeat,
    )


def _as_latest(one: AttemptResult) -> tuple[object, ...]:
    code = CODE[one.state]
    return (
        code,
        one.reason,
        one.carrier,
        one.carrier_message_id,
        one.carrier_code,
        None if code >= _SENT else one.due_ms,
        one.ended_ms if code == _SENT else None,
        one.ended_ms if code >= FINAL else None,
        one.ended_ms,
        one.account_id,
        one.message_id,
        one.number,
        one.attempt,
    )


def _settle_alone(session: Session, one: AttemptResult) -> bool:
    """Settle a part again whose batch did not go through as a whole: it changes nothing twice.

    A try that is not the latest, or says less than is known, gives what is new in it. Returns
    whether there is such a part: a settlement of none could never be committed.
    """
    code = CODE[one.state]
    if session.execute_wide("settle_parts", [_as_latest(one)]):
        return True
    found = session.execute(
        SQL["find_part"], (one.account_id, one.message_id, one.number)
    ).fetchall()
    if not found:
        return False
    state, reason, owner, due_ms, attempt, carrier_message_id, carrier_code, final_ms = found[0]
    latest = one.attempt >= attempt
    obeyed = state < FINAL and code // 10 > state // 10
    if obeyed:
        state, reason, carrier_code = code, one.reason, one.carrier_code
        final_ms = one.ended_ms if code >= FINAL else None
    if latest or state >= FINAL:
        owner = None
        due_ms = one.due_ms
    if state >= _SENT and owner is None:
        due_ms = None
    session.execute(
        SQL["rewrite_part"],
        (
            state,
            reason,
            carrier_code,
            carrier_message_id or one.carrier_message_id,
            owner,
            due_ms,
            max(attempt, one.attempt),
            one.ended_ms if state == _SENT else None,
            final_ms,
            one.ended_ms,
            one.account_id,
            one.message_id,
            one.number,
        ),
    )
    return True
