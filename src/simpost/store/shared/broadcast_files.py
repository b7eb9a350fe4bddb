"""Files with the eSIMs of broadcasts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import msgspec

from simpost.domain.broadcast_files import (
    MAX_FILES,
    UPLOAD_MS,
    BroadcastFile,
    FileDeletion,
    FileRow,
    ListedFile,
)
from simpost.ports.store.broadcast_files import ROWS_STEP
from simpost.store.records.row import NamedRow
from simpost.store.shared.steps import SharedDatabase, Steps

_AT_ONCE: Final = 20
"""Rows of one statement."""
_NAMES: Final = 100
"""Names of one statement; a shorter list is filled with its first."""


def _places(first: int, count: int) -> str:
    return ", ".join(f"${first + place}" for place in range(count))


def _rows(count: int) -> str:
    return ", ".join(f"({_places(1 + 6 * row, 6)})" for row in range(count))


_ADD: Final = """
    INSERT INTO broadcast_file_rows (account_id, file_id, line, esim_tran_no, reason, given)
    VALUES %ROWS%
"""
_USERS: Final = """
    SELECT 1 FROM broadcasts AS b
    WHERE b.account_id = f.account_id AND b.ended_ms IS NULL AND b.file_id = f.id
"""
SQL: Final = {
    "known": """
        SELECT esim_tran_no, iccid FROM esims WHERE account_id = $1 AND esim_tran_no IN (%NAMES%)
    """.replace("%NAMES%", _places(2, _NAMES)),
    "of_iccids": """
        SELECT iccid, esim_tran_no FROM esims WHERE account_id = $1 AND iccid IN (%NAMES%)
        ORDER BY created_ms
    """.replace("%NAMES%", _places(2, _NAMES)),
    "count": """
        SELECT count(*) AS files FROM broadcast_files WHERE account_id = $1 AND created_ms > 0
    """,
    "list": """
        SELECT f.*, CASE WHEN EXISTS (%USERS%) THEN 1 ELSE 0 END AS is_used
        FROM broadcast_files AS f WHERE f.account_id = $1 AND f.created_ms > 0
        ORDER BY f.id DESC
    """.replace("%USERS%", _USERS),
    # Holds the file until the commit: no broadcast begins with it.
    "hold": """
        UPDATE broadcast_files SET is_stored = is_stored WHERE account_id = $1 AND id = $2
        RETURNING is_stored, created_ms
    """,
    "used": """
        SELECT id FROM broadcasts WHERE account_id = $1 AND file_id = $2 AND ended_ms IS NULL
        LIMIT 1
    """,
    # The oldest of all: `delete_old` deletes its rows next.
    "hide": """
        UPDATE broadcast_files SET is_stored = 0, created_ms = 0 WHERE account_id = $1 AND id = $2
    """,
    "begin": """
        INSERT INTO broadcast_files (
          account_id, id, name, row_count, good, last_line, created_ms, is_stored
        ) VALUES ($1, $2, $3, $4, $5, $6, $7, 0)
    """,
    "add_row": _ADD.replace("%ROWS%", _rows(1)),
    "add_rows": _ADD.replace("%ROWS%", _rows(_AT_ONCE)),
    "finish": """
        UPDATE broadcast_files SET is_stored = 1
        WHERE account_id = $1 AND id = $2 AND created_ms > 0
    """,
    "find": "SELECT * FROM broadcast_files WHERE account_id = $1 AND id = $2 AND is_stored = 1",
    "rows": """
        SELECT line, esim_tran_no, reason, given FROM broadcast_file_rows
        WHERE account_id = $1 AND file_id = $2 AND line > $3 ORDER BY line LIMIT $4
    """,
    "refused_rows": """
        SELECT line, esim_tran_no, reason, given FROM broadcast_file_rows
        WHERE account_id = $1 AND file_id = $2 AND line > $3 AND esim_tran_no IS NULL
        ORDER BY line LIMIT $4
    """,
    "good_rows": """
        SELECT line, esim_tran_no, reason, given FROM broadcast_file_rows
        WHERE account_id = $1 AND file_id = $2 AND line > $3 AND esim_tran_no IS NOT NULL
        ORDER BY line LIMIT $4
    """,
    "values": """
        SELECT given FROM broadcast_file_rows
        WHERE account_id = $1 AND esim_tran_no = $2 AND file_id = $3
    """,
    "old": """
        SELECT account_id, id FROM broadcast_files AS f
        WHERE created_ms < $1 AND NOT EXISTS (%USERS%)
        ORDER BY created_ms LIMIT 1
    """.replace("%USERS%", _USERS),
    "delete_rows": """
        DELETE FROM broadcast_file_rows WHERE account_id = $1 AND file_id = $2 AND line IN (
          SELECT line FROM broadcast_file_rows WHERE account_id = $1 AND file_id = $2
          ORDER BY line LIMIT $3)
        RETURNING line
    """,
    "delete": "DELETE FROM broadcast_files WHERE account_id = $1 AND id = $2",
}

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(dict[str, str]).decode


class StoredBroadcastFiles:
    """Implements `simpost.ports.store.BroadcastFileStore`."""

    def __init__(self, database: SharedDatabase) -> None:
        self._database = database

    async def known_esims(self, account_id: int, esim_tran_nos: Sequence[str]) -> dict[str, str]:
        rows = await self._database.query(_look_up, "known", account_id, esim_tran_nos)
        return {row["esim_tran_no"]: row["iccid"] for row in rows}

    async def esims_of_iccids(self, account_id: int, iccids: Sequence[str]) -> dict[str, str]:
        rows = await self._database.query(_look_up, "of_iccids", account_id, iccids)
        return {row["iccid"]: row["esim_tran_no"] for row in rows}

    async def begin(self, file: BroadcastFile) -> bool:
        return await self._database.transact(_begin, file)

    async def add_rows(self, file: BroadcastFile, rows: Sequence[FileRow]) -> None:
        await self._database.transact(_add_rows, file, rows)

    async def finish(self, file: BroadcastFile) -> None:
        await self._database.transact(_run, "finish", (file.account_id, file.id))

    async def find(self, account_id: int, file_id: bytes) -> BroadcastFile | None:
        return await self._database.query(_find, account_id, file_id)

    async def list_files(self, account_id: int) -> list[ListedFile]:
        return await self._database.query(_list_files, account_id)

    async def delete(self, account_id: int, file_id: bytes, *, now_ms: int) -> FileDeletion:
        return await self._database.transact(_delete, (account_id, file_id), now_ms)

    async def list_rows(
        self, account_id: int, file_id: bytes, *, after: int, limit: int, refused: bool | None
    ) -> list[FileRow]:
        which = {None: "rows", True: "refused_rows", False: "good_rows"}[refused]
        return await self._database.query(_list_rows, which, (account_id, file_id, after, limit))

    async def values_of(self, account_id: int, file_id: bytes, esim_tran_no: str) -> dict[str, str]:
        return await self._database.query(_values_of, (account_id, esim_tran_no, file_id))

    async def delete_old(self, *, before_ms: int) -> int:
        if not await self._database.query(_run, "old", (before_ms,)):
            return 0
        return await self._database.transact(_delete_old, before_ms)


def _run(name: str, parameters: tuple[Any, ...]) -> Steps[Sequence[NamedRow]]:
    return (yield SQL[name], parameters)


def _look_up(name: str, account_id: int, names: Sequence[str]) -> Steps[list[NamedRow]]:
    found: list[NamedRow] = []
    unique = list(dict.fromkeys(names))
    for first in range(0, len(unique), _NAMES):
        some = unique[first : first + _NAMES]
        padded = (*some, *[some[0]] * (_NAMES - len(some)))
        found += yield SQL[name], (account_id, *padded)
    return found


def _begin(file: BroadcastFile) -> Steps[bool]:
    [count] = yield SQL["count"], (file.account_id,)
    if count["files"] >= MAX_FILES:
        return False
    row = (file.account_id, file.id, file.name, file.rows, file.good, file.last_line)
    yield SQL["begin"], (*row, file.created_ms)
    return True


def _add_rows(file: BroadcastFile, rows: Sequence[FileRow]) -> Steps[None]:
    for first in range(0, len(rows), _AT_ONCE):
        columns = [
            (
                file.account_id,
                file.id,
                row.line,
                row.esim_tran_no or None,
                row.reason or None,
                _encode(row.values).decode(),
            )
            for row in rows[first : first + _AT_ONCE]
        ]
        if len(columns) == _AT_ONCE:
            yield SQL["add_rows"], tuple(value for row in columns for value in row)
        else:
            for each in columns:
                yield SQL["add_row"], each


def _find(account_id: int, file_id: bytes) -> Steps[BroadcastFile | None]:
    rows = yield SQL["find"], (account_id, file_id)
    return _file_of(rows[0]) if rows else None


def _list_files(account_id: int) -> Steps[list[ListedFile]]:
    rows = yield SQL["list"], (account_id,)
    return [ListedFile(_file_of(row), bool(row["is_stored"]), bool(row["is_used"])) for row in rows]


def _file_of(row: NamedRow) -> BroadcastFile:
    return BroadcastFile(
        account_id=row["account_id"],
        id=row["id"],
        name=row["name"],
        rows=row["row_count"],
        good=row["good"],
        last_line=row["last_line"],
        created_ms=row["created_ms"],
    )


def hold_file(key: tuple[int, bytes]) -> Steps[bool]:
    """Keep a file that broadcasts can use until the commit; whether there is one."""
    rows = yield SQL["hold"], key
    return bool(rows and rows[0]["is_stored"])


def _delete(key: tuple[int, bytes], now_ms: int) -> Steps[FileDeletion]:
    held = yield SQL["hold"], key
    if not held or not held[0]["created_ms"]:
        return FileDeletion.UNKNOWN
    is_written = not held[0]["is_stored"] and held[0]["created_ms"] > now_ms - UPLOAD_MS
    if is_written or (yield SQL["used"], key):
        return FileDeletion.IN_USE
    yield SQL["hide"], key
    return FileDeletion.DELETED


def _list_rows(name: str, parameters: tuple[Any, ...]) -> Steps[list[FileRow]]:
    rows = yield SQL[name], parameters
    return [
        FileRow(
            line=row["line"],
            esim_tran_no=row["esim_tran_no"] or "",
            values=_decode(row["given"]),
            reason=row["reason"] or "",
        )
        for row in rows
    ]


def _values_of(key: tuple[int, str, bytes]) -> Steps[dict[str, str]]:
    for row in (yield SQL["values"], key):
        return _decode(row["given"])
    return {}


def _delete_old(before_ms: int) -> Steps[int]:
    for row in (yield SQL["old"], (before_ms,)):
        key = row["account_id"], row["id"]
        yield SQL["hold"], key
        if (yield SQL["used"], key):
            return 0
        yield SQL["hide"], key  # nothing begins with a file of which rows are gone
        deleted = yield SQL["delete_rows"], (*key, ROWS_STEP)
        if len(deleted) < ROWS_STEP:
            yield SQL["delete"], key
        return len(deleted) + 1
    return 0
