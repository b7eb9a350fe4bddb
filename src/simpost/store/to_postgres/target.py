"""The target of a move: each batch is written together with its progress."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any, Final, NamedTuple

import msgspec

from simpost.domain.repeats import RepeatPolicy
from simpost.errors import StoreError
from simpost.store.postgres import partitions
from simpost.store.postgres.accounts import check_seal
from simpost.store.postgres.connection import ManagedConnection, PostgresSession
from simpost.store.postgres.dsn import parse
from simpost.store.postgres.failures import translating
from simpost.store.postgres.leases import expire_leases
from simpost.store.postgres.schema import (
    VERSION,
    bring_up_to_date,
    check_durability,
    version_of,
)
from simpost.store.records.payloads import LEASE_STEP, LeaseExpiry
from simpost.store.records.row import NamedRow
from simpost.store.secret_box import SecretBox
from simpost.store.shared.instance import MARK
from simpost.store.to_postgres.source import Row, Shape
from simpost.store.to_postgres.tables import TABLES

_MOST_WEEKS: Final = 520
"""Partitions that a move makes at most; messages of other weeks go to the one for the rest."""
_AHEAD_MS: Final = 4 * partitions.WEEK_MS
_LONG_S: Final = 3600.0
"""Longest time to count or analyse a large table."""
_MOST_OWNERS: Final = 1_000

_encode_key = msgspec.msgpack.Encoder().encode
_decode_key = msgspec.msgpack.Decoder(tuple[Any, ...]).decode


class MoveState(NamedTuple):
    """A move that was begun here."""

    id: bytes
    compared_ms: int | None
    finished_ms: int | None


class Step(NamedTuple):
    """How far a table came: the key of its last row, and how many there are."""

    after: Row | None = None
    rows: int = 0
    is_done: bool = False


class Target:
    """Use `opened`. `shown` is where it is, without user and password."""

    def __init__(self, session: PostgresSession, shown: str, now_ms: int) -> None:
        self.shown = shown
        self._session = session
        self._now_ms = now_ms
        self._weeks: set[int] = set()

    @classmethod
    @contextlib.asynccontextmanager
    async def opened(cls, url: str, now_ms: int) -> AsyncIterator[Target]:
        """Raises StoreError, which shows neither user nor password."""
        address = parse(url)
        link = ManagedConnection(address, node="migrate")
        try:
            with translating():
                async with link.use() as session:
                    yield cls(session, address.shown, now_ms)
        finally:
            await link.close()

    async def prepare(self) -> None:
        """Make the tables in an empty database. Raises StoreError for one that cannot be used."""
        await check_durability(self._session)
        found = await version_of(self._session)
        if found is None and await self._session.execute("list_tables"):
            raise StoreError(
                f"{self.shown} has tables of something else; simpost wants a database of its own"
            )
        if found not in (None, VERSION):
            raise StoreError(
                f"{self.shown} holds a store of an older release (schema {found}); move to an "
                "empty database"
            )
        await bring_up_to_date(self._session)

    async def find_move(self) -> MoveState | None:
        for row in await self._session.execute("find_moves"):
            return MoveState(row["id"], row["compared_ms"], row["finished_ms"])
        return None

    async def refuse_unless_free(self) -> None:
        """Raises StoreError if the database is served or has rows."""
        async with self._session.transaction():
            alive = await self._session.execute("nodes_alive")
            filled = [table for table in TABLES if await self._has_rows(table)]
        if alive:
            raise StoreError(
                f"{self.shown} is served by {alive[0]['name']}; stop every node of it first"
            )
        if filled or await self.find_move():
            raise StoreError(
                f"{self.shown} holds other data ({', '.join(filled) or 'a move'}); it is left "
                "untouched: move to an empty database"
            )

    async def begin(self, move_id: bytes) -> None:
        """Take the database for this move; of two concurrent moves one succeeds."""
        async with self._session.transaction():
            await self._session.run_script("LOCK TABLE moves IN EXCLUSIVE MODE")
            await self.refuse_unless_free()
            await self._session.execute("begin_move", move_id, self._now_ms)

    async def check_seal(self, seal: SecretBox) -> None:
        await check_seal(self._session, seal)

    async def check_shape(self, shape: Shape) -> None:
        """Raises StoreError unless the table has the same columns on both sides."""
        found = await self._session.execute("columns_of", shape.table)
        columns = {row["column_name"] for row in found}
        if columns != set(shape.columns):
            odd = ", ".join(sorted(columns ^ set(shape.columns)))
            raise StoreError(f"{shape.table} differs between the two stores: {odd}")

    async def steps(self) -> dict[str, Step]:
        found = await self._session.execute("move_steps")
        return {row["table_name"]: _step(row) for row in found}

    async def writing(self, shape: Shape) -> Writing:
        found = await self._session.execute("columns_of", shape.table)
        types = {row["column_name"]: row["data_type"] for row in found}
        return Writing(shape, [_MADE.get(types[name]) for name in shape.columns])

    async def put(self, writing: Writing, rows: Sequence[Row], step: Step) -> Step:
        """Write a batch and how far it came, in one transaction; an empty batch ends the table."""
        shape = writing.shape
        await self._make_weeks(shape, rows)
        after = shape.key_of(rows[-1]) if rows else step.after
        new = Step(after, step.rows + len(rows), not rows)
        async with self._session.transaction():
            await self._write(writing, rows, step)
            key = None if after is None else _encode_key(after)
            if not await self._session.execute(
                "step_move", shape.table, key, new.rows, new.is_done, step.rows
            ):
                raise StoreError(f"another process moves to {self.shown} at this moment")
        return new

    async def _write(self, writing: Writing, rows: Sequence[Row], step: Step) -> None:
        shape = writing.shape
        if not rows:
            return
        try:
            await self._session.connection.copy_records_to_table(
                shape.table, records=map(writing.made, rows), columns=shape.columns
            )
        except (ArithmeticError, ValueError, TypeError) as error:
            last = step.rows + len(rows)
            raise StoreError(
                f"PostgreSQL cannot hold a value of {shape.table}, in one of the rows "
                f"{step.rows + 1} to {last} ({type(error).__name__})"
            ) from error

    async def _make_weeks(self, shape: Shape, rows: Sequence[Row]) -> None:
        """The partitions of these rows, unless they are of times that no clock should have had."""
        if shape.table not in partitions.TABLES or not rows:
            return
        place = shape.columns.index(partitions.TABLES[shape.table])
        wanted = {partitions.week_of(row[place]) for row in rows} - self._weeks
        if not wanted:
            return
        there = set(await partitions.weeks(self._session))
        oldest_ms = self._now_ms - _MOST_WEEKS * partitions.WEEK_MS
        missing = [week for week in wanted - there if oldest_ms < week < self._now_ms + _AHEAD_MS]
        await partitions.make(self._session, missing)
        self._weeks |= wanted

    async def rows(self) -> dict[str, int]:
        async with self._session.transaction():
            await self._take_time()
            return {table: await self._count(table) for table in TABLES}

    async def part_states(self) -> dict[int, int]:
        async with self._session.transaction():
            await self._take_time()
            found = await self._session.connection.fetch(
                "SELECT state, count(*) AS parts FROM parts GROUP BY state", timeout=_LONG_S
            )
        return {row["state"]: row["parts"] for row in found}

    async def note_compared(self, move_id: bytes) -> None:
        await self._session.execute("note_compared", move_id, self._now_ms)

    async def end_leases(self, repeats: RepeatPolicy) -> None:
        """Put leased parts in doubt: the process that leased them has stopped."""
        for row in await self._session.execute("lease_owners", _MOST_OWNERS):
            one = LeaseExpiry(self._now_ms, row["owner"], repeats)
            while (await expire_leases(self._session, [one]))[0] == LEASE_STEP:
                pass

    async def settle_in(self) -> None:
        """Continue identity columns after the highest copied value, and analyse the tables."""
        for table in TABLES:
            for column in await self._session.execute("columns_of", table):
                if column["is_identity"] == "YES":
                    name = column["column_name"]
                    await self._session.connection.execute(
                        f"SELECT setval(pg_get_serial_sequence('{table}', '{name}'), "  # noqa: S608
                        f"greatest((SELECT max({name}) FROM {table}), 1), "
                        f"EXISTS (SELECT 1 FROM {table}))"
                    )
            async with self._session.transaction():
                await self._take_time()
                await self._session.connection.execute(f"ANALYZE {table}", timeout=_LONG_S)

    async def mark_copy(self) -> None:
        """Hold sending here until a person confirms: the file is a copy."""
        await self._session.fetch(MARK)

    async def finish(self, move_id: bytes) -> None:
        """Let nodes serve the database."""
        await partitions.prepare(self._session, self._now_ms)
        await self._session.execute("finish_move", move_id, self._now_ms)

    async def _take_time(self) -> None:
        await self._session.run_script(
            "SET LOCAL statement_timeout = 0; SET LOCAL enable_seqscan = on"
        )

    async def _has_rows(self, table: str) -> bool:
        query = f"SELECT EXISTS (SELECT 1 FROM {table})"  # noqa: S608
        found: bool = await self._session.connection.fetchval(query)
        return found

    async def _count(self, table: str) -> int:
        query = f"SELECT count(*) FROM {table}"  # noqa: S608
        found: int = await self._session.connection.fetchval(query, timeout=_LONG_S)
        return found


def _step(row: NamedRow) -> Step:
    after = row["after"]
    return Step(None if after is None else _decode_key(after), row["row_count"], row["is_done"])


class Writing:
    """Converts rows of a table to the types of PostgreSQL."""

    def __init__(self, shape: Shape, made: Sequence[Callable[[Any], Any] | None]) -> None:
        self.shape = shape
        self._made = [(place, make) for place, make in enumerate(made) if make]

    def made(self, row: Row) -> list[Any]:
        values = list(row)
        for place, make in self._made:
            if values[place] is not None:
                values[place] = make(values[place])
        return values


def _octets(value: str | bytes) -> bytes:
    return value.encode() if isinstance(value, str) else value


def _without_nul(text: str) -> str:
    """PostgreSQL's `text` accepts no NUL. Texts of messages are `bytea` there and keep theirs."""
    return text.replace("\0", "\ufffd") if "\0" in text else text


_MADE: Final[dict[str, Callable[[Any], Any]]] = {
    "boolean": bool,
    "bytea": _octets,
    "double precision": float,
    "text": _without_nul,
}
"""By the column type in PostgreSQL; other types need no conversion."""
