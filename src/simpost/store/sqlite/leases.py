"""Leases of parts: claimed by a node until a time, and what follows when they run out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import apsw

from simpost.domain.messages import Priority
from simpost.domain.states import State
from simpost.ports.carrier import OutboundPart
from simpost.store.records.columns import CODE
from simpost.store.records.parts import (
    after_lost_lease,
    lost_attempt,
    outbound_part,
    part_key,
    postponed_part,
)
from simpost.store.records.payloads import (
    CLAIM_ROUNDS,
    LEASE_STEP,
    Claim,
    LeaseExpiry,
    MessageKey,
    PartKey,
    Purge,
)
from simpost.store.sqlite.delivery_receipts import apply_to_parts_in_doubt
from simpost.store.sqlite.message_state import refold
from simpost.store.sqlite.queries import SQL, rows_of
from simpost.store.sqlite.session import SqliteSession
from simpost.store.text_seal import TextSeal

_SENT = CODE[State.SENT]


class PartsToExpire(NamedTuple):
    now_ms: int
    keys: Sequence[PartKey]


def claim(session: SqliteSession, claims: Sequence[Claim]) -> list[list[OutboundPart]]:
    return [_claim(session, one) for one in claims]


def _claim(session: SqliteSession, one: Claim) -> list[OutboundPart]:
    leased: list[OutboundPart] = []
    rounds = CLAIM_ROUNDS
    for priority in (Priority.CODE,) if one.codes_only else Priority:
        while rounds and len(leased) < one.limit:
            rounds -= 1
            wanted = min(LEASE_STEP, one.limit - len(leased))
            place = (one.carrier, int(priority), one.now_ms, wanted)
            rows = rows_of(session.connection, "due_parts", place)
            ended: list[PartKey] = []
            leases: list[tuple[object, ...]] = []
            for row in rows:
                if row["expires_ms"] <= one.now_ms:
                    ended.append(part_key(row))
                elif part := outbound_part(session.texts, row, row["text"]):
                    leased.append(part)
                    leases.append((one.owner, one.lease_ms, part.attempt, *part_key(row)))
                else:
                    session.execute(SQL["postpone_part"], postponed_part(row, one.now_ms))
            session.execute_many_rows("lease_part", leases)
            _end(session, PartsToExpire(one.now_ms, ended))
            if len(rows) < wanted:
                break
    return leased


def leased(
    connection: apsw.Connection, texts: TextSeal, carrier: str, owner: str, limit: int
) -> list[OutboundPart]:
    rows = rows_of(connection, "parts_leased", (owner, carrier, limit))
    parts = (outbound_part(texts, row, row["text"]) for row in rows)
    return [part for part in parts if part]


def expire_leases(session: SqliteSession, expiries: Sequence[LeaseExpiry]) -> list[int]:
    expired = [_expire_leases(session, one) for one in expiries]
    apply_to_parts_in_doubt(session)
    return expired


def _expire_leases(session: SqliteSession, one: LeaseExpiry) -> int:
    if one.owner is None:
        rows = rows_of(session.connection, "lost_leases", (one.now_ms, LEASE_STEP))
    else:
        rows = rows_of(session.connection, "leases_of", (one.owner, LEASE_STEP))
    attempts = []
    touched: set[MessageKey] = set()
    for row in rows:
        key = part_key(row)
        if row["state"] >= _SENT:
            session.execute(SQL["release_part"], key)
            continue
        due_ms, reason = after_lost_lease(row, one)
        session.execute(SQL["put_part_in_doubt"], (reason, due_ms, one.now_ms, *key))
        attempts.append(lost_attempt(row, one.now_ms))
        if row["total"] > 1:
            touched.add(key[:2])
    session.execute_many_rows("record_attempt", attempts)
    for account_id, message_id in touched:
        refold(session, account_id, message_id, one.now_ms)
    return len(rows)


def ended_parts(connection: apsw.Connection, now_ms: int, limit: int) -> list[PartKey]:
    return [part_key(row) for row in rows_of(connection, "overdue_parts", (now_ms, limit))]


def expire(session: SqliteSession, expiries: Sequence[PartsToExpire]) -> list[int]:
    return [_end(session, one) for one in expiries]


def _end(session: SqliteSession, one: PartsToExpire) -> int:
    """Expire these parts, except those that changed since they were read."""
    count = 0
    for account_id, message_id, number in one.keys:
        parameters = {
            "now_ms": one.now_ms,
            "account_id": account_id,
            "message_id": message_id,
            "number": number,
        }
        found = rows_of(session.connection, "expire_part", parameters)
        count += len(found)
        for row in found:
            session.pending.end(row["carrier"], State.EXPIRED, row["reason"])
            if row["total"] > 1:
                refold(session, account_id, message_id, one.now_ms)
    return count


def purge(session: SqliteSession, all_of: Sequence[Purge]) -> list[int]:
    return [_purge(session, one) for one in all_of]


def _purge(session: SqliteSession, one: Purge) -> int:
    session.execute(SQL["delete_old_requests"], (one.requests_before_ms, one.limit))
    requests = session.connection.changes()
    session.execute(SQL["delete_old_parked"], (one.parked_before_ms, one.limit - requests))
    parked = session.connection.changes()
    session.parked -= parked
    session.execute(SQL["forget_quotas"], (one.now_ms, one.limit - requests - parked))
    return requests + parked + session.connection.changes()
