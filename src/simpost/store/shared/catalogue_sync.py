"""States of the copies of suppliers' catalogues: one row per source."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec

from simpost.domain.catalogue_sync import ListedEsim, SyncReport, SyncState
from simpost.store.records.row import NamedRow
from simpost.store.shared.steps import SharedDatabase, Steps

_NAMES: Final = 100
"""eSIMs of one statement; a shorter list is filled with its first."""

SQL: Final = {
    "begin": """
        INSERT INTO catalogue_syncs (name, started_ms, lease_ms, is_dry, problem)
        VALUES ($1, $2, $3, $4, '')
        ON CONFLICT (name) DO UPDATE SET started_ms = excluded.started_ms,
          lease_ms = excluded.lease_ms, is_dry = excluded.is_dry, ended_ms = NULL, problem = '',
          report = NULL
        WHERE catalogue_syncs.ended_ms IS NOT NULL OR catalogue_syncs.lease_ms <= $2
        RETURNING name
    """,
    "extend": """
        UPDATE catalogue_syncs SET lease_ms = $3
        WHERE name = $1 AND started_ms = $2 AND ended_ms IS NULL RETURNING name
    """,
    "end": """
        UPDATE catalogue_syncs SET applied_ms = $3, full_ms = $4, ended_ms = $5, problem = $6,
          report = $7
        WHERE name = $1 AND started_ms = $2 AND ended_ms IS NULL RETURNING name
    """,
    "list": """
        SELECT name, applied_ms, full_ms, started_ms, ended_ms, lease_ms, is_dry, problem, report
        FROM catalogue_syncs ORDER BY name
    """,
    "note_listed": """
        INSERT INTO listed_esims (source, esim_tran_no) VALUES ($1, $2)
        ON CONFLICT (source, esim_tran_no) DO UPDATE SET missing_ms = NULL
        WHERE listed_esims.missing_ms IS NOT NULL
    """,
    "mark_missing": """
        UPDATE listed_esims SET missing_ms = $3
        WHERE source = $1 AND esim_tran_no = $2 AND missing_ms IS NULL RETURNING esim_tran_no
    """,
    "list_listed": """
        SELECT esim_tran_no, missing_ms FROM listed_esims
        WHERE source = $1 AND esim_tran_no > $2 ORDER BY esim_tran_no LIMIT $3
    """,
    "stored_profiles": """
        SELECT esim_tran_no, smdp_status FROM esims
        WHERE account_id = $1 AND esim_tran_no IN (%NAMES%)
    """.replace("%NAMES%", ", ".join(f"${2 + place}" for place in range(_NAMES))),
}

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(SyncReport).decode


class StoredCatalogueSyncs:
    """Implements `simpost.ports.store.CatalogueSyncStore`."""

    def __init__(self, database: SharedDatabase) -> None:
        self._database = database

    async def begin_sync(self, name: str, *, now_ms: int, lease_ms: int, is_dry: bool) -> bool:
        return await self._database.transact(_changed, "begin", (name, now_ms, lease_ms, is_dry))

    async def extend_sync(self, name: str, *, started_ms: int, lease_ms: int) -> bool:
        return await self._database.transact(_changed, "extend", (name, started_ms, lease_ms))

    async def end_sync(self, state: SyncState) -> bool:
        report = None if state.report is None else _encode(state.report).decode()
        values = state.applied_ms, state.full_ms, state.ended_ms, state.problem, report
        return await self._database.transact(
            _changed, "end", (state.name, state.started_ms, *values)
        )

    async def note_listed(self, name: str, esim_tran_nos: Sequence[str]) -> None:
        await self._database.transact(_note_listed, name, esim_tran_nos)

    async def mark_missing(self, name: str, esim_tran_nos: Sequence[str], *, now_ms: int) -> int:
        return await self._database.transact(_mark_missing, name, esim_tran_nos, now_ms)

    async def list_listed(self, name: str, *, after: str, limit: int) -> list[ListedEsim]:
        return await self._database.query(_list_listed, name, after, limit)

    async def stored_profiles(
        self, account_id: int, esim_tran_nos: Sequence[str]
    ) -> dict[str, str]:
        return await self._database.query(_stored_profiles, account_id, esim_tran_nos)

    async def list_syncs(self) -> list[SyncState]:
        return await self._database.query(_list)


def _changed(name: str, values: tuple[object, ...]) -> Steps[bool]:
    rows = yield SQL[name], values
    return bool(rows)


def _note_listed(name: str, esim_tran_nos: Sequence[str]) -> Steps[None]:
    for number in sorted(set(esim_tran_nos)):
        yield SQL["note_listed"], (name, number)


def _mark_missing(name: str, esim_tran_nos: Sequence[str], now_ms: int) -> Steps[int]:
    count = 0
    for number in sorted(set(esim_tran_nos)):
        rows = yield SQL["mark_missing"], (name, number, now_ms)
        count += len(rows)
    return count


def _list_listed(name: str, after: str, limit: int) -> Steps[list[ListedEsim]]:
    rows = yield SQL["list_listed"], (name, after, limit)
    return [ListedEsim(row["esim_tran_no"], row["missing_ms"]) for row in rows]


def _stored_profiles(account_id: int, esim_tran_nos: Sequence[str]) -> Steps[dict[str, str]]:
    found: dict[str, str] = {}
    for first in range(0, len(esim_tran_nos), _NAMES):
        some = esim_tran_nos[first : first + _NAMES]
        padded = *some, *[some[0]] * (_NAMES - len(some))
        rows = yield SQL["stored_profiles"], (account_id, *padded)
        found |= {row["esim_tran_no"]: row["smdp_status"] for row in rows}
    return found


def _list() -> Steps[list[SyncState]]:
    rows = yield SQL["list"], ()
    return [_state(row) for row in rows]


def _state(row: NamedRow) -> SyncState:
    return SyncState(
        row["name"],
        row["applied_ms"],
        row["full_ms"],
        row["started_ms"],
        row["ended_ms"],
        row["lease_ms"],
        bool(row["is_dry"]),
        row["problem"],
        None if row["report"] is None else _decode(row["report"]),
    )
