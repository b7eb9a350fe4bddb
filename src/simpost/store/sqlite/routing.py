"""Rerouting: what waits for one carrier is given to another, message by message."""

from __future__ import annotations

from collections.abc import Sequence

import apsw
import msgspec

from simpost.ports.store import Move, WaitingMessage
from simpost.store.records.columns import options_of, options_text
from simpost.store.records.payloads import RerouteBatch
from simpost.store.sqlite.database import SqliteDatabase
from simpost.store.sqlite.queries import SQL, ask
from simpost.store.sqlite.session import SqliteSession

_START = (-1, 0, 0, 0, b"")
_decode_parts = msgspec.json.Decoder(tuple[str, ...]).decode


class SqliteRouting:
    """Implements `simpost.ports.store.RoutingStore`."""

    def __init__(self, database: SqliteDatabase) -> None:
        self._read = database.read
        self._write = database.write

    async def count_queued(self, carrier: str) -> int:
        return await self._read(count_waiting, carrier)

    async def carriers_with_backlog(self) -> list[str]:
        return await self._read(carriers_waited_for)

    async def queued_messages(
        self, carrier: str, *, after: WaitingMessage | None, limit: int
    ) -> list[WaitingMessage]:
        return await self._read(waiting_messages, carrier, after, limit)

    async def reroute(self, moves: Sequence[Move], *, now_ms: int) -> int:
        return await self._write(reroute, RerouteBatch(now_ms, moves))


def reroute(session: SqliteSession, all_of: Sequence[RerouteBatch]) -> list[int]:
    return [sum(_move(session, one, each.now_ms) for one in each.moves) for each in all_of]


def _move(session: SqliteSession, one: Move, now_ms: int) -> bool:
    facts = {"account_id": one.account_id, "message_id": one.message_id}
    there = {"carrier": one.carrier, "now_ms": now_ms}
    session.execute(SQL["reroute_message"], {**facts, **there})
    if not session.connection.changes():
        return False
    session.execute(SQL["set_message_sender"], {**facts, "sender": one.sender})
    if one.options is not None:
        session.execute(SQL["change_options"], {**facts, "options": options_text(one.options)})
    return True


def waiting_messages(
    connection: apsw.Connection, carrier: str, after: WaitingMessage | None, limit: int
) -> list[WaitingMessage]:
    place = _START
    if after:
        place = (
            after.priority, after.due_ms, after.expires_ms, after.account_id, after.message_id
        )  # fmt: skip
    rows = ask(connection, "waiting_messages", (carrier, *place, limit))
    return [_waiting(*row) for row in rows]


def _waiting(
    account_id: int,
    message_id: bytes,
    esim_tran_no: str,
    destination: str,
    sender: str,
    category: str,
    text: str,
    encoding: str,
    options: str | None,
    parts: str | None,
    may_move: int,
    *place: int,
) -> WaitingMessage:
    return WaitingMessage(
        account_id,
        message_id,
        esim_tran_no,
        destination,
        sender,
        category,
        text,
        encoding,
        options_of(options),
        _decode_parts(parts) if parts else (text,),
        bool(may_move),
        *place,
    )


def carriers_waited_for(connection: apsw.Connection) -> list[str]:
    return [name for (name,) in ask(connection, "carriers_waited_for")]


def count_waiting(connection: apsw.Connection, carrier: str) -> int:
    count: int = ask(connection, "count_waiting", (carrier,)).get
    return count
