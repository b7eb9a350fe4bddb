"""A log of many messages, written into the store of a stopped gateway by its own schema.

By HTTP a million messages would take minutes, by batches of rows they take seconds.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import TypeAlias

import asyncpg

from bench.texts import text
from simpost.domain.reasons import Reason
from simpost.domain.states import State
from simpost.store.records.columns import CODE
from simpost.store.sqlite.connection import open_writer

SPREAD_MS = 30 * 86_400_000
"""The messages are of thirty days, evenly."""
_LOTS = 100
_BUSY = 2
"""The first eSIMs, this many, get a hundredth of all messages each, in addition to their share."""
_OFF_PLACE = 1
"""The second one is off all the time."""
_VALIDITY_MS = 172_800_000
_BATCH = 20_000
_ENDS: tuple[tuple[State, Reason | None], ...] = (
    (State.DELIVERED, None),
    (State.EXPIRED, Reason.EXPIRED_AT_CARRIER),
    (State.REJECTED, Reason.REJECTED_BY_CARRIER),
    (State.FAILED, Reason.UNDELIVERABLE),
)
_OFF = _ENDS[1]
_OF_100_000 = (95_000, 3_000, 1_995, 5)
"""How many end in each of those states; the last one is rare."""

Row: TypeAlias = tuple[object, ...]

COLUMNS: dict[str, tuple[str, ...]] = {
    "messages": (
        *("account_id", "id", "esim_tran_no", "iccid", "destination", "sender", "category"),
        *("encoding", "reference", "part_count", "created_ms", "expires_ms", "text"),
    ),
    "parts": (
        *("account_id", "message_id", "number", "total", "carrier", "priority", "expires_ms"),
        *("state", "message_state", "reason", "attempt", "carrier_message_id"),
        *("sent_ms", "final_ms", "updated_ms"),
    ),
    "attempts": (
        *("account_id", "message_id", "part", "number", "carrier", "outcome"),
        *("carrier_message_id", "started_ms", "ended_ms", "repeat"),
    ),
}


def fill_sqlite(path: Path, rows: int, esims: Sequence[str], now_ms: int) -> None:
    """Write messages of account 1 that have ended, each with its part and its attempt."""
    connection = open_writer(path)
    connection.pragma("wal_autocheckpoint", 10_000)
    history = story(rows, esims, now_ms)
    while batch := list(islice(history, _BATCH)):
        with connection:
            for table, found in zip(COLUMNS, zip(*batch, strict=True), strict=True):
                columns = COLUMNS[table]
                places = ", ".join("?" * len(columns))
                connection.executemany(
                    f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({places})", found
                )
    connection.pragma("wal_checkpoint(truncate)")
    connection.close()


async def fill_postgres(url: str, rows: int, esims: Sequence[str], now_ms: int) -> None:
    """The same on PostgreSQL, by COPY; VACUUM follows, as it would have in thirty days."""
    connection = await asyncpg.connect(url)
    try:
        history = story(rows, esims, now_ms)
        while batch := list(islice(history, _BATCH)):
            messages, parts, attempts = zip(*batch, strict=True)
            found = {
                "messages": [(*row[:-1], str(row[-1]).encode()) for row in messages],
                "parts": [
                    (*part, message[2]) for message, part in zip(messages, parts, strict=True)
                ],
                "attempts": [(*row[:-1], bool(row[-1])) for row in attempts],
            }
            for table, records in found.items():
                columns = COLUMNS[table]
                if table == "parts":
                    columns += ("esim_tran_no",)
                await connection.copy_records_to_table(table, records=records, columns=columns)
        await connection.execute("VACUUM ANALYZE")
    finally:
        await connection.close()


def story(rows: int, esims: Sequence[str], now_ms: int) -> Iterator[tuple[Row, Row, Row]]:
    """A message, its part and its attempt, the oldest first; the same for the same arguments."""
    dice = random.Random(1)
    for number in range(rows):
        at_ms = now_ms - SPREAD_MS + number * SPREAD_MS // rows
        sent_ms, ended_ms, expires_ms = at_ms + 5, at_ms + 3000, at_ms + _VALIDITY_MS
        message_id = _uuid7(at_ms, dice)
        carrier_id = str(number)
        lot = dice.randrange(_LOTS)
        place = (lot if lot < _BUSY else number) % len(esims)
        esim = esims[place]
        [(state, reason)] = [_OFF] if place == _OFF_PLACE else dice.choices(_ENDS, _OF_100_000)
        yield (
            (
                *(1, message_id, esim, f"8966{esim}1", f"66{esim[-10:]}", "", "service"),
                *("gsm7", 0, 1, at_ms, expires_ms, text(number, 1)),
            ),
            (
                *(1, message_id, 1, 1, "simulator", 1, expires_ms, CODE[state], CODE[state]),
                *(reason, 1, carrier_id, sent_ms, ended_ms, ended_ms),
            ),
            (1, message_id, 1, 1, "simulator", "accepted", carrier_id, at_ms, sent_ms, 0),
        )


def _uuid7(at_ms: int, dice: random.Random) -> bytes:
    """RFC 9562 5.7."""
    rest = dice.getrandbits(80) & ~(0xF << 76 | 3 << 62) | 7 << 76 | 2 << 62
    return at_ms.to_bytes(6, "big") + rest.to_bytes(10, "big")
