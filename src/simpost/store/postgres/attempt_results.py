"""Results of attempts: logged, and applied to their parts where they outrank the state."""

from __future__ import annotations

from collections.abc import Sequence

from simpost.domain.attempt_results import AttemptResult, apply_late_result
from simpost.store.postgres.connection import PostgresSession
from simpost.store.postgres.message_state import refold
from simpost.store.postgres.parked_receipts import apply_parked
from simpost.store.postgres.queries import columns, without_duplicate_keys
from simpost.store.records.parts import attempt_row, latest_result_row, part_status, rewritten


async def settle(session: PostgresSession, settlements: Sequence[AttemptResult]) -> None:
    for wave in without_duplicate_keys(
        settlements, lambda one: (one.account_id, one.message_id, one.number)
    ):
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
    # After the commit: a node that parks a receipt looks for its part after its own commit, so one
    # of the two finds the other.
    await apply_parked(session, [one for one in settlements if one.carrier_message_id is not None])


async def _settle(
    session: PostgresSession, settlements: Sequence[AttemptResult]
) -> list[AttemptResult]:
    """Record the results of latest attempts; returns the other results."""
    rows = [
        (place, *latest_result_row(one), one.outcome, one.started_ms, one.repeat)
        for place, one in enumerate(settlements)
    ]
    settled = {row["place"] for row in await session.execute("settle", *columns(rows, 17))}
    for place, one in enumerate(settlements):
        if one.state.is_final and place in settled:
            session.pending.end(one.carrier, one.state, one.reason)
    if len(settled) == len(rows):
        return []
    return [one for place, one in enumerate(settlements) if place not in settled]


async def _refold(session: PostgresSession, settlements: Sequence[AttemptResult]) -> None:
    several = [one for one in settlements if one.total > 1]
    if several:
        keys = [(one.account_id, one.message_id) for one in several]
        await refold(session, keys, max(one.ended_ms for one in several))


async def _settle_alone(session: PostgresSession, one: AttemptResult) -> None:
    """Apply a late settlement, if there is such a part: else it could never be committed."""
    found = await session.execute("find_part", one.account_id, one.message_id, one.number)
    if not found:
        return
    before = part_status(found[0])
    after = apply_late_result(before, one)
    if after.state.is_final and not before.state.is_final:
        session.pending.end(one.carrier, one.state, one.reason)
    await session.execute("rewrite_part", *rewritten(after, one))
    await session.execute("record_attempts", *columns([attempt_row(one)], 12))
