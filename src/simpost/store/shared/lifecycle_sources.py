"""Sources of lifecycle events, and deliveries that were not understood."""

from __future__ import annotations

from typing import Final

import msgspec

from simpost.ports.store.lifecycle_sources import (
    ERROR_STEP,
    MOST_ERRORS,
    MOST_SOURCES,
    LifecycleError,
    LifecycleSource,
)
from simpost.store.records.row import NamedRow
from simpost.store.secret_box import SecretBox
from simpost.store.shared.steps import SharedDatabase, Steps

_BEYOND: Final = b"\xff" * 16
_decode_networks = msgspec.json.Decoder(tuple[str, ...]).decode

SQL: Final = {
    "count": "SELECT count(*) AS sources FROM lifecycle_sources WHERE account_id = $1",
    "add": """
        INSERT INTO lifecycle_sources (
          account_id, id, kind, name, digest, sealed_secret, ip_allow, mapping, created_ms
        ) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
    """,
    "list": "SELECT * FROM lifecycle_sources ORDER BY account_id, created_ms, id",
    "delete": "DELETE FROM lifecycle_sources WHERE account_id = $1 AND id = $2 RETURNING id",
    "note_event": """
        UPDATE lifecycle_sources SET last_event_ms = $3
        WHERE account_id = $1 AND id = $2 AND coalesce(last_event_ms, 0) < $3
    """,
    "note_test": """
        UPDATE lifecycle_sources SET last_test_ms = $3
        WHERE account_id = $1 AND id = $2 AND coalesce(last_test_ms, 0) < $3
    """,
    "add_error": """
        INSERT INTO lifecycle_errors (
          account_id, id, source_id, digest, reason, body, received_ms
        ) VALUES ($1, $2, $3, $4, $5, $6, $7)
        ON CONFLICT DO NOTHING
        RETURNING id
    """,
    "trim_errors": """
        DELETE FROM lifecycle_errors WHERE account_id = $1 AND id IN (
          SELECT id FROM lifecycle_errors WHERE account_id = $1
          ORDER BY id DESC LIMIT 100 OFFSET $2)
    """,
    "list_errors": """
        SELECT * FROM lifecycle_errors WHERE account_id = $1 AND id < $2 ORDER BY id DESC LIMIT $3
    """,
    "delete_errors": """
        DELETE FROM lifecycle_errors WHERE (account_id, id) IN (
          SELECT account_id, id FROM lifecycle_errors
          WHERE received_ms < $1 ORDER BY received_ms LIMIT $2
        )
        RETURNING id
    """,
}


class StoredLifecycleSources:
    """Implements `simpost.ports.store.LifecycleSourceStore`."""

    def __init__(self, database: SharedDatabase, seal: SecretBox) -> None:
        self._database = database
        self._seal = seal

    async def add_source(self, source: LifecycleSource) -> bool:
        return await self._database.transact(_add, self._seal, source)

    async def list_sources(self) -> list[LifecycleSource]:
        return await self._database.query(_list, self._seal)

    async def delete_source(self, account_id: int, source_id: str) -> bool:
        return await self._database.transact(_delete, account_id, source_id)

    async def note_source_use(
        self, account_id: int, source_id: str, *, event_ms: int | None, test_ms: int | None
    ) -> None:
        await self._database.transact(_note_use, (account_id, source_id), event_ms, test_ms)

    async def add_error(self, error: LifecycleError) -> bool:
        return await self._database.transact(_add_error, error)

    async def list_errors(
        self, account_id: int, *, before: bytes | None, limit: int
    ) -> list[LifecycleError]:
        return await self._database.query(_list_errors, account_id, before, limit)

    async def delete_errors(self, *, before_ms: int) -> int:
        return await self._database.transact(_delete_errors, before_ms)


def _add(seal: SecretBox, source: LifecycleSource) -> Steps[bool]:
    [count] = yield SQL["count"], (source.account_id,)
    if count["sources"] >= MOST_SOURCES:
        return False
    secret = source.secret
    yield (
        SQL["add"],
        (
            source.account_id,
            source.id,
            source.kind,
            source.name,
            source.digest,
            None if secret is None else seal.close(_name(source.id), secret),
            msgspec.json.encode(source.ip_allow).decode(),
            source.mapping,
            source.created_ms,
        ),
    )
    return True


def _list(seal: SecretBox) -> Steps[list[LifecycleSource]]:
    rows = yield SQL["list"], ()
    return [_source(seal, row) for row in rows]


def _delete(account_id: int, source_id: str) -> Steps[bool]:
    return bool((yield SQL["delete"], (account_id, source_id)))


def _note_use(key: tuple[int, str], event_ms: int | None, test_ms: int | None) -> Steps[None]:
    if event_ms is not None:
        yield SQL["note_event"], (*key, event_ms)
    if test_ms is not None:
        yield SQL["note_test"], (*key, test_ms)


def _add_error(error: LifecycleError) -> Steps[bool]:
    added = yield SQL["add_error"], msgspec.structs.astuple(error)
    if added:
        yield SQL["trim_errors"], (error.account_id, MOST_ERRORS)
    return bool(added)


def _list_errors(account_id: int, before: bytes | None, limit: int) -> Steps[list[LifecycleError]]:
    rows = yield SQL["list_errors"], (account_id, before or _BEYOND, limit)
    return [
        LifecycleError(
            account_id=row["account_id"],
            id=row["id"],
            source_id=row["source_id"],
            digest=row["digest"],
            reason=row["reason"],
            body=row["body"],
            received_ms=row["received_ms"],
        )
        for row in rows
    ]


def _delete_errors(before_ms: int) -> Steps[int]:
    rows = yield SQL["delete_errors"], (before_ms, ERROR_STEP)
    return len(rows)


def _name(source_id: str) -> str:
    return f"lifecycle source {source_id}"


def _source(seal: SecretBox, row: NamedRow) -> LifecycleSource:
    """Raises StoreError when its secret was sealed with another key."""
    sealed = row["sealed_secret"]
    return LifecycleSource(
        account_id=row["account_id"],
        id=row["id"],
        kind=row["kind"],
        name=row["name"],
        digest=row["digest"],
        created_ms=row["created_ms"],
        secret=None if sealed is None else seal.open(_name(row["id"]), sealed),
        ip_allow=_decode_networks(row["ip_allow"]),
        mapping=row["mapping"],
        last_event_ms=row["last_event_ms"],
        last_test_ms=row["last_test_ms"],
    )
