"""API keys: the digest of each key, its scopes and its times."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from simpost.domain.api_keys import MAX_API_KEYS, ApiKey, KeyScope
from simpost.ports.store.api_keys import ApiKeyUse
from simpost.store.records.row import NamedRow
from simpost.store.shared.steps import SharedDatabase, Steps

_SCOPES: Final = frozenset(KeyScope)

SQL: Final = {
    "list": """
        SELECT account_id, id, name, digest, scopes, created_ms, expires_ms, last_used_ms
        FROM api_keys ORDER BY account_id, created_ms, id
    """,
    "count": "SELECT count(*) AS keys FROM api_keys WHERE account_id = $1",
    "add": """
        INSERT INTO api_keys (account_id, id, name, digest, scopes, created_ms, expires_ms)
        VALUES ($1, $2, $3, $4, $5, $6, $7)
    """,
    "delete": "DELETE FROM api_keys WHERE account_id = $1 AND id = $2 RETURNING id",
    "note_use": """
        UPDATE api_keys SET last_used_ms = $3
        WHERE account_id = $1 AND id = $2 AND coalesce(last_used_ms, 0) < $3
    """,
}


class StoredApiKeys:
    """Implements `simpost.ports.store.ApiKeyStore`."""

    def __init__(self, database: SharedDatabase) -> None:
        self._database = database

    async def list_api_keys(self) -> list[ApiKey]:
        return await self._database.query(_list)

    async def add_api_key(self, key: ApiKey) -> bool:
        return await self._database.transact(_add, key)

    async def delete_api_key(self, account_id: int, key_id: str) -> bool:
        return await self._database.transact(_delete, account_id, key_id)

    async def note_api_key_uses(self, uses: Sequence[ApiKeyUse]) -> None:
        await self._database.transact(_note_uses, uses)


def _list() -> Steps[list[ApiKey]]:
    rows = yield SQL["list"], ()
    return [_key(row) for row in rows]


def _add(key: ApiKey) -> Steps[bool]:
    [count] = yield SQL["count"], (key.account_id,)
    if count["keys"] >= MAX_API_KEYS:
        return False
    scopes = " ".join(sorted(key.scopes))
    times = (key.created_ms, key.expires_ms)
    yield SQL["add"], (key.account_id, key.id, key.name, key.digest, scopes, *times)
    return True


def _delete(account_id: int, key_id: str) -> Steps[bool]:
    return bool((yield SQL["delete"], (account_id, key_id)))


def _note_uses(uses: Sequence[ApiKeyUse]) -> Steps[None]:
    for use in uses:
        yield SQL["note_use"], (use.account_id, use.key_id, use.used_ms)


def _key(row: NamedRow) -> ApiKey:
    return ApiKey(
        account_id=row["account_id"],
        id=row["id"],
        name=row["name"],
        digest=row["digest"],
        # A newer release may have saved a scope that this one does not know.
        scopes=frozenset(_SCOPES & set(row["scopes"].split())),
        created_ms=row["created_ms"],
        expires_ms=row["expires_ms"],
        last_used_ms=row["last_used_ms"],
    )
