"""Leases of parts: claimed by a node until a time, and what follows when they run out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import apsw

from simpost.domain.messages import Priority
from simpost.domain.outcomes import OutcomeKind
from simpost.domain.reasons import Reason
from simpost.domain.states import State
from simpost.ports.carrier import OutboundPart
from simpost.store.records.columns import CODE
from simpost.store.records.parts import outbound_part
from simpost.store.records.payloads import (
    CLAIM_ROUNDS,
    LEASE_STEP,
    Claim,
    LeaseExpiry,
    PartKey,
    Purge,
)
from simpost.store.sqlite.delivery_receipts import apply_to_parts_in_doubt
from simpost.store.sqlite.message_state import refold
from simpost.store.sqlite.queries import SQL, ask, rows_of
from simpost.store.sqlite.session import SqliteSession

_IN_DOUBT = CODE[State.IN_DOUBT]
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
                part = outbound_part(row, row["text"])
                if part.expires_ms <= one.now_ms:
                    ended.append((part.account_id, part.message_id, part.number))
                else:
                    leased.append(part)
                    key = (part.account_id, part.message_id, part.number)
                    leases.append((one.owner, one.lease_ms, part.attempt, *key))
            session.execute_many_rows("lease_part", leases)
            _end(session, PartsToExpire(one.now_ms, ended))
            if len(rows) < wanted:
                break
    return leased


def leased(connection: apsw.Connection, carrier: str, owner: str, limit: int) -> list[OutboundPart]:
    rows = rows_of(connection, "parts_leased", (owner, carrier, limit))
    return [outbound_part(row, row["text"]) for row in rows]


def expire_leases(session: SqliteSession, expiries: Sequence[LeaseExpiry]) -> list[int]:
    expired = [_expire_leases(session, one) for one in expiries]
    apply_to_parts_in_doubt(session)
    return expired


def _expire_leases(session: SqliteSession, one: LeaseExpiry) -> int:
    if one.owner is None:
        rows = session.execute(SQL["lost_leases"], (one.now_ms, LEASE_STEP)).fetchall()
    else:
        rows = session.execute(SQL["leases_of"], (one.owner, LEASE_STEP)).fetchall()
    attempts = []
    touched: set[tuple[int, bytes]] = set()
    for row in rows:
        account_id, message_id, number, total, carrier, state, attempt = row[:7]
        expires_ms, begun_ms, category, unclear = row[7:]
        used_up = one.repeats.is_exhausted(category, unclear)
        if state >= _SENT:
            session.execute(SQL["release_part"], (account_id, message_id, number))
            continue
        session.execute(
            SQL["put_part_in_doubt"],
            {
                "state": _IN_DOUBT,
                "reason": Reason.REPEATS_EXHAUSTED if used_up else Reason.LEASE_LOST,
                "due_ms": one.repeats.due_after_lease_ms(category, unclear, one.now_ms, expires_ms),
                "now_ms": one.now_ms,
                "account_id": account_id,
                "message_id": message_id,
                "number": number,
            },
        )
        attempts.append(
            (
                account_id,
                message_id,
                number,
                attempt,
                carrier,
                OutcomeKind.IN_DOUBT,
                Reason.LEASE_LOST,
                None,
                None,
                begun_ms,
                one.now_ms,
                state == _IN_DOUBT,
            )
        )
        if total > 1:
            touched.add((account_id, message_id))
    session.execute_many_rows("record_attempt", attempts)
    for account_id, message_id in touched:
        refold(session, account_id, message_id, one.now_ms)
    return len(rows)


def ended_parts(connection: apsw.Connection, now_ms: int, limit: int) -> list[PartKey]:
    keys: list[PartKey] = ask(connection, "ended_parts", (now_ms, limit)).fetchall()
    return keys


def expire(session: SqliteSession, expiries: Sequence[PartsToExpire]) -> list[int]:
    return [_end(session, one) for one in expiries]


def _end(session: SqliteSession, one: PartsToExpire) -> int:
    """Expire these parts, unless one has moved on since it was seen."""
    count = 0
    for account_id, message_id, number in one.keys:
        facts = {
            "now_ms": one.now_ms,
            "account_id": account_id,
            "message_id": message_id,
            "number": number,
        }
        found = session.execute(SQL["expire_part"], facts).fetchall()
        count += len(found)
        for total, carrier, reason in found:
            session.pending.end(carrier, State.EXPIRED, reason)
            if total > 1:
                refold(session, account_id, message_id, one.now_ms)
    return count


def purge(session: SqliteSession, all_of: Sequence[Purge]) -> list[int]:
    return [_purge(session, one) for one in all_of]


def _purge(session: SqliteSession, one: Purge) -> int:
    session.execute(SQL["forget_requests"], (one.requests_before_ms, one.limit))
    requests = session.connection.changes()
    session.execute(SQL["forget_parked"], (one.parked_before_ms, one.limit - requests))
    parked = session.connection.changes()
    session.parked -= parked
    return requests + parked
