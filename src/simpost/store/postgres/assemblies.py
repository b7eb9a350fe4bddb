"""Stores parts of inbound messages until the last one arrived, then the message, once."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from typing import Any

import msgspec

from simpost.domain.inbound import InboundMessage, InboundPart
from simpost.ports.store import Accepted
from simpost.ports.store.inbound import Assembly, Duplicate, NewInbound
from simpost.store import limits
from simpost.store.postgres.acceptance import accept
from simpost.store.postgres.connection import PostgresSession
from simpost.store.postgres.inbound_log import parts_of
from simpost.store.postgres.queries import octets
from simpost.store.records.columns import reason_of
from simpost.store.records.inbound import raw_octets
from simpost.store.records.payloads import InboundPurge

_WHOLE = Accepted()


async def add_parts(
    session: PostgresSession, parts: Sequence[InboundPart]
) -> list[Assembly | Duplicate | None]:
    async with session.transaction():
        await _lock(session, parts)
        return [await _add_part(session, part) for part in parts]


async def _lock(session: PostgresSession, parts: Sequence[InboundPart]) -> None:
    """Hold what makes parts one message until the end of the transaction."""
    keys = [zlib.crc32(repr(_key(part)).encode()) - (1 << 31) for part in parts]
    await session.ask("lock_assemblies", keys)


async def _add_part(session: PostgresSession, part: InboundPart) -> Assembly | Duplicate | None:
    rows = await session.ask("newest_assembly", *_key(part))
    if not rows:
        await _begin(session, part)
        return None
    assembly, is_kept = rows[0]["id"], rows[0]["inbound_id"] is not None
    known = await parts_of(session, assembly)
    same = next((one for one in known if one.place.number == part.place.number), None)
    differs = same is not None and (same.octets, same.encoding) != (part.octets, part.encoding)
    if differs or (is_kept and same is None):
        await _begin(session, part)
        return None
    await session.ask("refresh_assembly", part.link, part.received_ms, assembly)
    if is_kept:
        return Duplicate(reason_of(rows[0]["reason"]))
    if same is None:
        await _add(session, assembly, part)
        known.append(part)
    if len(known) < part.place.total:
        return None
    return Assembly(assembly, tuple(sorted(known, key=lambda one: one.place.number)))


async def _begin(session: PostgresSession, part: InboundPart) -> None:
    row = (*_key(part), part.link, part.received_ms, None, None)
    await _add(session, await session.value("add_assembly", *row), part)


async def _add(session: PostgresSession, assembly: int, part: InboundPart) -> None:
    await session.ask(
        "add_incoming_part",
        assembly,
        part.place.number,
        part.encoding,
        part.octets,
        part.for_application,
        part.received_ms,
        raw_octets([part.raw]),
    )


def _key(part: InboundPart) -> tuple[Any, ...]:
    place = part.place
    return part.carrier, part.source, part.destination, place.kind, place.reference, place.total


async def save(
    session: PostgresSession, all_new: Sequence[NewInbound]
) -> list[Accepted | Duplicate]:
    return [await _save(session, new) for new in all_new]


async def _save(session: PostgresSession, new: NewInbound) -> Accepted | Duplicate:
    inbound = new.inbound
    async with session.transaction():
        if isinstance(new.of, Assembly):
            await _lock(session, new.of.parts[:1])
            known = await _take_gathered(session, new.of, inbound)
        else:
            await _lock(session, [new.of])
            known = await _take_alone(session, new.of, inbound)
        if known is not None:
            return known
        await session.ask("insert_inbound", *_row(inbound))
        if inbound.esim_tran_no is None:
            await session.ask("trim_inbound_of_none", inbound.account_id, limits.MOST_OF_NO_ESIM)
        else:
            facts = (inbound.account_id, inbound.esim_tran_no, limits.MOST_OF_AN_ESIM)
            await session.ask("trim_inbound", *facts)
        if new.message is None:
            return _WHOLE
        [accepted] = await accept(session, [new.message])
        assert isinstance(accepted, Accepted)  # it has no request id and no quota
        return accepted


async def _take_gathered(
    session: PostgresSession, of: Assembly, inbound: InboundMessage
) -> Duplicate | None:
    """Take an assembly as it was read, unless it was taken or a further part came since."""
    if await session.value("count_incoming_parts", of.assembly) != len(of.parts):
        return Duplicate(None)
    facts = (inbound.id, inbound.reason, inbound.received_ms, of.assembly)
    if await session.ask("keep_assembly", *facts):
        return None
    rows = await session.ask("find_assembly", of.assembly)
    return Duplicate(reason_of(rows[0]["reason"]) if rows else None)


async def _take_alone(
    session: PostgresSession, part: InboundPart, inbound: InboundMessage
) -> Duplicate | None:
    """Take a PDU that is kept as it came: a message of one part, or a part refused at once.

    Of a message whose first part was refused, all others are. Without a reference, the same text
    is the same message only if the response may have been lost with its connection; then it is
    acknowledged again over this one, and the next is another message.
    """
    for row in await session.ask("equal_assemblies", *_key(part)):
        if row["link"] not in part.links if part.place.is_alone else row["reason"] is not None:
            await session.ask("refresh_assembly", part.link, part.received_ms, row["id"])
            return Duplicate(reason_of(row["reason"]))
    new = (*_key(part), part.link, part.received_ms, inbound.id, inbound.reason)
    await session.ask("add_assembly", *new)
    return None


def _row(inbound: InboundMessage) -> tuple[Any, ...]:
    return (
        inbound.account_id,
        inbound.id,
        inbound.esim_tran_no,
        inbound.carrier,
        inbound.source,
        inbound.destination,
        inbound.state,
        inbound.reason,
        inbound.encoding,
        octets(inbound.text),
        inbound.part_count,
        msgspec.json.encode(inbound.missing).decode() if inbound.missing else None,
        inbound.message_id,
        inbound.received_ms,
        raw_octets(inbound.raw),
    )


async def delete_inbound(session: PostgresSession, all_of: Sequence[InboundPurge]) -> list[int]:
    """Ids begin with their time."""
    return [
        await session.value(
            "delete_inbound_older_than", max(0, one.before_ms).to_bytes(6, "big"), one.limit
        )
        for one in all_of
    ]


async def purge(session: PostgresSession, all_of: Sequence[InboundPurge]) -> list[int]:
    return [
        await session.value("forget_assemblies", one.before_ms, one.limit, limits.MOST_ASSEMBLIES)
        for one in all_of
    ]
