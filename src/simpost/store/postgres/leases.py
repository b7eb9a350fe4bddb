"""Leases of parts: claimed by a node until a time, and what follows when they run out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from simpost.domain.states import State
from simpost.ports.carrier import OutboundPart
from simpost.store import limits
from simpost.store.postgres.connection import PostgresSession
from simpost.store.postgres.message_state import refold
from simpost.store.postgres.parked_receipts import apply_orphaned, apply_to_parts_in_doubt
from simpost.store.postgres.queries import columns
from simpost.store.postgres.receipt_matches import lowest_id
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
    PartKey,
    Purge,
)
from simpost.store.records.row import NamedRow

_SENT = CODE[State.SENT]


class Leases(NamedTuple):
    carrier: str
    owner: str
    limit: int


class ExpiryStep(NamedTuple):
    now_ms: int
    limit: int


async def claim(session: PostgresSession, claims: Sequence[Claim]) -> list[list[OutboundPart]]:
    return [await _claim(session, one) for one in claims]


async def _claim(session: PostgresSession, one: Claim) -> list[OutboundPart]:
    leased: list[OutboundPart] = []
    for _ in range(CLAIM_ROUNDS):
        wanted = min(LEASE_STEP, one.limit - len(leased))
        rows = await session.execute(
            "claim",
            one.carrier,
            one.now_ms,
            lowest_id(one.now_ms),
            wanted,
            one.owner,
            one.lease_ms,
            one.codes_only,
        )
        ended: list[PartKey] = []
        postponed: list[tuple[Any, ...]] = []
        for row in rows:
            if row["expires_ms"] <= one.now_ms:
                ended.append(part_key(row))
            elif part := outbound_part(session.texts, row, row["text"].decode()):
                leased.append(part)
            else:
                postponed.append(postponed_part(row, one.now_ms))
        if postponed:
            await session.execute("postpone_claimed", *columns(postponed, 6))
        if ended:
            async with session.transaction():
                touched = await session.execute("expire_claimed", one.now_ms, *columns(ended, 3))
                await fold_expired(session, touched, one.now_ms)
        if len(rows) < wanted or len(leased) >= one.limit:
            break
    return leased


async def leased(session: PostgresSession, all_of: Sequence[Leases]) -> list[list[OutboundPart]]:
    return [await _leased(session, one) for one in all_of]


async def _leased(session: PostgresSession, one: Leases) -> list[OutboundPart]:
    rows = await session.execute("parts_leased", one.owner, one.carrier, one.limit)
    parts = (outbound_part(session.texts, row, row["text"].decode()) for row in rows)
    return [part for part in parts if part]


async def fold_expired(session: PostgresSession, rows: Sequence[NamedRow], now_ms: int) -> None:
    """Count parts that expired, and update the states of their messages."""
    for row in rows:
        session.pending.end(row["carrier"], State.EXPIRED, row["reason"])
    several = [(row["account_id"], row["message_id"]) for row in rows if row["total"] > 1]
    await refold(session, several, now_ms)


async def expire_leases(session: PostgresSession, expiries: Sequence[LeaseExpiry]) -> list[int]:
    expired = [await _expire_leases(session, one) for one in expiries]
    # After the commit, as a settlement does.
    await apply_to_parts_in_doubt(session, expiries[0].now_ms)
    return expired


async def _expire_leases(session: PostgresSession, one: LeaseExpiry) -> int:
    async with session.transaction():
        if one.owner is None:
            rows = await session.execute("lost_leases", one.now_ms, LEASE_STEP)
        else:
            rows = await session.execute("leases_of", one.owner, LEASE_STEP)
        settled = [part_key(row) for row in rows if row["state"] >= _SENT]
        lost = [row for row in rows if row["state"] < _SENT]
        if settled:
            await session.execute("release_parts", *columns(settled, 3))
        if lost:
            due = [(*part_key(row), *after_lost_lease(row, one)) for row in lost]
            await session.execute("put_parts_in_doubt", *columns(due, 5), one.now_ms)
            attempts = [lost_attempt(row, one.now_ms) for row in lost]
            await session.execute("record_attempts", *columns(attempts, 12))
            several = [(row["account_id"], row["message_id"]) for row in lost if row["total"] > 1]
            await refold(session, several, one.now_ms)
    return len(rows)


async def expire(session: PostgresSession, expiries: Sequence[ExpiryStep]) -> list[int]:
    return [await _expire(session, one) for one in expiries]


async def _expire(session: PostgresSession, one: ExpiryStep) -> int:
    async with session.transaction():
        rows = await session.execute("expire_parts", one.now_ms, one.limit)
        await fold_expired(session, rows, one.now_ms)
    return len(rows)


async def purge(session: PostgresSession, all_of: Sequence[Purge]) -> list[int]:
    return [await _purge(session, one) for one in all_of]


async def _purge(session: PostgresSession, one: Purge) -> int:
    await apply_orphaned(session, one.now_ms, one.limit)
    requests: int = await session.scalar("delete_old_requests", one.requests_before_ms, one.limit)
    crowded_ms = await session.scalar("parked_beyond", limits.MOST_PARKED)
    before_ms = max(one.parked_before_ms, 0 if crowded_ms is None else crowded_ms + 1)
    parked: int = await session.scalar("delete_old_parked", before_ms, one.limit - requests)
    limit = one.limit - requests - parked
    quotas: int = await session.scalar("forget_quotas", one.now_ms, limit)
    return requests + parked + quotas
