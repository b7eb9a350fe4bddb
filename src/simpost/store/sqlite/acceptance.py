"""Accepts messages: rows, parts and request ids in one transaction."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace

from simpost.domain.policy.quotas import QuotaReached
from simpost.domain.states import State
from simpost.ports.store import Accepted, IdempotentReplay, NewMessage, Refused, RequestKey
from simpost.store.records.columns import CODE
from simpost.store.records.messages import ACCEPTED, message_row
from simpost.store.records.requests import replay_of
from simpost.store.records.texts import stored_texts
from simpost.store.shared.conversations import note_reply
from simpost.store.sqlite import shared_verbs
from simpost.store.sqlite.queries import SQL, row_of
from simpost.store.sqlite.quotas import QuotaUses
from simpost.store.sqlite.session import SqliteSession

_ACCEPTED = CODE[State.ACCEPTED]


def accept(
    session: SqliteSession, messages: Sequence[NewMessage]
) -> list[Accepted | IdempotentReplay | QuotaReached]:
    quotas = QuotaUses(session)
    results = accept_counting(session, messages, quotas)
    quotas.save()
    return results


def accept_counting(
    session: SqliteSession, messages: Sequence[NewMessage], quotas: QuotaUses
) -> list[Accepted | IdempotentReplay | QuotaReached]:
    """Accept messages that count in `quotas`, which the caller saves."""
    results: list[Accepted | IdempotentReplay | QuotaReached] = []
    message_rows: list[tuple[object, ...]] = []
    parts: list[tuple[object, ...]] = []
    for message in messages:
        request = message.request
        reached = quotas.find_reached(message) if message.quotas else None
        if reached is not None:
            earlier = _earlier_use(session, message)
            results.append(earlier or quotas.refuse(message, reached))
            continue
        if request is not None:
            first = take_for(session, message, request)
            if first is not None:
                results.append(first)
                continue
        total = len(message.parts)
        accepted = ACCEPTED if total == 1 else Accepted(next_reference(session, message))
        used, alarms = quotas.count(message) if message.quotas else ((), ())
        if alarms:
            accepted = replace(accepted, alarms=alarms)
        stored = stored_texts(session.texts, message)
        message_rows.append(
            message_row(message, accepted.reference, stored.text, stored.key_id, used)
        )
        parts += part_rows(message, stored.parts, session.node)
        if message.conversation_id is not None:
            shared_verbs.run(session.connection, note_reply(message))
        results.append(accepted)
    session.execute_many_rows("insert_message", message_rows)
    session.execute_many_rows("insert_part", parts)
    return results


def record_refusals(
    session: SqliteSession, refusals: Sequence[Refused]
) -> list[IdempotentReplay | None]:
    return [
        _take(
            session, refused.account_id, refused.request, None, refused.reason, refused.created_ms
        )
        for refused in refusals
    ]


def _earlier_use(session: SqliteSession, message: NewMessage) -> IdempotentReplay | None:
    """The first answer to the request id of a message, or to its signature."""
    request = message.request
    if request is None:
        return None
    keys = [request.request_id]
    if request.signature:
        keys.insert(0, request.signature_key)
    for key in keys:
        parameters = (message.account_id, key, request.stale_ms)
        row = row_of(session.connection, "find_fresh_request", parameters)
        if row is not None:
            return replay_of(row, request)
    return None


def take_for(
    session: SqliteSession, message: NewMessage, request: RequestKey
) -> IdempotentReplay | None:
    """Claim the request id of a message, and its signature with the same answer."""
    if not request.signature:
        return _take(session, message.account_id, request, message.id, None, message.created_ms)
    signed = replace(request, request_id=request.signature_key)
    first = _take(session, message.account_id, signed, message.id, None, message.created_ms)
    if first is not None:
        return first
    first = _take(session, message.account_id, request, message.id, None, message.created_ms)
    if first is not None:
        parameters = (first.message_id, first.reason, message.account_id, request.signature_key)
        session.execute(SQL["answer_signature"], parameters)
    return first


def _take(
    session: SqliteSession,
    account_id: int,
    request: RequestKey,
    message_id: bytes | None,
    reason: str | None,
    created_ms: int,
) -> IdempotentReplay | None:
    """Claim a request id by inserting it, so that of many at once exactly one succeeds."""
    session.execute(
        SQL["take_request_id"],
        (
            account_id,
            request.request_id,
            request.fingerprint,
            message_id,
            reason,
            created_ms,
            request.stale_ms,
        ),
    )
    if session.connection.changes():
        return None
    first = row_of(session.connection, "find_request", (account_id, request.request_id))
    assert first is not None
    return replay_of(first, request)


def next_reference(session: SqliteSession, message: NewMessage) -> int:
    reference: int = session.execute(
        SQL["next_reference"], (message.account_id, message.esim_tran_no)
    ).get
    return reference


def part_rows(message: NewMessage, texts: Sequence[str], node: str) -> list[tuple[object, ...]]:
    """The row of each part; with a lease it belongs to the node that accepts the message."""
    rows: list[tuple[object, ...]] = []
    total = len(texts)
    leased = message.lease_ms is not None
    for number, text in enumerate(texts, start=1):
        row = (
            message.account_id,
            message.id,
            number,
            total,
            message.carrier,
            message.priority,
            message.expires_ms,
            _ACCEPTED,
            _ACCEPTED if number == 1 else None,
            node if leased else None,
            message.lease_ms if leased else message.created_ms,
            1 if leased else 0,
            message.created_ms,
            text if total > 1 else None,
        )
        rows.append(row)
    return rows
