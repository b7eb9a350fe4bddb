"""Results of attempts: logged, and applied to their parts where they outrank the state."""

from __future__ import annotations

from collections.abc import Sequence

from simpost.domain.attempt_results import AttemptResult, apply_late_result
from simpost.store.records.columns import CODE, FINAL
from simpost.store.records.parts import attempt_row, latest_result_row, part_status, rewritten
from simpost.store.sqlite.delivery_receipts import apply_parked
from simpost.store.sqlite.message_state import refold
from simpost.store.sqlite.queries import SQL, row_of
from simpost.store.sqlite.session import SqliteSession


def settle(session: SqliteSession, settlements: Sequence[AttemptResult]) -> None:
    ending = [one for one in settlements if CODE[one.state] >= FINAL]
    plain = [one for one in settlements if CODE[one.state] < FINAL] if ending else settlements
    rows = [latest_result_row(one) for one in plain]
    if session.execute_many_rows("settle_parts", rows) != len(rows):
        plain = [one for one in plain if _settle_alone(session, one)]
    known = [*plain, *(one for one in ending if _settle_alone(session, one))]
    session.execute_many_rows("record_attempt", [attempt_row(one) for one in known])
    if session.parked:
        apply_parked(session, [one for one in known if one.carrier_message_id is not None])
    ended_ms = {(one.account_id, one.message_id): one.ended_ms for one in known if one.total > 1}
    for (account_id, message_id), at_ms in ended_ms.items():
        refold(session, account_id, message_id, at_ms)


def _settle_alone(session: SqliteSession, one: AttemptResult) -> bool:
    """Settle one part and count it if it ends; returns `False` if there is no such part.

    A part that was settled already is not changed. A settlement of a missing part is ignored,
    because it could never be committed.
    """
    if session.execute_many_rows("settle_parts", [latest_result_row(one)]):
        if one.state.is_final:
            session.pending.end(one.carrier, one.state, one.reason)
        return True
    key = (one.account_id, one.message_id, one.number)
    found = row_of(session.connection, "find_part", key)
    if found is None:
        return False
    before = part_status(found)
    after = apply_late_result(before, one)
    if after.state.is_final and not before.state.is_final:
        session.pending.end(one.carrier, one.state, one.reason)
    session.execute(SQL["rewrite_part"], rewritten(after, one))
    return True
