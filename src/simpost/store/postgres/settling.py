"""Settling: what a try said is recorded, and obeyed where it does not lower a rank."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from typing import Any

from simpost.domain.states import State
from simpost.ports.store import AttemptResult
from simpost.store.codes import CODE, FINAL
from simpost.store.postgres.folding import refold
from simpost.store.postgres.link import Session
from simpost.store.postgres.meeting import meet_parked
from simpost.store.postgres.queries import columns, waves

_SENT = CODE[State.SENT]


async def settle(session: Session, batches: Sequence[Sequence[AttemptResult]]) -> list[None]:
    settlements = list(chain.from_iterable(batches))
    for wave in waves(settlements, lambda one: (one.account_id, one.message_id, one.number)):
        if all(one.total == 1 for one in wave):
            left = await _settle(session, wave)
        else:
            async with session.transaction():
                left = await _settle(session, wave)
                await _refold(session, wave)
        for one in left:
            async with session.transaction():
                await _settle_alone(session, one)
                await _refold(session, [one])
    # After the commit: whoever parks a receipt looks for its part after his, so one of us sees it.
    await meet_parked(session, [one for one in settlements if one.carrier_message_id is not None])
    return [None] * len(batches)


async def _settle(session: Session, settlements: Sequence[AttemptResult]) -> list[AttemptResult]:
    """All that are their part's latest try; returns the others."""
    rows = [(place, *_as_latest(one)) for place, one in enumerate(settlements)]
    settled = {row[0] for row in await session.ask("settle", *columns(rows, 17))}
    for place, one in enumerate(settlements):
        if one.state.is_final and place in settled:
            session.told.end(one.carrier, one.state, one.reason)
    if len(settled) == len(rows):
        return []
    return [one for place, one in enumerate(settlements) if place not in settled]


async def _refold(session: Session, settlements: Sequence[AttemptResult]) -> None:
    several = [one for one in settlements if one.total > 1]
    if several:
        keys = [(one.account_id, one.message_id) for one in several]
        await refold(session, keys, max(one.ended_ms for one in several))


def _as_latest(one: AttemptResult) -> tuple[Any, ...]:
    code = CODE[one.state]
    return (
        one.account_id,
        one.message_id,
        one.number,
        one.attempt,
        code,
        one.reason,
        one.carrier,
        one.carrier_message_id,
        one.carrier_code,
        None if code >= _SENT else one.due_ms,
        one.ended_ms if code == _SENT else None,
        one.ended_ms if code >= FINAL else None,
        one.ended_ms,
        one.outcome,
        one.started_ms,
        one.repeat,
    )


def _attempt(one: AttemptResult) -> tuple[Any, ...]:
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


async def _settle_alone(session: Session, one: AttemptResult) -> None:
    """A try that is not its part's latest, or says less than is known, gives what is new in it.

    A settlement of a part that is not there could never be committed, and is passed over.
    """
    key = (one.account_id, one.message_id, one.number)
    found = await session.ask("find_part", *key)
    if not found:
        return
    code = CODE[one.state]
    state, reason, owner, due_ms, attempt, carrier_message_id, carrier_code, final_ms = found[0]
    latest = one.attempt >= attempt
    if state < FINAL and code // 10 > state // 10:
        state, reason, carrier_code = code, one.reason, one.carrier_code
        final_ms = one.ended_ms if code >= FINAL else None
        if code >= FINAL:
            session.told.end(one.carrier, one.state, one.reason)
    if latest or state >= FINAL:
        owner = None
        due_ms = one.due_ms
    if state >= _SENT and owner is None:
        due_ms = None
    await session.ask(
        "rewrite_part",
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
        *key,
    )
    await session.ask("record_attempts", *columns([_attempt(one)], 12))
