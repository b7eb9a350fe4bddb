"""The log of messages, read beside the writer."""

from __future__ import annotations

from collections import Counter
from typing import Any

import apsw
from msgspec.structs import replace

from simpost.domain.messages import Attempt, Category, Message, Part
from simpost.domain.outcomes import KeptReceipt, Standing
from simpost.domain.states import fold
from simpost.ports.store import MessageFilter
from simpost.store.codes import CODE, STATE, options_of, reason_of
from simpost.store.sqlite.queries import ask

MOST_RECEIPTS = 50
"""Kept receipts that are shown of a message, the oldest first."""
_BEYOND = b"\xff" * 17
_SLACK_MS = 10_000
"""How far the time in an id may be from `created_ms`; the range of ids is that much wider."""
_LAST_MS = (1 << 48) - 1


def find_message(connection: apsw.Connection, account_id: int, message_id: bytes) -> Message | None:
    with connection:  # one snapshot for all reads
        message = _read(connection, account_id, message_id)
        rows = ask(connection, "find_attempts", (account_id, message_id)).fetchall()
        which = {"account_id": account_id, "message_id": message_id, "limit": MOST_RECEIPTS}
        kept = ask(connection, "find_receipts", which).fetchall()
    if message is None:
        return None
    attempts = tuple(_attempt(row) for row in rows)
    tries = Counter(attempt.part for attempt in attempts)
    parts = tuple(replace(part, attempts=tries[part.number]) for part in message.parts)
    receipts = tuple(_receipt(row) for row in kept)
    return replace(message, parts=parts, attempts=attempts, receipts=receipts)


def list_messages(
    connection: apsw.Connection, account_id: int, which: MessageFilter
) -> list[Message]:
    facts = {
        "account_id": account_id,
        "before": _before(which),
        "after": _id_at((which.from_ms or 0) - _SLACK_MS),
        "from_ms": which.from_ms or 0,
        "to_ms": _LAST_MS if which.to_ms is None else which.to_ms,
        "state": None if which.state is None else CODE[which.state],
        "limit": which.limit,
    }
    any_state = which.state is None
    with connection:
        found: list[bytes] = []
        if which.esim_tran_no is not None or which.iccid is not None:
            name = "list_messages_of_esim" if any_state else "list_messages_of_esim_in_state"
            for tran_no in _esims(connection, account_id, which):
                of_it = {**facts, "esim_tran_no": tran_no, "iccid": which.iccid}
                found += [row[0] for row in ask(connection, name, of_it)]
            found = sorted(found, reverse=True)[: which.limit]
        else:
            name = "list_messages" if any_state else "list_messages_in_state"
            found = [row[0] for row in ask(connection, name, facts)]
        messages = [_read(connection, account_id, message_id) for message_id in found]
    return [replace(message, parts=()) for message in messages if message is not None]


def _before(which: MessageFilter) -> bytes:
    end = _BEYOND if which.to_ms is None else _id_at(which.to_ms + _SLACK_MS)
    return end if which.before is None else min(which.before, end)


def _id_at(time_ms: int) -> bytes:
    """The lowest id of that millisecond (RFC 9562 5.7: 48 bits of time come first)."""
    return max(0, min(time_ms, _LAST_MS)).to_bytes(6, "big")


def _esims(connection: apsw.Connection, account_id: int, which: MessageFilter) -> list[str]:
    if which.esim_tran_no is not None:
        return [which.esim_tran_no]
    rows = ask(connection, "esims_of_iccid", (account_id, which.iccid))
    return [row[0] for row in rows]


def _read(connection: apsw.Connection, account_id: int, message_id: bytes) -> Message | None:
    key = (account_id, message_id)
    row = ask(connection, "find_message", key).get
    if row is None:
        return None
    rows = ask(connection, "find_parts", key).fetchall()
    parts = tuple(_part(part) for part in rows)
    state = fold(part.state for part in parts)
    return Message(
        id=row[0],
        account_id=row[1],
        esim_tran_no=row[2],
        iccid=row[3],
        destination=row[4],
        category=Category(row[5]),
        text=row[6],
        encoding=row[7],
        part_count=row[8],
        state=state,
        reason=next((part.reason for part in parts if part.state is state), None),
        created_ms=row[9],
        updated_ms=max(part[-1] for part in rows),
        expires_ms=row[10],
        request_id=row[11],
        sender=row[12],
        options=options_of(row[13]),
        parts=parts,
    )


def _part(row: Any) -> Part:
    return Part(
        number=row[0],
        state=STATE[row[1]],
        reason=reason_of(row[2]),
        carrier=row[3],
        carrier_message_id=row[4],
        carrier_code=row[5],
        attempts=0,
        sent_ms=row[6],
        final_ms=row[7],
    )


def _attempt(row: Any) -> Attempt:
    return Attempt(
        part=row[0],
        number=row[1],
        carrier=row[2],
        outcome=row[3],
        reason=reason_of(row[4]),
        carrier_code=row[5],
        started_ms=row[6],
        ended_ms=row[7],
        repeat=bool(row[8]),
    )


def _receipt(row: Any) -> KeptReceipt:
    return KeptReceipt(
        part=row[0],
        carrier=row[1],
        carrier_message_id=row[2],
        state=STATE[row[3]],
        standing=Standing(row[4]),
        reason=reason_of(row[5]),
        carrier_code=row[6],
        times=row[7],
        first_ms=row[8],
        last_ms=row[9],
    )
