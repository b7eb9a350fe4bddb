"""Stores parts of inbound messages until the last one arrived, then the message, once."""

from __future__ import annotations

from collections.abc import Sequence

from simpost.domain.inbound import InboundMessage, InboundPart
from simpost.domain.policy.quotas import QuotaReached
from simpost.ports.store import Accepted, IdempotentReplay
from simpost.ports.store.inbound import Assembly, Duplicate, NewInbound
from simpost.store import limits
from simpost.store.records.columns import reason_of
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
from simpost.store.sqlite import shared_verbs
from simpost.store.sqlite.acceptance import accept
from simpost.store.sqlite.inbound_log import parts_of
from simpost.store.sqlite.queries import SQL, row_of, rows_of
from simpost.store.sqlite.quotas import QuotaUses
from simpost.store.sqlite.session import SqliteSession


def add_parts(
    session: SqliteSession, parts: Sequence[InboundPart]
) -> list[Assembly | Duplicate | None]:
    return [_add_part(session, part) for part in parts]


def _add_part(session: SqliteSession, part: InboundPart) -> Assembly | Duplicate | None:
    row = row_of(session.connection, "newest_assembly", assembly_key(part))
    if row is None:
        _begin(session, part)
        return None
    assembly, is_kept = row["id"], row["inbound_id"] is not None
    known = parts_of(session.connection, session.texts, assembly)
    if not part.belongs_to(known, is_complete=is_kept):
        _begin(session, part)
        return None
    session.execute(SQL["refresh_assembly"], (part.link, part.received_ms, assembly))
    if is_kept:
        return Duplicate(reason_of(row["reason"]))
    if all(one.place.number != part.place.number for one in known):
        _add_incoming(session, assembly, part)
        known.append(part)
    return whole_assembly(assembly, known)


def _begin(session: SqliteSession, part: InboundPart) -> None:
    assembly: int = session.execute(SQL["add_assembly"], assembly_row(part)).get
    _add_incoming(session, assembly, part)


def _add_incoming(session: SqliteSession, assembly: int, part: InboundPart) -> None:
    row = incoming_part_row(session.texts, assembly, part)
    session.execute(SQL["add_incoming_part"], row)


def save(
    session: SqliteSession, all_new: Sequence[NewInbound]
) -> list[Accepted | Duplicate | QuotaReached | None]:
    return [_save(session, new) for new in all_new]


def _save(session: SqliteSession, new: NewInbound) -> Accepted | Duplicate | QuotaReached | None:
    message = new.message
    reached = QuotaUses(session).find_reached(message) if message and message.quotas else None
    if reached:
        new = new.over_quota(reached)
    inbound = new.inbound
    known = _take(session, new)
    is_changed = (known is None or new.may_be_no_repeat) and _change(session, new)
    if known is not None and not is_changed:
        return known
    stored = stored_inbound(session.texts, inbound)
    session.execute(SQL["insert_inbound"], inbound_row(inbound, stored, stored.text))
    of_esim = inbound.esim_tran_no is not None
    session.execute(
        SQL["trim_inbound"],
        (
            inbound.account_id,
            inbound.esim_tran_no,
            limits.MOST_OF_AN_ESIM if of_esim else limits.MOST_OF_NO_ESIM,
        ),
    )
    if new.received is not None:
        shared_verbs.run(session.connection, receive_text(inbound, new.received))
    if new.flag is not None:
        shared_verbs.run(session.connection, add_flag(new.flag, session.texts))
    if new.change is not None and not is_changed:
        return None
    if message is None:
        return ACCEPTED
    [accepted] = accept(session, [message])
    return None if isinstance(accepted, IdempotentReplay) else accepted


def _change(session: SqliteSession, new: NewInbound) -> bool:
    """Change the preferences; whether that makes a difference."""
    if new.change is None:
        return False
    change = change_preferences(new.change, session.texts)
    return bool(shared_verbs.run(session.connection, change))


def _take(session: SqliteSession, new: NewInbound) -> Duplicate | None:
    """Take the parts of a message; `Duplicate` if they were taken before."""
    if isinstance(new.of, Assembly):
        return _take_assembly(session, new.of, new.inbound)
    return _take_alone(session, new.of, new.inbound)


def _take_assembly(
    session: SqliteSession, of: Assembly, inbound: InboundMessage
) -> Duplicate | None:
    """Take an assembly as it was read, unless it was taken or a further part came since."""
    if session.execute(SQL["count_incoming_parts"], (of.assembly,)).get != len(of.parts):
        return Duplicate(None)
    session.execute(
        SQL["complete_assembly"], (inbound.id, inbound.reason, inbound.received_ms, of.assembly)
    )
    if session.connection.changes():
        return None
    row = row_of(session.connection, "find_assembly", (of.assembly,))
    return Duplicate(reason_of(row["reason"]) if row else None)


def _take_alone(
    session: SqliteSession, part: InboundPart, inbound: InboundMessage
) -> Duplicate | None:
    """Take a PDU that is saved by itself: a message of one part, or a part that is refused."""
    for row in rows_of(session.connection, "equal_assemblies", assembly_key(part)):
        if part.repeats(row["link"], reason_of(row["reason"])):
            session.execute(SQL["refresh_assembly"], (part.link, part.received_ms, row["id"]))
            return Duplicate(reason_of(row["reason"]))
    session.execute(SQL["add_assembly"], assembly_row(part, inbound))
    return None


def purge(session: SqliteSession, all_of: Sequence[InboundPurge]) -> list[int]:
    return [_purge(session, one) for one in all_of]


def _purge(session: SqliteSession, one: InboundPurge) -> int:
    connection = session.connection
    rows = rows_of(connection, "old_assemblies", (one.before_ms, one.limit))
    rows += rows_of(connection, "surplus_assemblies", (limits.MOST_ASSEMBLIES, one.limit))
    found = {row["id"] for row in rows}
    for assembly in found:
        session.execute(SQL["delete_incoming_parts"], (assembly,))
        session.execute(SQL["delete_assembly"], (assembly,))
    return len(found)
