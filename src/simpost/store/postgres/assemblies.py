"""Stores parts of inbound messages until the last one arrived, then the message, once."""

from __future__ import annotations

import zlib
from collections.abc import Sequence

from simpost.domain.inbound import InboundMessage, InboundPart
from simpost.domain.policy.quotas import QuotaReached
from simpost.ports.store import Accepted, IdempotentReplay
from simpost.ports.store.inbound import Assembly, Duplicate, NewInbound
from simpost.store import limits
from simpost.store.postgres import quotas, shared_verbs
from simpost.store.postgres.acceptance import accept_each
from simpost.store.postgres.connection import PostgresSession
from simpost.store.postgres.inbound_log import parts_of
from simpost.store.postgres.queries import octets
from simpost.store.records.columns import reason_of
from simpost.store.records.ids import first_id
from simpost.store.records.inbound import (
    assembly_key,
    assembly_row,
    inbound_row,
    incoming_part_row,
    stored_inbound,
    whole_assembly,
)
from simpost.store.records.messages import ACCEPTED
from simpost.store.records.payloads import InboundPurge
from simpost.store.shared.conversations import receive_text
from simpost.store.shared.recipients import add_flag, change_preferences


async def add_parts(
    session: PostgresSession, parts: Sequence[InboundPart]
) -> list[Assembly | Duplicate | None]:
    async with session.transaction():
        await _lock(session, parts)
        return [await _add_part(session, part) for part in parts]


async def _lock(session: PostgresSession, parts: Sequence[InboundPart]) -> None:
    """Lock the messages that the parts belong to, until the end of the transaction."""
    keys = [zlib.crc32(repr(assembly_key(part)).encode()) - (1 << 31) for part in parts]
    await session.execute("lock_assemblies", keys)


async def _add_part(session: PostgresSession, part: InboundPart) -> Assembly | Duplicate | None:
    rows = await session.execute("newest_assembly", *assembly_key(part))
    if not rows:
        await _begin(session, part)
        return None
    assembly, is_kept = rows[0]["id"], rows[0]["inbound_id"] is not None
    known = await parts_of(session, assembly)
    if not part.belongs_to(known, is_complete=is_kept):
        await _begin(session, part)
        return None
    await session.execute("refresh_assembly", part.link, part.received_ms, assembly)
    if is_kept:
        return Duplicate(reason_of(rows[0]["reason"]))
    if all(one.place.number != part.place.number for one in known):
        await _add_incoming(session, assembly, part)
        known.append(part)
    return whole_assembly(assembly, known)


async def _begin(session: PostgresSession, part: InboundPart) -> None:
    assembly: int = await session.scalar("add_assembly", *assembly_row(part))
    await _add_incoming(session, assembly, part)


async def _add_incoming(session: PostgresSession, assembly: int, part: InboundPart) -> None:
    row = incoming_part_row(session.texts, assembly, part)
    await session.execute("add_incoming_part", *row)


async def save(
    session: PostgresSession, all_new: Sequence[NewInbound]
) -> list[Accepted | Duplicate | QuotaReached | None]:
    """One transaction, which is repeated as a whole: none of them may be committed before."""
    async with session.transaction():
        await _lock(session, [_first_part(new) for new in all_new])
        return [await _save(session, new) for new in all_new]


def _first_part(new: NewInbound) -> InboundPart:
    return new.of.parts[0] if isinstance(new.of, Assembly) else new.of


async def _save(
    session: PostgresSession, new: NewInbound
) -> Accepted | Duplicate | QuotaReached | None:
    message = new.message
    if message is not None and message.quotas:
        locked = await quotas.lock(session, [message])
        locked.find_reached([message])
        if reached := locked.reached.get(message.id):
            new = new.over_quota(reached)
    inbound = new.inbound
    known = await _take(session, new)
    is_changed = (known is None or new.may_be_no_repeat) and await _change(session, new)
    if known is not None and not is_changed:
        return known
    stored = stored_inbound(session.texts, inbound)
    row = inbound_row(inbound, stored, octets(stored.text))
    await session.execute("insert_inbound", *row)
    if inbound.esim_tran_no is None:
        await session.execute("trim_inbound_of_none", inbound.account_id, limits.MOST_OF_NO_ESIM)
    else:
        parameters = (inbound.account_id, inbound.esim_tran_no, limits.MOST_OF_AN_ESIM)
        await session.execute("trim_inbound", *parameters)
    if new.received is not None:
        await shared_verbs.run(session, receive_text(inbound, new.received))
    if new.flag is not None:
        await shared_verbs.run(session, add_flag(new.flag, session.texts))
    if new.change is not None and not is_changed:
        return None
    if message is None:
        return ACCEPTED
    [accepted] = await accept_each(session, [message])
    return None if isinstance(accepted, IdempotentReplay) else accepted


async def _change(session: PostgresSession, new: NewInbound) -> bool:
    """Change the preferences; whether that makes a difference."""
    if new.change is None:
        return False
    change = change_preferences(new.change, session.texts)
    return bool(await shared_verbs.run(session, change))


async def _take(session: PostgresSession, new: NewInbound) -> Duplicate | None:
    """Take the parts of a message; `Duplicate` if they were taken before."""
    if isinstance(new.of, Assembly):
        return await _take_assembly(session, new.of, new.inbound)
    return await _take_alone(session, new.of, new.inbound)


async def _take_assembly(
    session: PostgresSession, of: Assembly, inbound: InboundMessage
) -> Duplicate | None:
    """Take an assembly as it was read, unless it was taken or a further part came since."""
    if await session.scalar("count_incoming_parts", of.assembly) != len(of.parts):
        return Duplicate(None)
    parameters = (inbound.id, inbound.reason, inbound.received_ms, of.assembly)
    if await session.execute("complete_assembly", *parameters):
        return None
    rows = await session.execute("find_assembly", of.assembly)
    return Duplicate(reason_of(rows[0]["reason"]) if rows else None)


async def _take_alone(
    session: PostgresSession, part: InboundPart, inbound: InboundMessage
) -> Duplicate | None:
    """Take a PDU that is saved by itself: a message of one part, or a part that is refused."""
    for row in await session.execute("equal_assemblies", *assembly_key(part)):
        if part.repeats(row["link"], reason_of(row["reason"])):
            await session.execute("refresh_assembly", part.link, part.received_ms, row["id"])
            return Duplicate(reason_of(row["reason"]))
    await session.execute("add_assembly", *assembly_row(part, inbound))
    return None


async def delete_inbound(session: PostgresSession, all_of: Sequence[InboundPurge]) -> list[int]:
    return [
        await session.scalar("delete_inbound_older_than", first_id(one.before_ms), one.limit)
        for one in all_of
    ]


async def purge(session: PostgresSession, all_of: Sequence[InboundPurge]) -> list[int]:
    return [
        await session.scalar(
            "delete_old_assemblies", one.before_ms, one.limit, limits.MOST_ASSEMBLIES
        )
        for one in all_of
    ]
