"""The log of messages."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

from msgspec.structs import replace

from simpost.domain.messages import Message
from simpost.domain.outcomes import UnmatchedReceipt
from simpost.domain.states import State
from simpost.ports.carrier import OutboundPart
from simpost.ports.store import FoundMessages, MessageFilter
from simpost.store.postgres.connection import PostgresSession
from simpost.store.postgres.database import PostgresDatabase
from simpost.store.postgres.queries import is_storable
from simpost.store.records.columns import CODE
from simpost.store.records.ids import LAST_MS
from simpost.store.records.message_search import (
    CHUNK,
    MOST_WALKED,
    Checks,
    SearchProgress,
    checks_of,
    is_walk,
)
from simpost.store.records.messages import (
    MOST_RECEIPTS,
    LogRange,
    may_be_without_parts,
    may_have_parts,
    message_of,
    unmatched_of,
    with_attempts,
)
from simpost.store.records.parts import sent_part
from simpost.store.records.texts import message_text

_FIRST_LOOK = 1_000
"""Messages of the account in this state that are searched before those of the eSIM."""

_Esim: TypeAlias = tuple[str, str | None]
"""`esim_tran_no`, and the ICCID where the filter has one too."""


class PostgresLog:
    """Implements `simpost.ports.store.MessageLog`."""

    def __init__(self, database: PostgresDatabase) -> None:
        self._read = database.read

    async def find_message(self, account_id: int, message_id: bytes) -> Message | None:
        return await self._read(find_message, account_id, message_id)

    async def find_sent_parts(self, account_id: int, message_id: bytes) -> list[OutboundPart]:
        return await self._read(find_sent_parts, account_id, message_id)

    async def find_owner(self, message_id: bytes) -> int | None:
        return await self._read(find_owner, message_id)

    async def list_messages(self, account_id: int, which: MessageFilter) -> list[Message]:
        return (await self.search_messages(account_id, which)).messages

    async def search_messages(self, account_id: int, which: MessageFilter) -> FoundMessages:
        return await self._read(search_messages, account_id, which)


async def find_message(
    session: PostgresSession, account_id: int, message_id: bytes
) -> Message | None:
    found = await _read(session, account_id, [message_id])
    if not found:
        return None
    rows = await session.execute("find_attempts", account_id, message_id)
    kept = await session.execute("find_receipts", account_id, message_id, MOST_RECEIPTS)
    return with_attempts(found[0], rows, kept)


async def find_sent_parts(
    session: PostgresSession, account_id: int, message_id: bytes
) -> list[OutboundPart]:
    rows = await session.execute("sent_parts", account_id, message_id)
    return [sent_part(session.texts, row, row["text"].decode()) for row in rows]


async def find_owner(session: PostgresSession, message_id: bytes) -> int | None:
    owner: int | None = await session.scalar("find_owner", message_id)
    return owner


async def unmatched_receipts(
    session: PostgresSession,
    carrier: str | None,
    until_ms: int | None,
    limit: int,
    is_dismissed: bool,  # noqa: FBT001  of a query
) -> list[UnmatchedReceipt]:
    if not is_storable(carrier):
        return []
    until = LAST_MS if until_ms is None else until_ms
    rows = await session.execute("unmatched_receipts", until, carrier, limit, is_dismissed)
    return [unmatched_of(row) for row in rows]


async def search_messages(
    session: PostgresSession, account_id: int, which: MessageFilter
) -> FoundMessages:
    texts = (which.esim_tran_no, which.iccid, which.reference, which.reference_prefix)
    if not is_storable(*texts, which.carrier_message_id):
        return FoundMessages([])
    range_, checks = LogRange.of(account_id, which), checks_of(which)
    if is_walk(which):
        ids, examined_to = await _walk(session, range_, which, checks)
    elif checks is None:
        ids, examined_to = await _led_by(session, range_, which), None
    else:
        progress = await _search(session, range_, which, checks)
        ids, examined_to = progress.found, progress.examined_to
    messages = await _read(session, account_id, ids)
    return FoundMessages([replace(message, parts=()) for message in messages], examined_to)


async def _walk(
    session: PostgresSession, range_: LogRange, which: MessageFilter, checks: Checks | None
) -> tuple[list[bytes], bytes | None]:
    """The newest messages with the carrier's id, and how far the walk came, `None` to its end."""
    end: bytes | None = await session.scalar("end_of_walk", *range_[:3], MOST_WALKED)
    step = range_._replace(after=end or range_.after, limit=CHUNK)
    rows = await session.execute("messages_with_carrier_id", *step, which.carrier_message_id)
    ids = [row["id"] for row in rows]
    end = ids[-1] if len(ids) == CHUNK else end
    found = list(dict.fromkeys(ids))
    if checks is not None:
        rows = await session.execute("check_messages", range_.account_id, found, *checks)
        passed = {row["id"] for row in rows}
        found = [each for each in found if each in passed]
    return found[: range_.limit], end if len(found) < range_.limit else None


async def _search(
    session: PostgresSession, range_: LogRange, which: MessageFilter, checks: Checks
) -> SearchProgress:
    progress = SearchProgress(range_.limit)
    chunk = range_._replace(limit=CHUNK)
    of_prefix = await _of_prefix(session, chunk, checks)
    while True:
        ids = await _led_by(session, chunk, which) if of_prefix is None else of_prefix
        rows = await session.execute("check_messages", range_.account_id, ids, *checks)
        passed = {row["id"] for row in rows}
        if not progress.add(ids, [each for each in ids if each in passed]):
            return progress
        chunk = chunk._replace(before=ids[-1])


async def _of_prefix(
    session: PostgresSession, chunk: LogRange, checks: Checks
) -> list[bytes] | None:
    """All messages with the prefix of a reference, newest first; `None` if there are many."""
    if checks.prefix is None:
        return None
    rows = await session.execute("messages_with_prefix", *chunk, checks.prefix, checks.prefix_end)
    return chunk.newest(row["id"] for row in rows) if len(rows) < CHUNK else None


async def _led_by(session: PostgresSession, range_: LogRange, which: MessageFilter) -> list[bytes]:
    """The newest messages that have what leads the search."""
    if which.reference is not None:
        name = "list_messages_with_reference"
        return [row["id"] for row in await session.execute(name, *range_, which.reference)]
    if which.esim_tran_no is not None or which.iccid is not None:
        found: list[bytes] = []
        for esim_tran_no in await _esims(session, range_.account_id, which):
            esim = (esim_tran_no, which.iccid)
            found += await _of_esim(session, range_, esim, which.state)
        return range_.newest(found)
    if which.state is None:
        return [row["id"] for row in await session.execute("list_messages", *range_)]
    return await _in_state(session, range_, which.state)


async def _esims(session: PostgresSession, account_id: int, which: MessageFilter) -> list[str]:
    if which.esim_tran_no is not None:
        return [which.esim_tran_no]
    rows = await session.execute("esims_of_iccid", account_id, which.iccid)
    return [row["esim_tran_no"] for row in rows]


async def _in_state(session: PostgresSession, range_: LogRange, state: State) -> list[bytes]:
    found: list[bytes] = []
    if may_have_parts(state):
        rows = await session.execute("list_messages_in_state", *range_, CODE[state])
        found += [row["id"] for row in rows]
    if may_be_without_parts(state):
        rows = await session.execute("list_held_in_state", *range_, CODE[state])
        found += [row["id"] for row in rows]
    return range_.newest(found)


async def _of_esim(
    session: PostgresSession, range_: LogRange, esim: _Esim, state: State | None
) -> list[bytes]:
    if state is None:
        rows = await session.execute("list_messages_of_esim", *range_, *esim)
        return [row["id"] for row in rows]
    found: list[bytes] = []
    code = CODE[state]
    if state.is_final:
        rows = await session.execute("list_ended_messages_of_esim", *range_, *esim, code)
        found += [row["id"] for row in rows]
    elif may_have_parts(state):
        found += await _open_of_esim(session, range_, esim, code)
    if may_be_without_parts(state):
        rows = await session.execute("list_held_of_esim_in_state", *range_, *esim, code)
        found += [row["id"] for row in rows]
    return found


async def _open_of_esim(
    session: PostgresSession, range_: LogRange, esim: _Esim, state: int
) -> list[bytes]:
    """Few messages are open: those of the account are searched before all of the eSIM."""
    first = range_._replace(limit=_FIRST_LOOK)
    newest = await session.execute("newest_messages_in_state", *first, *esim, state)
    found = [row["id"] for row in newest if row["is_of_esim"]][: range_.limit]
    if len(newest) < _FIRST_LOOK or len(found) == range_.limit:
        return found
    rest = range_._replace(before=newest[-1]["id"], limit=range_.limit - len(found))
    rows = await session.execute("list_messages_of_esim_in_state", *rest, *esim, state)
    return found + [row["id"] for row in rows]


async def _read(session: PostgresSession, account_id: int, ids: Sequence[bytes]) -> list[Message]:
    """Messages with their parts, in the order of their ids as given."""
    if not ids:
        return []
    messages = {row["id"]: row for row in await session.execute("read_messages", account_id, ids)}
    parts: dict[bytes, list[Any]] = {}
    for row in await session.execute("read_parts", account_id, ids):
        parts.setdefault(row["message_id"], []).append(row)
    return [
        message_of(
            row,
            message_text(session.texts, row, (account_id, each), row["text"].decode()),
            parts.get(each, ()),
        )
        for each in ids
        if (row := messages.get(each)) is not None
    ]
