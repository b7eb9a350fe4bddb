"""The log of messages, read beside the writer."""

from __future__ import annotations

import apsw
from msgspec.structs import replace

from simpost.domain.messages import Message
from simpost.domain.outcomes import UnmatchedReceipt
from simpost.ports.store import MessageFilter
from simpost.store.records.columns import CODE
from simpost.store.records.ids import LAST_MS
from simpost.store.records.messages import (
    MOST_RECEIPTS,
    LogRange,
    may_be_without_parts,
    may_have_parts,
    message_of,
    unmatched_of,
    with_attempts,
)
from simpost.store.records.texts import message_text
from simpost.store.sqlite.database import SqliteDatabase
from simpost.store.sqlite.queries import row_of, rows_of, scalar
from simpost.store.text_seal import TextSeal


class SqliteLog:
    """Implements `simpost.ports.store.MessageLog`."""

    def __init__(self, database: SqliteDatabase) -> None:
        self._read = database.read
        self._texts = database.texts

    async def find_message(self, account_id: int, message_id: bytes) -> Message | None:
        return await self._read(find_message, self._texts, account_id, message_id)

    async def find_owner(self, message_id: bytes) -> int | None:
        return await self._read(find_owner, message_id)

    async def list_messages(self, account_id: int, which: MessageFilter) -> list[Message]:
        return await self._read(list_messages, self._texts, account_id, which)


def find_message(
    connection: apsw.Connection, texts: TextSeal, account_id: int, message_id: bytes
) -> Message | None:
    with connection:  # one snapshot for all reads
        message = _read(connection, texts, account_id, message_id)
        rows = rows_of(connection, "find_attempts", (account_id, message_id))
        which = {"account_id": account_id, "message_id": message_id, "limit": MOST_RECEIPTS}
        kept = rows_of(connection, "find_receipts", which)
    return None if message is None else with_attempts(message, rows, kept)


def find_owner(connection: apsw.Connection, message_id: bytes) -> int | None:
    owner: int | None = scalar(connection, "find_owner", (message_id,))
    return owner


def unmatched_receipts(
    connection: apsw.Connection, carrier: str | None, until_ms: int | None, limit: int
) -> list[UnmatchedReceipt]:
    parameters = {
        "carrier": carrier,
        "until_ms": LAST_MS if until_ms is None else until_ms,
        "limit": limit,
    }
    return [unmatched_of(row) for row in rows_of(connection, "unmatched_receipts", parameters)]


def list_messages(
    connection: apsw.Connection, texts: TextSeal, account_id: int, which: MessageFilter
) -> list[Message]:
    range_ = LogRange.of(account_id, which)
    state = None if which.state is None else CODE[which.state]
    parameters = {**range_._asdict(), "state": state, "iccid": which.iccid}
    with connection:
        found: list[bytes] = []
        for esim_tran_no in _esims(connection, account_id, which):
            for name in _queries(which):
                rows = rows_of(connection, name, {**parameters, "esim_tran_no": esim_tran_no})
                found += [row["id"] for row in rows]
        ids = range_.newest(found)
        messages = [_read(connection, texts, account_id, message_id) for message_id in ids]
    return [replace(message, parts=()) for message in messages if message is not None]


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
