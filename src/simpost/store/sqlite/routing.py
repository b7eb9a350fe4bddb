"""Moves queued messages from one carrier to another."""

from __future__ import annotations

from collections.abc import Sequence

import apsw
import msgspec

from simpost.ports.store import QueuedMessage, Reroute
from simpost.store.records.columns import options_text
from simpost.store.records.payloads import RerouteBatch
from simpost.store.records.routing import place_of, queued_message
from simpost.store.sqlite.database import SqliteDatabase
from simpost.store.sqlite.queries import SQL, rows_of, scalar
from simpost.store.sqlite.session import SqliteSession
from simpost.store.text_seal import TextSeal

_decode_parts = msgspec.json.Decoder(tuple[str, ...]).decode


class SqliteRouting:
    """Implements `simpost.ports.store.RoutingStore`."""

    def __init__(self, database: SqliteDatabase) -> None:
        self._read = database.read
        self._texts = database.texts
        self._write = database.write

    async def count_queued(self, carrier: str) -> int:
        return await self._read(count_queued, carrier)

    async def carriers_with_backlog(self) -> list[str]:
        return await self._read(carriers_with_backlog)

    async def queued_messages(
        self, carrier: str, *, after: QueuedMessage | None, limit: int
    ) -> list[QueuedMessage]:
        return await self._read(queued_messages, self._texts, carrier, after, limit)

    async def reroute(self, moves: Sequence[Reroute], *, now_ms: int) -> int:
        return await self._write(reroute, RerouteBatch(now_ms, moves))


def reroute(session: SqliteSession, all_of: Sequence[RerouteBatch]) -> list[int]:
    return [sum(_move(session, one, each.now_ms) for one in each.moves) for each in all_of]


def _move(session: SqliteSession, one: Reroute, now_ms: int) -> bool:
    parameters = {"account_id": one.account_id, "message_id": one.message_id}
    there = {"carrier": one.carrier, "now_ms": now_ms}
    session.execute(SQL["reroute_message"], {**parameters, **there})
    if not session.connection.changes():
        return False
    session.execute(SQL["set_message_sender"], {**parameters, "sender": one.sender})
    if one.options is not None:
        session.execute(SQL["change_options"], {**parameters, "options": options_text(one.options)})
    return True


def queued_messages(
    connection: apsw.Connection,
    texts: TextSeal,
    carrier: str,
    after: QueuedMessage | None,
    limit: int,
) -> list[QueuedMessage]:
    return [
        queued_message(texts, row, row["text"], _decode_parts(row["parts"]) if row["parts"] else ())
        for row in rows_of(connection, "queued_messages", (carrier, *place_of(after), limit))
    ]


def carriers_with_backlog(connection: apsw.Connection) -> list[str]:
    return [row["carrier"] for row in rows_of(connection, "carriers_with_backlog")]


def count_queued(connection: apsw.Connection, carrier: str) -> int:
    count: int = scalar(connection, "count_queued", (carrier,))
    return count
