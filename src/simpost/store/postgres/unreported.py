"""Finds parts that await a report, and ends those without one a while after their validity.

The messages that are `sent` are walked by account and age, a bounded step at a time.
"""

from __future__ import annotations

from collections.abc import Sequence

from simpost.ports.carrier import AcceptedPart
from simpost.store.postgres.connection import PostgresSession
from simpost.store.postgres.leases import fold_expired
from simpost.store.postgres.queries import columns
from simpost.store.records.accepted import accepted_part, oldest_open, open_parts
from simpost.store.records.ids import first_id
from simpost.store.records.payloads import MessageKey, UnreportedParts
from simpost.store.records.unreported import SentMessage, sent_message


async def sent_messages(
    session: PostgresSession, after: MessageKey, expired_ms: int, limit: int
) -> list[SentMessage]:
    """The next sent messages after this one."""
    young = first_id(expired_ms + 1)
    return [
        sent_message(row) for row in await session.execute("sent_messages", *after, young, limit)
    ]


async def open_step(
    session: PostgresSession, carrier: str, after: str, now_ms: int, limit: int
) -> tuple[list[AcceptedPart], str]:
    """The next parts of a carrier that await a report."""
    rows = await session.execute("open_parts", carrier, after, oldest_open(now_ms), limit)
    return open_parts(rows, limit)


async def sent_to(
    session: PostgresSession, carrier: str, iccid: str, now_ms: int
) -> list[AcceptedPart]:
    """Parts of a carrier to an ICCID that have not expired."""
    rows = await session.execute("parts_sent_to", carrier, iccid, oldest_open(now_ms), now_ms)
    return [accepted_part(row) for row in rows]


async def end_unreported(session: PostgresSession, all_of: Sequence[UnreportedParts]) -> list[int]:
    return [await _end(session, one) for one in all_of]


async def _end(session: PostgresSession, one: UnreportedParts) -> int:
    async with session.transaction():
        keys = columns(sorted(set(one.messages)), 2)
        rows = await session.execute("end_unreported", one.now_ms, one.expired_ms, *keys)
        await fold_expired(session, rows, one.now_ms)
    return len(rows)
