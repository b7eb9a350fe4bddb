"""Folding: the state of a message of several parts follows from theirs."""

from __future__ import annotations

from simpost.domain.states import State, fold
from simpost.store.codes import CODE, STATE
from simpost.store.sqlite.queries import SQL
from simpost.store.sqlite.session import Session

_NOT_BEGUN_OR_TURNED_BACK = frozenset({State.ACCEPTED, State.SCHEDULED, State.HELD, State.SENDING})


def refold(session: Session, account_id: int, message_id: bytes, now_ms: int) -> None:
    """Bring the message's state up to its parts.

    Once a part has ended undelivered the message cannot arrive whole: parts that nobody holds
    and that have not left are cancelled; those in flight are left to their own end.
    """
    rows = session.execute(SQL["siblings"], (account_id, message_id)).fetchall()
    states = {number: STATE[code] for number, code, _, _ in rows}
    if any(state.is_final and state is not State.DELIVERED for state in states.values()):
        for number, code, leased, _ in rows:
            if not leased and STATE[code] in _NOT_BEGUN_OR_TURNED_BACK:
                facts = (now_ms, account_id, message_id, number)
                carrier, reason = session.execute(SQL["cancel_part"], facts).get
                session.told.end(carrier, State.CANCELLED, reason)
                states[number] = State.CANCELLED
    folded = CODE[fold(states.values())]
    if folded != rows[0][3]:
        session.execute(SQL["set_message_state"], (folded, account_id, message_id))
