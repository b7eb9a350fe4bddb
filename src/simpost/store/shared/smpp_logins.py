"""SMPP logins: the digest of each password, and how far receipts were acknowledged."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

import msgspec

from simpost.domain.smpp_logins import MAX_SMPP_LOGINS, SmppLogin
from simpost.errors import InvalidRequest
from simpost.store.records.row import NamedRow
from simpost.store.shared.steps import SharedDatabase, Steps

SQL: Final = {
    "list": """
        SELECT account_id, system_id, salt, digest, created_ms, ip_allow
        FROM smpp_logins ORDER BY account_id, created_ms, system_id
    """,
    # Holds the account until the commit: of several nodes one at a time adds.
    "lock": """
        UPDATE event_logs SET last_sequence = last_sequence WHERE account_id = $1
        RETURNING last_sequence
    """,
    "count": "SELECT count(*) AS logins FROM smpp_logins WHERE account_id = $1",
    "add": """
        INSERT INTO smpp_logins (account_id, system_id, salt, digest, created_ms, ip_allow, cursor,
          owner, lease_ms)
        VALUES ($1, $2, $3, $4, $5, $6, $7, '', 0)
        ON CONFLICT (system_id) DO NOTHING RETURNING system_id
    """,
    "delete": """
        DELETE FROM smpp_logins WHERE account_id = $1 AND system_id = $2 RETURNING system_id
    """,
    "has_new": """
        SELECT l.system_id FROM smpp_logins AS l JOIN event_logs AS e ON e.account_id = l.account_id
        WHERE l.system_id = $1 AND l.lease_ms <= $2 AND l.cursor < e.last_sequence
    """,
    "claim": """
        UPDATE smpp_logins SET owner = $2, lease_ms = $4 WHERE system_id = $1 AND lease_ms <= $3
        RETURNING cursor
    """,
    "record": """
        UPDATE smpp_logins SET cursor = $3, lease_ms = $5
        WHERE system_id = $1 AND owner = $2 AND lease_ms > $4 RETURNING system_id
    """,
    "release": "UPDATE smpp_logins SET lease_ms = $2 WHERE owner = $1 AND lease_ms > $2",
}
_decode_networks = msgspec.json.Decoder(tuple[str, ...]).decode


class StoredSmppLogins:
    """Implements `simpost.ports.store.SmppLoginStore`."""

    def __init__(self, database: SharedDatabase) -> None:
        self._database = database

    async def list_smpp_logins(self) -> list[SmppLogin]:
        return await self._database.query(_list)

    async def add_smpp_login(self, login: SmppLogin) -> bool:
        return await self._database.transact(_add, login)

    async def delete_smpp_login(self, account_id: int, system_id: str) -> bool:
        return await self._database.transact(_delete, account_id, system_id)

    async def claim_smpp_logins(
        self, owner: str, system_ids: Collection[str], *, now_ms: int, lease_ms: int
    ) -> dict[str, int]:
        waiting = await self._database.query(_with_new_events, system_ids, now_ms)
        if not waiting:
            return {}
        return await self._database.transact(_claim, owner, waiting, now_ms, lease_ms)

    async def record_smpp_cursor(
        self, owner: str, system_id: str, cursor: int, *, now_ms: int, lease_ms: int
    ) -> bool:
        facts = (system_id, owner, cursor, now_ms, lease_ms)
        return await self._database.transact(_record, facts)

    async def release_smpp_logins(self, owner: str, *, now_ms: int) -> None:
        await self._database.transact(_release, owner, now_ms)


def _list() -> Steps[list[SmppLogin]]:
    rows = yield SQL["list"], ()
    return [_login(row) for row in rows]


def _add(login: SmppLogin) -> Steps[bool]:
    [log] = yield SQL["lock"], (login.account_id,)
    [count] = yield SQL["count"], (login.account_id,)
    if count["logins"] >= MAX_SMPP_LOGINS:
        return False
    networks = msgspec.json.encode(login.ip_allow).decode()
    digests = (login.salt, login.digest)
    facts = (login.account_id, login.system_id, *digests, login.created_ms, networks)
    if not (yield SQL["add"], (*facts, log["last_sequence"])):
        raise InvalidRequest("this system_id is taken")
    return True


def _delete(account_id: int, system_id: str) -> Steps[bool]:
    return bool((yield SQL["delete"], (account_id, system_id)))


def _with_new_events(system_ids: Collection[str], now_ms: int) -> Steps[list[str]]:
    """Those with new events and without a lease. A read: it costs less than a claim."""
    waiting: list[str] = []
    for system_id in system_ids:
        rows = yield SQL["has_new"], (system_id, now_ms)
        waiting += [row["system_id"] for row in rows]
    return waiting


def _claim(
    owner: str, system_ids: Collection[str], now_ms: int, lease_ms: int
) -> Steps[dict[str, int]]:
    cursors = {}
    for system_id in sorted(system_ids):
        for row in (yield SQL["claim"], (system_id, owner, now_ms, lease_ms)):
            cursors[system_id] = row["cursor"]
    return cursors


def _record(facts: tuple[str | int, ...]) -> Steps[bool]:
    return bool((yield SQL["record"], facts))


def _release(owner: str, now_ms: int) -> Steps[None]:
    yield SQL["release"], (owner, now_ms)


def _login(row: NamedRow) -> SmppLogin:
    return SmppLogin(
        account_id=row["account_id"],
        system_id=row["system_id"],
        salt=row["salt"],
        digest=row["digest"],
        created_ms=row["created_ms"],
        ip_allow=_decode_networks(row["ip_allow"]),
    )
