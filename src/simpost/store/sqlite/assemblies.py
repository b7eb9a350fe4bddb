"""Stores parts of inbound messages until the last one arrived, then the message, once.

An event for webhooks belongs into the transaction of `keep`, beside the row.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from simpost.domain.inbound import InboundMessage, InboundPart
from simpost.ports.store import Accepted
from simpost.ports.store.inbound import Assembly, Duplicate, NewInbound
from simpost.store import limits
from simpost.store.records.columns import reason_of
from simpost.store.records.inbound import raw_octets
from simpost.store.records.payloads import InboundPurge
from simpost.store.sqlite.acceptance import accept
from simpost.store.sqlite.inbound_log import parts_of
from simpost.store.sqlite.queries import SQL, row_of, rows_of
from simpost.store.sqlite.session import SqliteSession

_WHOLE = Accepted()


def add_parts(
    session: SqliteSession, parts: Sequence[InboundPart]
) -> list[Assembly | Duplicate | None]:
    return [_add_part(session, part) for part in parts]


def _add_part(session: SqliteSession, part: InboundPart) -> Assembly | Duplicate | None:
    row = row_of(session.connection, "newest_assembly", _key(part))
    if row is None:
        _begin(session, part)
        return None
    assembly, is_kept = row["id"], row["inbound_id"] is not None
    known = parts_of(session.connection, assembly)
    same = next((one for one in known if one.place.number == part.place.number), None)
    if same is not None and (same.octets, same.encoding) != (part.octets, part.encoding):
        _begin(session, part)
        return None
    if is_kept and same is None:
        _begin(session, part)
        return None
    session.execute(SQL["refresh_assembly"], (part.link, part.received_ms, assembly))
    if is_kept:
        return Duplicate(reason_of(row["reason"]))
    if same is None:
        _add(session, assembly, part)
        known.append(part)
    if len(known) < part.place.total:
        return None
    return Assembly(assembly, tuple(sorted(known, key=lambda one: one.place.number)))


def _begin(session: SqliteSession, part: InboundPart) -> None:
    row = (*_key(part), part.link, part.received_ms, None, None)
    _add(session, session.execute(SQL["add_assembly"], row).get, part)


def _add(session: SqliteSession, assembly: int, part: InboundPart) -> None:
    session.execute(
        SQL["add_incoming_part"],
        (
            assembly,
            part.place.number,
            part.encoding,
            part.octets,
            part.for_application,
            part.received_ms,
            raw_octets([part.raw]),
        ),
    )


def _key(part: InboundPart) -> tuple[object, ...]:
    place = part.place
    return part.carrier, part.source, part.destination, place.kind, place.reference, place.total


def save(session: SqliteSession, all_new: Sequence[NewInbound]) -> list[Accepted | Duplicate]:
    return [_save(session, new) for new in all_new]


def _save(session: SqliteSession, new: NewInbound) -> Accepted | Duplicate:
    inbound = new.inbound
    if isinstance(new.of, Assembly):
        known = _take_gathered(session, new.of, inbound)
    else:
        known = _take_alone(session, new.of, inbound)
    if known is not None:
        return known
    session.execute(SQL["insert_inbound"], _row(inbound))
    of_esim = inbound.esim_tran_no is not None
    session.execute(
        SQL["trim_inbound"],
        (
            inbound.account_id,
            inbound.esim_tran_no,
            limits.MOST_OF_AN_ESIM if of_esim else limits.MOST_OF_NO_ESIM,
        ),
    )
    if new.message is None:
        return _WHOLE
    [accepted] = accept(session, [new.message])
    assert isinstance(accepted, Accepted)  # it has no request id and no quota
    return accepted


def _take_gathered(
    session: SqliteSession, of: Assembly, inbound: InboundMessage
) -> Duplicate | None:
    """Take an assembly as it was read, unless it was taken or a further part came since."""
    if session.execute(SQL["count_incoming_parts"], (of.assembly,)).get != len(of.parts):
        return Duplicate(None)
    session.execute(
        SQL["keep_assembly"], (inbound.id, inbound.reason, inbound.received_ms, of.assembly)
    )
    if session.connection.changes():
        return None
    row = row_of(session.connection, "find_assembly", (of.assembly,))
    return Duplicate(reason_of(row["reason"]) if row else None)


def _take_alone(
    session: SqliteSession, part: InboundPart, inbound: InboundMessage
) -> Duplicate | None:
    """Take a PDU that is kept as it came: a message of one part, or a part refused at once.

    Of a message whose first part was refused, all others are. Without a reference, the same text
    is the same message only if the response may have been lost with its connection; then it is
    acknowledged again over this one, and the next is another message.
    """
    for row in rows_of(session.connection, "equal_assemblies", _key(part)):
        if row["link"] not in part.links if part.place.is_alone else row["reason"] is not None:
            session.execute(SQL["refresh_assembly"], (part.link, part.received_ms, row["id"]))
            return Duplicate(reason_of(row["reason"]))
    new = (*_key(part), part.link, part.received_ms, inbound.id, inbound.reason)
    session.execute(SQL["add_assembly"], new)
    return None


def _row(inbound: InboundMessage) -> tuple[object, ...]:
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
        inbound.text,
        inbound.part_count,
        msgspec.json.encode(inbound.missing).decode() if inbound.missing else None,
        inbound.message_id,
        inbound.received_ms,
        raw_octets(inbound.raw),
    )


def purge(session: SqliteSession, all_of: Sequence[InboundPurge]) -> list[int]:
    return [_purge(session, one) for one in all_of]


def _purge(session: SqliteSession, one: InboundPurge) -> int:
    connection = session.connection
    rows = rows_of(connection, "forgettable_assemblies", (one.before_ms, one.limit))
    rows += rows_of(connection, "surplus_assemblies", (limits.MOST_ASSEMBLIES, one.limit))
    found = {row["id"] for row in rows}
    for assembly in found:
        session.execute(SQL["forget_incoming_parts"], (assembly,))
        session.execute(SQL["forget_assembly"], (assembly,))
    return len(found)
