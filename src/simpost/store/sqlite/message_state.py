"""Folding: the state of a message of several parts follows from theirs."""

from __future__ import annotations

from simpost.domain.attempt_results import SiblingPart, parts_to_cancel
from simpost.domain.states import State, fold
from simpost.store.records.columns import CODE, STATE
from simpost.store.sqlite.queries import SQL
from simpost.store.sqlite.session import SqliteSession


def refold(session: SqliteSession, account_id: int, message_id: bytes, now_ms: int) -> None:
    """Bring the message's state up to its parts, and cancel parts of a message that failed."""
    rows = session.execute(SQL["siblings"], (account_id, message_id)).fetchall()
    states = {number: STATE[code] for number, code, _, _ in rows}
    for number in parts_to_cancel(
        [SiblingPart(number, STATE[code], bool(leased)) for number, code, leased, _ in rows]
    ):
        facts = (now_ms, account_id, message_id, number)
        carrier, reason = session.execute(SQL["cancel_part"], facts).get
        session.told.end(carrier, State.CANCELLED, reason)
        states[number] = State.CANCELLED
    folded = CODE[fold(states.values())]
    if folded != rows[0][3]:
        session.execute(SQL["set_message_state"], (folded, account_id, message_id))
