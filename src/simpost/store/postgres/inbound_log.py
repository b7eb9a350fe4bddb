"""Reads inbound messages, and the facts that route a new one."""

from __future__ import annotations

from simpost.domain.inbound import InboundMessage, InboundPart, Subscriber
from simpost.ports.store.inbound import Assembly, InboundFilter
from simpost.store import limits
from simpost.store.postgres.catalogue_rows import Wanted, find_esims
from simpost.store.postgres.connection import PostgresSession
from simpost.store.postgres.queries import is_storable, octets
from simpost.store.records.ids import AFTER_ALL_IDS, first_id
from simpost.store.records.inbound import inbound_of, incoming_of
from simpost.store.records.texts import message_text


async def parts_of(session: PostgresSession, assembly: int) -> list[InboundPart]:
    """The stored parts of an assembly, in the order of their numbers."""
    rows = await session.execute("find_assembly", assembly)
    if not rows:
        return []
    part_rows = await session.execute("incoming_parts", assembly)
    return incoming_of(session.texts, rows[0], part_rows)


async def incomplete(session: PostgresSession, before_ms: int, limit: int) -> list[Assembly]:
    rows = await session.execute("overdue_assemblies", before_ms, limit)
    rows += await session.execute("surplus_incomplete_assemblies", limits.MOST_ASSEMBLIES, limit)
    found = [
        Assembly(each, tuple(await parts_of(session, each)))
        for each in dict.fromkeys(row["id"] for row in rows)
    ]
    # One without parts was deleted by another node after it was listed.
    return [each for each in found if each.parts]


async def find_number(
    session: PostgresSession, msisdn: str, account_id: int | None
) -> Subscriber | None:
    if not is_storable(msisdn):
        return None
    rows = await session.execute("esim_of_number", msisdn, account_id)
    if not rows:
        return None
    owner = rows[0]["account_id"]
    [esim] = await find_esims(session, [Wanted(owner, rows[0]["esim_tran_no"], None)])
    return Subscriber(owner, esim) if esim else None


async def count_identical(
    session: PostgresSession,
    account_id: int,
    esim_tran_no: str,
    sender: str,
    text: str,
    since_ms: int,
    limit: int,
) -> int:
    if not is_storable(sender):
        return 0
    since = first_id(since_ms)
    parameters = (account_id, esim_tran_no, since, sender, octets(text))
    rows = await session.execute("count_identical", *parameters)
    same = (
        message_text(session.texts, row, (account_id, row["id"]), row["text"].decode()) == text
        for row in rows
    )
    return min(limit, sum(same))


async def find_inbound(
    session: PostgresSession, account_id: int, inbound_id: bytes
) -> InboundMessage | None:
    rows = await session.execute("find_inbound", account_id, inbound_id)
    if not rows:
        return None
    return inbound_of(session.texts, rows[0], rows[0]["text"].decode(), rows[0]["raw"])


async def list_inbound(
    session: PostgresSession, account_id: int, which: InboundFilter
) -> list[InboundMessage]:
    parameters = (account_id, which.before or AFTER_ALL_IDS, which.carried, which.limit)
    if which.esim_tran_no is None:
        rows = await session.execute("list_inbound", *parameters)
    elif is_storable(which.esim_tran_no):
        rows = await session.execute("list_inbound_of_esim", *parameters, which.esim_tran_no)
    else:
        rows = []
    return [inbound_of(session.texts, row, row["text"].decode()) for row in rows]
