"""Erasures: their records, and the order in which they erase."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final

import msgspec

from simpost.domain.messages import format_id
from simpost.ports.store.erasures import ERASURE_STEP, Erasure
from simpost.store.records.ids import first_id
from simpost.store.records.row import NamedRow
from simpost.store.shared import erasure_steps as steps
from simpost.store.shared.steps import SharedDatabase, Steps

_BEYOND: Final = b"\xff" * 17
_EVENT: Final = "esim.forgotten"
_NAMES: Final = 100
"""eSIMs of one statement; a shorter list is filled with its first."""

SQL: Final = {
    "begin": """
        INSERT INTO erasures (account_id, id, esim_tran_no, actor, begun_ms, counts)
        VALUES ($1, $2, $3, $4, $5, '{}')
    """,
    # Holds the row until the commit: of several nodes one at a time counts.
    "hold": """
        UPDATE erasures SET counts = counts WHERE account_id = $1 AND id = $2 RETURNING counts
    """,
    "count": "UPDATE erasures SET counts = $3 WHERE account_id = $1 AND id = $2",
    "end": """
        UPDATE erasures SET ended_ms = $3
        WHERE account_id = $1 AND id = $2 AND ended_ms IS NULL
        RETURNING counts
    """,
    "add_event": """
        INSERT INTO added_events (account_id, type, subject, at_ms, data)
        VALUES ($1, $2, $3, $4, $5)
    """,
    "find": "SELECT * FROM erasures WHERE account_id = $1 AND id = $2",
    "list": """
        SELECT * FROM erasures
        WHERE account_id = $1 AND esim_tran_no = $2 AND id < $3 ORDER BY id DESC LIMIT $4
    """,
    "forgotten": """
        SELECT esim_tran_no FROM erasures WHERE account_id = $1 AND esim_tran_no IN (%NAMES%)
    """.replace("%NAMES%", ", ".join(f"${2 + place}" for place in range(_NAMES))),
    "list_open": """
        SELECT * FROM erasures WHERE ended_ms IS NULL ORDER BY begun_ms LIMIT $1
    """,
    "has_rows": """
        SELECT 1 AS found WHERE EXISTS (
            SELECT 1 FROM messages WHERE account_id = $1 AND esim_tran_no = $2)
          OR EXISTS (SELECT 1 FROM inbound WHERE account_id = $1 AND esim_tran_no = $2)
          OR EXISTS (SELECT 1 FROM lifecycle_events WHERE account_id = $1 AND esim_tran_no = $2)
          OR EXISTS (SELECT 1 FROM erasures WHERE account_id = $1 AND esim_tran_no = $2)
    """,
    "unended": """
        SELECT m.id FROM messages AS m
        WHERE m.account_id = $1 AND m.esim_tran_no = $2 AND m.id > $3 AND m.id < $4
          AND m.forgotten_ms IS NULL
          AND (EXISTS (
            SELECT 1 FROM parts AS p WHERE p.account_id = m.account_id AND p.message_id = m.id
              AND (p.state < 100 OR p.due_ms IS NOT NULL))
          OR EXISTS (
            SELECT 1 FROM held_messages AS h
            WHERE h.account_id = m.account_id AND h.message_id = m.id
              AND (h.state < 100 OR h.due_ms IS NOT NULL)))
        ORDER BY m.id LIMIT $5
    """,
}

_decode_counts = msgspec.json.Decoder(dict[str, int]).decode


class StoredErasures:
    """Implements `simpost.ports.store.ErasureStore`. Calls `on_erased` when rows were erased."""

    def __init__(self, database: SharedDatabase, on_erased: Callable[[], Awaitable[None]]) -> None:
        self._database = database
        self._on_erased = on_erased

    async def begin(self, erasure: Erasure) -> None:
        await self._database.transact(_begin, erasure)

    async def list_unended(self, erasure: Erasure, *, after: bytes) -> list[bytes]:
        return await self._database.query(_unended, erasure, after)

    async def has_rows(self, account_id: int, esim_tran_no: str) -> bool:
        return await self._database.query(_has_rows, account_id, esim_tran_no)

    async def erase(self, erasure: Erasure, *, now_ms: int, only_messages: bool = False) -> None:
        count = 0
        for number in () if only_messages else await self._numbers(erasure):
            for walk in steps.BY_NUMBER:
                count += await self._walk(walk, erasure, number)
        for walk in (steps.MESSAGES,) if only_messages else steps.BY_ESIM:
            count += await self._walk(walk, erasure, now_ms)
        if count:
            await self._on_erased()

    async def end(self, erasure: Erasure, *, now_ms: int) -> None:
        await self._database.transact(_end, erasure, now_ms)

    async def find_erasure(self, account_id: int, erasure_id: bytes) -> Erasure | None:
        return await self._database.query(_find, account_id, erasure_id)

    async def list_erasures(
        self, account_id: int, esim_tran_no: str, *, before: bytes | None, limit: int
    ) -> list[Erasure]:
        return await self._database.query(_list, account_id, esim_tran_no, before or _BEYOND, limit)

    async def find_forgotten(self, account_id: int, esim_tran_nos: Sequence[str]) -> set[str]:
        return await self._database.query(_find_forgotten, account_id, esim_tran_nos)

    async def list_open(self, *, limit: int) -> list[Erasure]:
        return await self._database.query(_list_open, limit)

    async def _numbers(self, erasure: Erasure) -> set[str]:
        """Numbers that no other eSIM has: that of the eSIM, and those that were sent to."""
        found = await self._database.query(steps.catalogue_numbers, erasure)
        after: bytes | None = b""
        while after is not None:
            numbers, after = await self._database.query(steps.sent_numbers, erasure, after)
            found |= numbers
        return {each for each in found if await self._database.query(steps.is_own, erasure, each)}

    async def _walk(self, walk: steps.Walk, erasure: Erasure, detail: int | str) -> int:
        """Erase the rows of one kind, a transaction for each step; returns their number."""
        after, total = walk.start, 0
        while after is not None:
            after, count = await self._database.transact(_step, walk, erasure, after, detail)
            total += count
        return total


def _find_forgotten(account_id: int, esim_tran_nos: Sequence[str]) -> Steps[set[str]]:
    found: set[str] = set()
    for first in range(0, len(esim_tran_nos), _NAMES):
        some = esim_tran_nos[first : first + _NAMES]
        padded = *some, *[some[0]] * (_NAMES - len(some))
        rows = yield SQL["forgotten"], (account_id, *padded)
        found |= {row["esim_tran_no"] for row in rows}
    return found


def _begin(erasure: Erasure) -> Steps[None]:
    yield (
        SQL["begin"],
        (
            erasure.account_id,
            erasure.id,
            erasure.esim_tran_no,
            erasure.actor,
            erasure.begun_ms,
        ),
    )


def _unended(erasure: Erasure, after: bytes) -> Steps[list[bytes]]:
    end = first_id(erasure.begun_ms + 1)
    key = erasure.account_id, erasure.esim_tran_no
    rows = yield SQL["unended"], (*key, after, end, ERASURE_STEP)
    return [row["id"] for row in rows]


def _has_rows(account_id: int, esim_tran_no: str) -> Steps[bool]:
    rows = yield SQL["has_rows"], (account_id, esim_tran_no)
    return bool(rows)


def _step(
    walk: steps.Walk, erasure: Erasure, after: Any, detail: int | str
) -> Steps[tuple[Any, int]]:
    """Erase one step and count it; returns where the next one begins, and the count."""
    after, count = yield from walk.step(erasure, after, detail)
    if count:
        key = erasure.account_id, erasure.id
        [row] = yield SQL["hold"], key
        counts = _decode_counts(row["counts"])
        counts[walk.kind] = counts.get(walk.kind, 0) + count
        yield SQL["count"], (*key, msgspec.json.encode(counts).decode())
    return after, count


def _end(erasure: Erasure, now_ms: int) -> Steps[None]:
    ended = yield SQL["end"], (erasure.account_id, erasure.id, now_ms)
    for row in ended:
        data = {"erasureId": format_id(erasure.id), "counts": _decode_counts(row["counts"])}
        event = erasure.account_id, _EVENT, erasure.esim_tran_no, now_ms
        yield SQL["add_event"], (*event, msgspec.json.encode(data).decode())


def _find(account_id: int, erasure_id: bytes) -> Steps[Erasure | None]:
    rows = yield SQL["find"], (account_id, erasure_id)
    return _erasure(rows[0]) if rows else None


def _list(account_id: int, esim_tran_no: str, before: bytes, limit: int) -> Steps[list[Erasure]]:
    rows = yield SQL["list"], (account_id, esim_tran_no, before, limit)
    return [_erasure(row) for row in rows]


def _list_open(limit: int) -> Steps[list[Erasure]]:
    rows = yield SQL["list_open"], (limit,)
    return [_erasure(row) for row in rows]


def _erasure(row: NamedRow) -> Erasure:
    return Erasure(
        account_id=row["account_id"],
        id=row["id"],
        esim_tran_no=row["esim_tran_no"],
        actor=row["actor"],
        begun_ms=row["begun_ms"],
        ended_ms=row["ended_ms"],
        counts=_decode_counts(row["counts"]),
    )
