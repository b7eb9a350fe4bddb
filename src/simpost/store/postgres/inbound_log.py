"""What came in, as it is read; and what is asked before it is decided."""

from __future__ import annotations

from typing import Any

import msgspec

from simpost.domain.inbound import Inbound, InboundState, Incoming, Place, Subscriber
from simpost.ports.inbound import Gathered, InboundFilter
from simpost.store import limits
from simpost.store.codes import reason_of
from simpost.store.postgres.catalogue import Wanted, find_esims
from simpost.store.postgres.link import Session
from simpost.store.postgres.queries import is_keepable, octets

_BEYOND = b"\xff" * 17
_decode_missing = msgspec.json.Decoder(tuple[int, ...]).decode


async def parts_of(session: Session, assembly: int) -> list[Incoming]:
    """The parts that came of an assembly, in the order of their numbers."""
    rows = await session.ask("find_assembly", assembly)
    if not rows:
        return []
    carrier, source, destination, kind, reference, total, _ = rows[0]
    return [
        Incoming(
            carrier=carrier,
            source=source,
            destination=destination,
            octets=octets,
            encoding=encoding,
            place=Place(kind, reference, total, number),
            received_ms=received_ms,
            for_application=for_application,
        )
        for number, encoding, octets, for_application, received_ms in await session.ask(
            "incoming_parts", assembly
        )
    ]


async def overdue(session: Session, before_ms: int, limit: int) -> list[Gathered]:
    rows = await session.ask("overdue_assemblies", before_ms, limit)
    rows += await session.ask("crowded_out_assemblies", limits.MOST_ASSEMBLIES, limit)
    found = [
        Gathered(each, tuple(await parts_of(session, each)))
        for each in dict.fromkeys(row[0] for row in rows)
    ]
    # Without parts it was kept and forgotten meanwhile, by another node.
    return [each for each in found if each.parts]


async def find_number(session: Session, msisdn: str, account_id: int | None) -> Subscriber | None:
    if not is_keepable(msisdn):
        return None
    rows = await session.ask("esim_of_number", msisdn, account_id)
    if not rows:
        return None
    owner, esim_tran_no = rows[0]
    [esim] = await find_esims(session, [Wanted(owner, esim_tran_no, None)])
    return Subscriber(owner, esim) if esim else None


async def count_alike(
    session: Session,
    account_id: int,
    esim_tran_no: str,
    sender: str,
    text: str,
    since_ms: int,
    limit: int,
) -> int:
    if not is_keepable(sender):
        return 0
    since = max(0, since_ms).to_bytes(6, "big")
    facts = (account_id, esim_tran_no, since, sender, octets(text), limit)
    count: int = await session.value("count_alike", *facts)
    return count


async def list_inbound(session: Session, account_id: int, which: InboundFilter) -> list[Inbound]:
    facts = (account_id, which.before or _BEYOND, which.carried, which.limit)
    if which.esim_tran_no is None:
        rows = await session.ask("list_inbound", *facts)
    elif is_keepable(which.esim_tran_no):
        rows = await session.ask("list_inbound_of_esim", *facts, which.esim_tran_no)
    else:
        rows = []
    return [_inbound(row) for row in rows]


def _inbound(row: Any) -> Inbound:
    return Inbound(
        id=row[0],
        account_id=row[1],
        esim_tran_no=row[2],
        carrier=row[3],
        source=row[4],
        destination=row[5],
        state=InboundState(row[6]),
        reason=reason_of(row[7]),
        encoding=row[8],
        text=row[9].decode(),
        part_count=row[10],
        missing=_decode_missing(row[11]) if row[11] else (),
        message_id=row[12],
        received_ms=row[13],
    )
