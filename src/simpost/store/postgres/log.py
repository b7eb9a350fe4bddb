"""The log of messages."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any, NamedTuple, TypeAlias

from msgspec.structs import replace

from simpost.domain.messages import Attempt, Category, Message, Part
from simpost.domain.outcomes import KeptReceipt, Standing
from simpost.domain.states import fold
from simpost.ports.store import MessageFilter
from simpost.store.codes import CODE, FINAL, STATE, options_of, reason_of
from simpost.store.postgres.link import Session
from simpost.store.postgres.queries import is_keepable

MOST_RECEIPTS = 50
"""Kept receipts that are shown of a message, the oldest first."""
_BEYOND = b"\xff" * 17
_SLACK_MS = 10_000
"""How far the time in an id may be from `created_ms`; the range of ids is that much wider."""
_LAST_MS = (1 << 48) - 1
_FIRST_LOOK = 1_000
"""Messages of an account in a state that are looked at before those of an eSIM are."""

_Esim: TypeAlias = tuple[str, str | None]
"""Its transaction number, and its ICCID where that is asked for too."""


class _Facts(NamedTuple):
    """What every list is asked by, in the order of its statements."""

    account_id: int
    before: bytes
    after: bytes
    from_ms: int
    to_ms: int
    limit: int


async def find_message(session: Session, account_id: int, message_id: bytes) -> Message | None:
    found = await _read(session, account_id, [message_id])
    if not found:
        return None
    rows = await session.ask("find_attempts", account_id, message_id)
    kept = await session.ask("find_receipts", account_id, message_id, MOST_RECEIPTS)
    attempts = tuple(_attempt(row) for row in rows)
    tries = Counter(attempt.part for attempt in attempts)
    parts = tuple(replace(part, attempts=tries[part.number]) for part in found[0].parts)
    receipts = tuple(_receipt(row) for row in kept)
    return replace(found[0], parts=parts, attempts=attempts, receipts=receipts)


async def list_messages(session: Session, account_id: int, which: MessageFilter) -> list[Message]:
    if not is_keepable(which.esim_tran_no, which.iccid):
        return []
    facts = _Facts(
        account_id,
        _before(which),
        _id_at((which.from_ms or 0) - _SLACK_MS),
        which.from_ms or 0,
        _LAST_MS if which.to_ms is None else which.to_ms,
        which.limit,
    )
    state = None if which.state is None else CODE[which.state]
    if which.esim_tran_no is not None or which.iccid is not None:
        found: list[bytes] = []
        for tran_no in await _esims(session, account_id, which):
            found += await _of_esim(session, facts, (tran_no, which.iccid), state)
        found = sorted(found, reverse=True)[: which.limit]
    elif state is None:
        found = [row[0] for row in await session.ask("list_messages", *facts)]
    else:
        found = [row[0] for row in await session.ask("list_messages_in_state", *facts, state)]
    return [replace(message, parts=()) for message in await _read(session, account_id, found)]


def _before(which: MessageFilter) -> bytes:
    end = _BEYOND if which.to_ms is None else _id_at(which.to_ms + _SLACK_MS)
    return end if which.before is None else min(which.before, end)


def _id_at(time_ms: int) -> bytes:
    """The lowest id of that millisecond (RFC 9562 5.7: 48 bits of time come first)."""
    return max(0, min(time_ms, _LAST_MS)).to_bytes(6, "big")


async def _esims(session: Session, account_id: int, which: MessageFilter) -> list[str]:
    if which.esim_tran_no is not None:
        return [which.esim_tran_no]
    return [row[0] for row in await session.ask("esims_of_iccid", account_id, which.iccid)]


async def _of_esim(session: Session, facts: _Facts, esim: _Esim, state: int | None) -> list[bytes]:
    if state is None:
        rows = await session.ask("list_messages_of_esim", *facts, *esim)
    elif state >= FINAL:
        rows = await session.ask("list_ended_messages_of_esim", *facts, *esim, state)
    else:
        return await _open_of_esim(session, facts, esim, state)
    return [row[0] for row in rows]


async def _open_of_esim(session: Session, facts: _Facts, esim: _Esim, state: int) -> list[bytes]:
    """As a rule few are open: those of the account are looked through before those of the eSIM."""
    look = facts._replace(limit=_FIRST_LOOK)
    newest = await session.ask("look_at_newest_in_state", *look, *esim, state)
    found = [row[0] for row in newest if row[1]][: facts.limit]
    if len(newest) < _FIRST_LOOK or len(found) == facts.limit:
        return found
    rest = facts._replace(before=newest[-1][0], limit=facts.limit - len(found))
    rows = await session.ask("list_messages_of_esim_in_state", *rest, *esim, state)
    return found + [row[0] for row in rows]


async def _read(session: Session, account_id: int, ids: Sequence[bytes]) -> list[Message]:
    """Messages with their parts, in the order of their ids as given."""
    if not ids:
        return []
    messages = {row[0]: row for row in await session.ask("read_messages", account_id, ids)}
    parts: dict[bytes, list[Any]] = {}
    for row in await session.ask("read_parts", account_id, ids):
        parts.setdefault(row[0], []).append(row)
    return [_message(messages[each], parts[each]) for each in ids if each in messages]


def _message(row: Any, part_rows: list[Any]) -> Message:
    parts = tuple(_part(part) for part in part_rows)
    state = fold(part.state for part in parts)
    return Message(
        id=row[0],
        account_id=row[1],
        esim_tran_no=row[2],
        iccid=row[3],
        destination=row[4],
        category=Category(row[5]),
        text=row[6].decode(),
        encoding=row[7],
        part_count=row[8],
        state=state,
        reason=next((part.reason for part in parts if part.state is state), None),
        created_ms=row[9],
        updated_ms=max(part[-1] for part in part_rows),
        expires_ms=row[10],
        request_id=row[11],
        sender=row[12],
        options=options_of(row[13]),
        parts=parts,
    )


def _part(row: Any) -> Part:
    return Part(
        number=row[1],
        state=STATE[row[2]],
        reason=reason_of(row[3]),
        carrier=row[4],
        carrier_message_id=row[5],
        carrier_code=row[6],
        attempts=0,
        sent_ms=row[7],
        final_ms=row[8],
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
        repeat=row[8],
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
