"""Held messages: committed without parts, leased when they are due, and released with parts."""

from __future__ import annotations

from collections.abc import Sequence

from simpost.domain.decision_record import with_used
from simpost.domain.reasons import Reason
from simpost.domain.states import State
from simpost.ports.store import Accepted, IdempotentReplay, NewMessage
from simpost.ports.store.held import (
    MOST_DECISION_CHARACTERS,
    Deferral,
    DueMessage,
    HeldEnd,
    HeldMessage,
    ReleaseResult,
)
from simpost.store.records.columns import CODE, options_text
from simpost.store.records.held import due_message
from simpost.store.records.messages import ACCEPTED, message_row
from simpost.store.records.payloads import Cancellation, Deferrals, HeldClaim, HeldEnds, Releases
from simpost.store.records.texts import stored_request, stored_texts
from simpost.store.shared.conversations import note_reply
from simpost.store.sqlite import acceptance, shared_verbs
from simpost.store.sqlite.database import SqliteDatabase
from simpost.store.sqlite.queries import SQL, rows_of
from simpost.store.sqlite.quotas import QuotaUses
from simpost.store.sqlite.session import SqliteSession

_CANCELLED = CODE[State.CANCELLED]
_HELD = CODE[State.HELD]


class SqliteHeld:
    """Implements `simpost.ports.store.HeldStore`."""

    def __init__(self, database: SqliteDatabase) -> None:
        self._write = database.write

    async def hold(self, held: HeldMessage) -> Accepted | IdempotentReplay:
        return await self._write(hold, held)

    async def claim_held(self, *, now_ms: int, lease_ms: int, limit: int) -> list[DueMessage]:
        return await self._write(claim, HeldClaim(now_ms, lease_ms, limit))

    async def release_held(
        self, messages: Sequence[NewMessage], *, now_ms: int
    ) -> list[ReleaseResult]:
        return await self._write(release, Releases(now_ms, messages))

    async def defer_held(self, deferrals: Sequence[Deferral], *, now_ms: int) -> None:
        await self._write(defer, Deferrals(now_ms, deferrals))

    async def end_held(self, ends: Sequence[HeldEnd], *, now_ms: int) -> None:
        await self._write(end, HeldEnds(now_ms, ends))

    async def decide_now(self, account_id: int, message_id: bytes, *, now_ms: int) -> bool:
        return await self._write(make_due, Cancellation(now_ms, account_id, message_id))

    async def cancel_message(self, account_id: int, message_id: bytes, *, now_ms: int) -> bool:
        one = Cancellation(now_ms, account_id, message_id)
        return await self._write(cancel, one)


def hold(
    session: SqliteSession, all_of: Sequence[HeldMessage]
) -> list[Accepted | IdempotentReplay]:
    return [_hold(session, held) for held in all_of]


def _hold(session: SqliteSession, held: HeldMessage) -> Accepted | IdempotentReplay:
    message = held.message
    if message.request is not None:
        first = acceptance.take_for(session, message, message.request)
        if first is not None:
            return first
    stored = stored_texts(session.texts, message)
    session.execute(SQL["insert_message"], message_row(message, 0, stored.text, stored.key_id))
    session.execute(
        SQL["insert_held"],
        (
            message.account_id,
            message.id,
            message.esim_tran_no,
            CODE[held.state],
            held.reason,
            held.send_at_ms,
            held.until_ms,
            held.until_ms,
            stored_request(session.texts, message, held.request),
            message.created_ms,
            held.decision,
        ),
    )
    if message.conversation_id is not None:
        shared_verbs.run(session.connection, note_reply(message))
    return ACCEPTED


def claim(session: SqliteSession, claims: Sequence[HeldClaim]) -> list[list[DueMessage]]:
    return [_claim(session, one) for one in claims]


def _claim(session: SqliteSession, one: HeldClaim) -> list[DueMessage]:
    rows = rows_of(session.connection, "due_held", (one.now_ms, one.limit))
    due = [due_message(session.texts, row, row["text"]) for row in rows]
    for message in due:
        key = (message.account_id, message.message_id)
        session.execute(SQL["lease_held"], (one.lease_ms, *key))
    return due


def release(session: SqliteSession, all_of: Sequence[Releases]) -> list[list[ReleaseResult]]:
    quotas = QuotaUses(session)
    results = [
        [_release(session, quotas, message, one.now_ms) for message in one.messages]
        for one in all_of
    ]
    quotas.save()
    return results


def _release(
    session: SqliteSession, quotas: QuotaUses, message: NewMessage, now_ms: int
) -> ReleaseResult:
    """Commit the parts, unless a quota is reached or another decision was committed first."""
    reached = quotas.find_reached(message) if message.quotas else None
    if reached:
        return quotas.refuse(message, reached)
    parameters = {"account_id": message.account_id, "message_id": message.id}
    decision = with_used(message.decision, quotas.used_before(message))
    session.execute(SQL["release_held"], {**parameters, "now_ms": now_ms, "decision": decision})
    if not session.connection.changes():
        return None
    _, alarms = quotas.count(message)
    stored = stored_texts(session.texts, message)
    total = len(stored.parts)
    changes = {
        "destination": message.destination,
        "sender": message.sender,
        "encoding": message.encoding,
        "reference": 0 if total == 1 else acceptance.next_reference(session, message),
        "part_count": message.part_count or total,
        "text": stored.text,
        "text_key": stored.key_id,
        "options": options_text(message.options),
    }
    session.execute(SQL["rewrite_message"], {**parameters, **changes})
    session.execute_many_rows(
        "insert_part", acceptance.part_rows(message, stored.parts, session.node)
    )
    return Accepted(alarms=alarms)


def defer(session: SqliteSession, all_of: Sequence[Deferrals]) -> list[None]:
    for one in all_of:
        _defer(session, one)
    return [None] * len(all_of)


def _defer(session: SqliteSession, one: Deferrals) -> None:
    for each in one.deferrals:
        key = {"account_id": each.account_id, "message_id": each.message_id}
        parameters = {
            "state": CODE[each.state],
            "reason": each.reason,
            "until_ms": each.until_ms,
            "now_ms": one.now_ms,
            "decision": each.decision,
            "most": MOST_DECISION_CHARACTERS,
        }
        session.execute(SQL["defer_held"], {**key, **parameters})
        if session.connection.changes():
            session.execute(SQL["change_expiry"], {**key, "expires_ms": each.expires_ms})


def end(session: SqliteSession, all_of: Sequence[HeldEnds]) -> list[None]:
    for one in all_of:
        _end(session, one)
    return [None] * len(all_of)


def _end(session: SqliteSession, one: HeldEnds) -> None:
    for each in one.ends:
        parameters = {
            "state": CODE[each.state],
            "reason": each.reason,
            "now_ms": one.now_ms,
            "account_id": each.account_id,
            "message_id": each.message_id,
            "decision": each.decision,
        }
        session.execute(SQL["end_held"], parameters)


def make_due(session: SqliteSession, all_of: Sequence[Cancellation]) -> list[bool]:
    done = []
    for one in all_of:
        session.execute(SQL["make_held_due"], {**one._asdict(), "state": _HELD})
        done.append(bool(session.connection.changes()))
    return done


def cancel(session: SqliteSession, all_of: Sequence[Cancellation]) -> list[bool]:
    return [_cancel(session, one) for one in all_of]


def _cancel(session: SqliteSession, one: Cancellation) -> bool:
    parameters = one._asdict()
    ended = {**parameters, "state": _CANCELLED, "reason": Reason.CANCELLED, "decision": None}
    session.execute(SQL["end_held"], ended)
    if session.connection.changes():
        return True
    parts = rows_of(session.connection, "cancel_queued", parameters)
    for part in parts:
        session.pending.end(part["carrier"], State.CANCELLED, part["reason"])
    return bool(parts)
