"""Folds the states of parts into the state of their message."""

from __future__ import annotations

from simpost.domain.attempt_results import parts_to_cancel
from simpost.domain.states import State, fold
from simpost.store.records.columns import CODE
from simpost.store.records.parts import sibling_part
from simpost.store.sqlite.queries import SQL, rows_of
from simpost.store.sqlite.session import SqliteSession


def refold(session: SqliteSession, account_id: int, message_id: bytes, now_ms: int) -> None:
    """Set the message's state from its parts; cancel unsent parts if it failed."""
    rows = rows_of(session.connection, "siblings", (account_id, message_id))
    parts = [sibling_part(row) for row in rows]
    states = {part.number: part.state for part in parts}
    for number in parts_to_cancel(parts):
        parameters = (now_ms, account_id, message_id, number)
        for row in rows_of(session.connection, "cancel_part", parameters):
            session.pending.end(row["carrier"], State.CANCELLED, row["reason"])
        states[number] = State.CANCELLED
    folded = CODE[fold(states.values())]
    if folded != rows[0]["message_state"]:
        session.execute(SQL["set_message_state"], (folded, account_id, message_id))
