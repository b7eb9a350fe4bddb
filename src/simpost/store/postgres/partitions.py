"""Partitions: a week of messages each, made ahead of their time and dropped as a whole.

Their bounds are ids, which begin with their time. An id of a time without a partition goes to the
one that takes the rest, so a clock that is wrong refuses nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Final

import asyncpg

from simpost.observe import get_logger
from simpost.store.postgres.connection import PostgresSession
from simpost.store.records.ids import first_id, time_of

WEEK_MS: Final = 7 * 86_400_000
_AHEAD: Final = 3
"""Weeks made ahead of the one that runs; the one before is made too, for clocks that are late."""
TABLES: Final = {"messages": "id", "parts": "message_id", "attempts": "message_id"}
"""Partitioned tables, and what each is partitioned by."""
_NAME: Final = re.compile(r"messages_(\d{8})")
_STEP: Final = 1_000
_MOST_STEPS: Final = 10_000

_logger = get_logger(__name__)


async def prepare(session: PostgresSession, now_ms: int) -> list[str]:
    """Create the partitions of the next weeks; returns the first days of the new ones.

    One node creates them. After a failure the next run tries again; until then `messages_rest`
    takes the rows.
    """
    return await make(session, set(_wanted(now_ms)) - set(await weeks(session)))


async def make(session: PostgresSession, missing: Iterable[int]) -> list[str]:
    """Create the weeks that begin at these times; returns the first days of the new ones."""
    made: list[str] = []
    for start_ms in sorted(missing):
        try:
            async with session.transaction():
                if not await session.scalar("lock_partitions"):
                    return made
                await session.run_script("; ".join(_make(start_ms)))
        except (asyncpg.CheckViolationError, asyncpg.DuplicateTableError) as error:
            _logger.warning(
                "partition_not_created", week=_day(start_ms), reason=type(error).__name__
            )
        except asyncpg.LockNotAvailableError:
            return made
        else:
            made.append(_day(start_ms))
    return made


async def drop_before(session: PostgresSession, time_ms: int) -> list[str]:
    """Drop the weeks that ended before that time, except one of which something still waits.

    Receipts kept since before it go too, and the held rows of the messages that are gone. Returns
    the first days of what was dropped.
    """
    dropped: list[str] = []
    for start_ms in sorted(await weeks(session)):
        if start_ms + WEEK_MS > time_ms:
            break
        async with session.transaction():
            await session.run_script("SET LOCAL lock_timeout = '2s'")
            waits = await session.connection.fetchval(
                f"SELECT EXISTS (SELECT 1 FROM parts_{_day(start_ms)} WHERE due_ms IS NOT NULL)"  # noqa: S608
            )
            if waits or await session.scalar("held_of_week", *_bounds(start_ms)):
                continue
            tables = ", ".join(f"{table}_{_day(start_ms)}" for table in reversed(TABLES))
            await session.run_script(f"DROP TABLE {tables}")
        dropped.append(_day(start_ms))
    for _ in range(_MOST_STEPS):
        if await session.scalar("delete_old_receipts", time_ms, _STEP) < _STEP:
            break
    for _ in range(_MOST_STEPS):
        if await session.scalar("delete_old_held", first_id(time_ms), _STEP) < _STEP:
            break
    return dropped


async def weeks(session: PostgresSession) -> list[int]:
    """The start times of the weeks that have a partition."""
    names = [_NAME.fullmatch(row["relname"]) for row in await session.execute("list_partitions")]
    return [
        int(datetime.strptime(found[1], "%Y%m%d").replace(tzinfo=UTC).timestamp()) * 1000
        for found in names
        if found
    ]


def week_of(id_: bytes) -> int:
    """The start time of the week of a message with this id."""
    at_ms = time_of(id_)
    return at_ms - at_ms % WEEK_MS


def _wanted(now_ms: int) -> Iterator[int]:
    this_ms = now_ms - now_ms % WEEK_MS
    for ahead in range(-1, _AHEAD + 1):
        yield this_ms + ahead * WEEK_MS


def _make(start_ms: int) -> Iterator[str]:
    yield "SET LOCAL lock_timeout = '2s'"
    first, last = (f"'\\x{bound.hex()}'" for bound in _bounds(start_ms))
    for table in TABLES:
        yield (
            f"CREATE TABLE {table}_{_day(start_ms)} PARTITION OF {table} "
            f"FOR VALUES FROM ({first}) TO ({last})"
        )


def _bounds(start_ms: int) -> tuple[bytes, bytes]:
    """The lowest id of a week, and that of the next one."""
    return first_id(start_ms), first_id(start_ms + WEEK_MS)


def _day(start_ms: int) -> str:
    return datetime.fromtimestamp(start_ms / 1000, UTC).strftime("%Y%m%d")
