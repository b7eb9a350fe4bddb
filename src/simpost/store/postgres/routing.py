"""Moves queued messages from one carrier to another."""

from __future__ import annotations

from collections.abc import Sequence

from simpost.ports.store import QueuedMessage, Reroute
from simpost.store.postgres.connection import PostgresSession
from simpost.store.postgres.database import PostgresDatabase
from simpost.store.postgres.queries import columns, without_duplicate_keys
from simpost.store.records.columns import options_text
from simpost.store.records.payloads import RerouteBatch
from simpost.store.records.routing import place_of, queued_message
from simpost.store.records.row import NamedRow
from simpost.store.text_seal import TextSeal


class PostgresRouting:
    """Implements `simpost.ports.store.RoutingStore`."""

    def __init__(self, database: PostgresDatabase) -> None:
        self._read = database.read
        self._write = database.chores.submit
        self._announce = database.notifier.announce

    async def count_queued(self, carrier: str) -> int:
        return await self._read(count_queued, carrier)

    async def carriers_with_backlog(self) -> list[str]:
        return await self._read(carriers_with_backlog)

    async def queued_messages(
        self, carrier: str, *, after: QueuedMessage | None, limit: int
    ) -> list[QueuedMessage]:
        return await self._read(queued_messages, carrier, after, limit)

    async def reroute(self, moves: Sequence[Reroute], *, now_ms: int) -> int:
        count = await self._write(reroute, RerouteBatch(now_ms, moves))
        if count:
            for carrier in {move.carrier for move in moves}:
                self._announce(carrier)
        return count


async def reroute(session: PostgresSession, all_of: Sequence[RerouteBatch]) -> list[int]:
    return [await _reroute(session, one) for one in all_of]


async def _reroute(session: PostgresSession, one: RerouteBatch) -> int:
    moved = 0
    for wave in without_duplicate_keys(one.moves, lambda move: (move.account_id, move.message_id)):
        async with session.transaction():
            moved += await _move(session, wave, one.now_ms)
    return moved


async def _move(session: PostgresSession, moves: Sequence[Reroute], now_ms: int) -> int:
    keys = [(move.account_id, move.message_id) for move in moves]
    rows = await session.execute("lock_messages_to_move", *columns(keys, 2))
    stays = {(row["account_id"], row["message_id"]) for row in rows if row["stays"]}
    free = [
        (move.account_id, move.message_id, move.carrier, move.sender)
        for move in moves
        if (move.account_id, move.message_id) not in stays
    ]
    moved = await session.execute("reroute_messages", *columns(free, 4), now_ms)
    for move in moves:
        if move.options is not None and (move.account_id, move.message_id) not in stays:
            options = options_text(move.options)
            await session.execute("change_options", move.account_id, move.message_id, options)
    return len(moved)


async def queued_messages(
    session: PostgresSession, carrier: str, after: QueuedMessage | None, limit: int
) -> list[QueuedMessage]:
    rows = await session.execute("queued_messages", carrier, *place_of(after), limit)
    return [_queued_message(session.texts, row) for row in rows]


def _queued_message(texts: TextSeal, row: NamedRow) -> QueuedMessage:
    parts = tuple(part.decode() for part in row["parts"] or ())
    return queued_message(texts, row, row["text"].decode(), parts)


async def carriers_with_backlog(session: PostgresSession) -> list[str]:
    return sorted(row["carrier"] for row in await session.execute("carriers_with_backlog"))


async def count_queued(session: PostgresSession, carrier: str) -> int:
    count: int = await session.scalar("count_queued", carrier)
    return count
