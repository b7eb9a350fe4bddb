"""The log of messages, read beside the writer."""

from __future__ import annotations

import apsw
from msgspec.structs import replace

from simpost.domain.messages import Message
from simpost.domain.outcomes import UnmatchedReceipt
from simpost.ports.carrier import OutboundPart
from simpost.ports.store import FoundMessages, MessageFilter
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
from simpost.store.sqlite.database import SqliteDatabase
from simpost.store.sqlite.queries import one_snapshot, row_of, rows_of, scalar
from simpost.store.text_seal import TextSeal


class SqliteLog:
    """Implements `simpost.ports.store.MessageLog`."""

    def __init__(self, database: SqliteDatabase) -> None:
        self._read = database.read
        self._texts = database.texts

    async def find_message(self, account_id: int, message_id: bytes) -> Message | None:
        return await self._read(find_message, self._texts, account_id, message_id)

    async def find_sent_parts(self, account_id: int, message_id: bytes) -> list[OutboundPart]:
        return await self._read(find_sent_parts, self._texts, account_id, message_id)

    async def find_owner(self, message_id: bytes) -> int | None:
        return await self._read(find_owner, message_id)

    async def list_messages(self, account_id: int, which: MessageFilter) -> list[Message]:
        return (await self.search_messages(account_id, which)).messages

    async def search_messages(self, account_id: int, which: MessageFilter) -> FoundMessages:
        return await self._read(search_messages, self._texts, account_id, which)


def find_message(
    connection: apsw.Connection, texts: TextSeal, account_id: int, message_id: bytes
) -> Message | None:
    with one_snapshot(connection):
        message = _read(connection, texts, account_id, message_id)
        rows = rows_of(connection, "find_attempts", (account_id, message_id))
        which = {"account_id": account_id, "message_id": message_id, "limit": MOST_RECEIPTS}
        kept = rows_of(connection, "find_receipts", which)
    return None if message is None else with_attempts(message, rows, kept)


def find_sent_parts(
    connection: apsw.Connection, texts: TextSeal, account_id: int, message_id: bytes
) -> list[OutboundPart]:
    rows = rows_of(connection, "sent_parts", (account_id, message_id))
    return [sent_part(texts, row, row["text"]) for row in rows]


def find_owner(connection: apsw.Connection, message_id: bytes) -> int | None:
    owner: int | None = scalar(connection, "find_owner", (message_id,))
    return owner


def unmatched_receipts(
    connection: apsw.Connection,
    carrier: str | None,
    until_ms: int | None,
    limit: int,
    is_dismissed: bool,  # noqa: FBT001  of a query
) -> list[UnmatchedReceipt]:
    parameters = {
        "carrier": carrier,
        "until_ms": LAST_MS if until_ms is None else until_ms,
        "limit": limit,
        "is_dismissed": is_dismissed,
    }
    return [unmatched_of(row) for row in rows_of(connection, "unmatched_receipts", parameters)]


def search_messages(
    connection: apsw.Connection, texts: TextSeal, account_id: int, which: MessageFilter
) -> FoundMessages:
    range_, checks = LogRange.of(account_id, which), checks_of(which)
    with one_snapshot(connection):
        if is_walk(which):
            ids, examined_to = _walk(connection, range_, which, checks)
        elif checks is None:
            ids, examined_to = _led_by(connection, range_, which), None
        else:
            progress = _search(connection, range_, which, checks)
            ids, examined_to = progress.found, progress.examined_to
        messages = [_read(connection, texts, account_id, message_id) for message_id in ids]
    listed = [replace(message, parts=()) for message in messages if message is not None]
    return FoundMessages(listed, examined_to)


def _walk(
    connection: apsw.Connection, range_: LogRange, which: MessageFilter, checks: Checks | None
) -> tuple[list[bytes], bytes | None]:
    """The newest messages with the carrier's id, and how far the walk came, `None` to its end."""
    place = {**range_._asdict(), "carrier_id": which.carrier_message_id}
    end: bytes | None = scalar(connection, "end_of_walk", place | {"most": MOST_WALKED})
    step = place | {"after": end or range_.after, "limit": CHUNK}
    ids = [row["id"] for row in rows_of(connection, "messages_with_carrier_id", step)]
    end = ids[-1] if len(ids) == CHUNK else end
    found = [
        each
        for each in dict.fromkeys(ids)
        if checks is None or _passes(connection, range_.account_id, each, checks)
    ]
    return found[: range_.limit], end if len(found) < range_.limit else None


def _search(
    connection: apsw.Connection, range_: LogRange, which: MessageFilter, checks: Checks
) -> SearchProgress:
    progress = SearchProgress(range_.limit)
    chunk = range_._replace(limit=CHUNK)
    of_prefix = _of_prefix(connection, chunk, checks)
    while True:
        ids = _led_by(connection, chunk, which) if of_prefix is None else of_prefix
        found = [each for each in ids if _passes(connection, range_.account_id, each, checks)]
        if not progress.add(ids, found):
            return progress
        chunk = chunk._replace(before=ids[-1])


def _of_prefix(connection: apsw.Connection, chunk: LogRange, checks: Checks) -> list[bytes] | None:
    """All messages with the prefix of a reference, newest first; `None` if there are many."""
    if checks.prefix is None:
        return None
    parameters = {**chunk._asdict(), **checks._asdict()}
    rows = rows_of(connection, "messages_with_prefix", parameters)
    return chunk.newest(row["id"] for row in rows) if len(rows) < CHUNK else None


def _passes(
    connection: apsw.Connection, account_id: int, message_id: bytes, checks: Checks
) -> bool:
    parameters = {"account_id": account_id, "id": message_id, **checks._asdict()}
    return scalar(connection, "check_message", parameters) is not None


def _led_by(connection: apsw.Connection, range_: LogRange, which: MessageFilter) -> list[bytes]:
    """The newest messages that have what leads the search."""
    state = None if which.state is None else CODE[which.state]
    parameters = {
        **range_._asdict(),
        "state": state,
        "iccid": which.iccid,
        "reference": which.reference,
    }
    if which.reference is not None:
        rows = rows_of(connection, "list_messages_with_reference", parameters)
        return [row["id"] for row in rows]
    found: list[bytes] = []
    for esim_tran_no in _esims(connection, range_.account_id, which):
        for name in _queries(which):
            rows = rows_of(connection, name, {**parameters, "esim_tran_no": esim_tran_no})
            found += [row["id"] for row in rows]
    return range_.newest(found)


def _queries(which: MessageFilter) -> list[str]:
    """The queries that together find the messages: by their parts, and by their held rows."""
    if which.esim_tran_no is None and which.iccid is None:
        whole, parts, held = "list_messages", "list_messages_in_state", "list_held_in_state"
    else:
        whole, parts = "list_messages_of_esim", "list_messages_of_esim_in_state"
        held = "list_held_of_esim_in_state"
    if which.state is None:
        return [whole]
    return [parts] * may_have_parts(which.state) + [held] * may_be_without_parts(which.state)


def _esims(connection: apsw.Connection, account_id: int, which: MessageFilter) -> list[str | None]:
    """The eSIMs to look for; `None` stands for all."""
    if which.esim_tran_no is not None or which.iccid is None:
        return [which.esim_tran_no]
    rows = rows_of(connection, "esims_of_iccid", (account_id, which.iccid))
    return [row["esim_tran_no"] for row in rows]


def _read(
    connection: apsw.Connection, texts: TextSeal, account_id: int, message_id: bytes
) -> Message | None:
    key = (account_id, message_id)
    row = row_of(connection, "find_message", key)
    if row is None:
        return None
    text = message_text(texts, row, key, row["text"])
    return message_of(row, text, rows_of(connection, "find_parts", key))
