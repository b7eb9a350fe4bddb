"""Users of the console, their sessions, and the audit log."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from simpost.domain.console_users import (
    MAX_SESSIONS,
    MAX_USERS,
    AuditRow,
    ConsoleRole,
    ConsoleSession,
    ConsoleUser,
)
from simpost.errors import InvalidRequest
from simpost.ports.store.console import CONSOLE_STEP, SignedIn
from simpost.store.records.ids import AFTER_ALL_IDS
from simpost.store.records.row import NamedRow
from simpost.store.shared.second_factors import delete_second_factor
from simpost.store.shared.steps import SharedDatabase, Steps

_MOST_FOUND: Final = 20

SQL: Final = {
    "count_users": "SELECT count(*) AS users FROM console_users",
    "add_user": """
        INSERT INTO console_users (name, role, account_id, password_digest, created_ms)
        VALUES ($1, $2, $3, $4, $5) ON CONFLICT (name) DO NOTHING RETURNING name
    """,
    "list_users": """
        SELECT u.*, EXISTS (
          SELECT 1 FROM console_totp AS t WHERE t.user_name = u.name AND t.confirmed_ms IS NOT NULL
        ) AS has_totp
        FROM console_users AS u ORDER BY u.name
    """,
    "find_user": """
        SELECT u.*, EXISTS (
          SELECT 1 FROM console_totp AS t WHERE t.user_name = u.name AND t.confirmed_ms IS NOT NULL
        ) AS has_totp
        FROM console_users AS u WHERE u.name = $1
    """,
    "set_password": """
        UPDATE console_users SET password_digest = $2 WHERE name = $1 RETURNING name
    """,
    "delete_user": "DELETE FROM console_users WHERE name = $1 RETURNING name",
    "end_sessions": "DELETE FROM console_sessions WHERE user_name = $1",
    # Holds the user until the commit: a password that changes now ends the session too.
    "hold_user": """
        UPDATE console_users SET created_ms = created_ms WHERE name = $1 AND password_digest = $2
        RETURNING name
    """,
    "has_totp": """
        SELECT user_name FROM console_totp WHERE user_name = $1 AND confirmed_ms IS NOT NULL
    """,
    "add_session": """
        INSERT INTO console_sessions (digest, user_name, created_ms, seen_ms, address)
        VALUES ($1, $2, $3, $4, $5)
    """,
    "end_oldest": """
        DELETE FROM console_sessions WHERE user_name = $1 AND digest NOT IN (
          SELECT digest FROM console_sessions WHERE user_name = $1
          ORDER BY created_ms DESC, digest LIMIT $2
        )
    """,
    "find_session": """
        SELECT s.digest, s.user_name, s.created_ms AS began_ms, s.seen_ms, s.address,
          u.name, u.role, u.account_id, u.password_digest, u.created_ms, EXISTS (
            SELECT 1 FROM console_totp AS t
            WHERE t.user_name = u.name AND t.confirmed_ms IS NOT NULL
          ) AS has_totp
        FROM console_sessions AS s JOIN console_users AS u ON u.name = s.user_name
        WHERE s.digest = $1
    """,
    "touch": "UPDATE console_sessions SET seen_ms = $2 WHERE digest = $1 AND seen_ms < $2",
    "list_sessions": """
        SELECT s.digest, s.user_name, s.created_ms AS began_ms, s.seen_ms, s.address
        FROM console_sessions AS s WHERE s.user_name = $1 ORDER BY s.created_ms DESC, s.digest
    """,
    "end_session": """
        DELETE FROM console_sessions WHERE user_name = $1 AND digest = $2 RETURNING digest
    """,
    "delete_old": """
        DELETE FROM console_sessions WHERE digest IN (
          SELECT digest FROM console_sessions WHERE created_ms < $1 OR seen_ms < $2 LIMIT $3
        ) RETURNING digest
    """,
    "add_audit": """
        INSERT INTO console_audit (id, at_ms, user_name, account_id, action, target, address)
        VALUES ($1, $2, $3, $4, $5, $6, $7)
        ON CONFLICT (id) DO NOTHING RETURNING at_ms
    """,
    "audit": """
        SELECT id, at_ms, user_name, account_id, action, target, address FROM console_audit
        WHERE id < $1 ORDER BY id DESC LIMIT $2
    """,
    "audit_of_account": """
        SELECT id, at_ms, user_name, account_id, action, target, address FROM console_audit
        WHERE account_id = $1 AND id < $2 ORDER BY id DESC LIMIT $3
    """,
    "carrier_id": """
        SELECT account_id, message_id FROM parts
        WHERE carrier = $1 AND carrier_message_id = $2 AND carrier_message_id IS NOT NULL
          AND final_ms IS NULL
        LIMIT $3
    """,
    "carrier_id_ever": """
        SELECT account_id, message_id FROM parts
        WHERE carrier = $1 AND carrier_message_id = $2 AND carrier_message_id IS NOT NULL
        LIMIT $3
    """,
    "delete_audit": """
        DELETE FROM console_audit WHERE id IN (
          SELECT id FROM console_audit WHERE at_ms < $1 ORDER BY at_ms LIMIT $2
        ) RETURNING id
    """,
}


class StoredConsole:
    """Implements `simpost.ports.store.ConsoleStore`.

    `knows_ended`: the index of carriers' ids has ended parts too.
    """

    def __init__(self, database: SharedDatabase, *, knows_ended: bool = False) -> None:
        self._database = database
        self._by_carrier_id = "carrier_id_ever" if knows_ended else "carrier_id"

    async def add_user(self, user: ConsoleUser) -> bool:
        return await self._database.transact(_add_user, user)

    async def list_users(self) -> list[ConsoleUser]:
        return await self._database.query(_list_users)

    async def find_user(self, name: str) -> ConsoleUser | None:
        return await self._database.query(_find_user, name)

    async def set_password(self, name: str, password_digest: str) -> bool:
        return await self._database.transact(_set_password, name, password_digest)

    async def delete_user(self, name: str) -> bool:
        return await self._database.transact(_delete_user, name)

    async def add_session(
        self, session: ConsoleSession, *, expected_digest: str, gave_code: bool = False
    ) -> bool:
        return await self._database.transact(
            _add_session, session, expected_digest, gave_code=gave_code
        )

    async def find_session(self, digest: bytes) -> SignedIn | None:
        return await self._database.query(_find_session, digest)

    async def touch_session(self, digest: bytes, *, now_ms: int) -> None:
        await self._database.transact(_touch, digest, now_ms)

    async def list_sessions(self, user: str) -> list[ConsoleSession]:
        return await self._database.query(_list_sessions, user)

    async def delete_session(self, user: str, digest: bytes) -> bool:
        return await self._database.transact(_delete_session, user, digest)

    async def delete_old_sessions(self, *, created_before_ms: int, seen_before_ms: int) -> int:
        return await self._database.transact(_delete_old, created_before_ms, seen_before_ms)

    async def add_audit(self, row: AuditRow) -> bool:
        return await self._database.transact(_add_audit, row)

    async def list_audit(
        self, account_id: int | None, *, before: bytes | None, limit: int
    ) -> list[AuditRow]:
        return await self._database.query(_list_audit, account_id, before, limit)

    async def delete_audit(self, *, before_ms: int) -> int:
        return await self._database.transact(_delete_audit, before_ms)

    async def find_by_carrier_id(
        self, carriers: Sequence[str], carrier_message_id: str
    ) -> list[tuple[int, bytes]]:
        return await self._database.query(
            _find_by_carrier_id, self._by_carrier_id, carriers, carrier_message_id
        )


def _find_by_carrier_id(
    statement: str, carriers: Sequence[str], carrier_message_id: str
) -> Steps[list[tuple[int, bytes]]]:
    found: dict[tuple[int, bytes], None] = {}
    for carrier in carriers:
        rows = yield SQL[statement], (carrier, carrier_message_id, _MOST_FOUND)
        found |= {(row["account_id"], row["message_id"]): None for row in rows}
    return list(found)


def _add_user(user: ConsoleUser) -> Steps[bool]:
    [count] = yield SQL["count_users"], ()
    if count["users"] >= MAX_USERS:
        return False
    facts = (user.name, user.role.value, user.account_id, user.password_digest, user.created_ms)
    if not (yield SQL["add_user"], facts):
        raise InvalidRequest("this name is taken")
    return True


def _list_users() -> Steps[list[ConsoleUser]]:
    return [_user(row) for row in (yield SQL["list_users"], ())]


def _find_user(name: str) -> Steps[ConsoleUser | None]:
    rows = yield SQL["find_user"], (name,)
    return _user(rows[0]) if rows else None


def _set_password(name: str, password_digest: str) -> Steps[bool]:
    if not (yield SQL["set_password"], (name, password_digest)):
        return False
    yield SQL["end_sessions"], (name,)
    return True


def _delete_user(name: str) -> Steps[bool]:
    if not (yield SQL["delete_user"], (name,)):
        return False
    yield SQL["end_sessions"], (name,)
    yield from delete_second_factor(name)
    return True


def _add_session(session: ConsoleSession, expected_digest: str, *, gave_code: bool) -> Steps[bool]:
    if not (yield SQL["hold_user"], (session.user, expected_digest)):
        return False
    if not gave_code and (yield SQL["has_totp"], (session.user,)):
        return False
    times = (session.created_ms, session.seen_ms)
    yield SQL["add_session"], (session.digest, session.user, *times, session.address)
    yield SQL["end_oldest"], (session.user, MAX_SESSIONS)
    return True


def _find_session(digest: bytes) -> Steps[SignedIn | None]:
    rows = yield SQL["find_session"], (digest,)
    return SignedIn(_session(rows[0]), _user(rows[0])) if rows else None


def _touch(digest: bytes, now_ms: int) -> Steps[None]:
    yield SQL["touch"], (digest, now_ms)


def _list_sessions(user: str) -> Steps[list[ConsoleSession]]:
    return [_session(row) for row in (yield SQL["list_sessions"], (user,))]


def _delete_session(user: str, digest: bytes) -> Steps[bool]:
    return bool((yield SQL["end_session"], (user, digest)))


def _delete_old(created_before_ms: int, seen_before_ms: int) -> Steps[int]:
    rows = yield SQL["delete_old"], (created_before_ms, seen_before_ms, CONSOLE_STEP)
    return len(rows)


def _add_audit(row: AuditRow) -> Steps[bool]:
    facts = (row.id, row.at_ms, row.user, row.account_id, row.action, row.target, row.address)
    return bool((yield SQL["add_audit"], facts))


def _list_audit(account_id: int | None, before: bytes | None, limit: int) -> Steps[list[AuditRow]]:
    end = before or AFTER_ALL_IDS
    if account_id is None:
        rows = yield SQL["audit"], (end, limit)
    else:
        rows = yield SQL["audit_of_account"], (account_id, end, limit)
    return [_audit(row) for row in rows]


def _delete_audit(before_ms: int) -> Steps[int]:
    return len((yield SQL["delete_audit"], (before_ms, CONSOLE_STEP)))


def _user(row: NamedRow) -> ConsoleUser:
    return ConsoleUser(
        name=row["name"],
        role=ConsoleRole(row["role"]),
        account_id=row["account_id"],
        password_digest=row["password_digest"],
        created_ms=row["created_ms"],
        has_totp=bool(row["has_totp"]),
    )


def _session(row: NamedRow) -> ConsoleSession:
    return ConsoleSession(
        digest=row["digest"],
        user=row["user_name"],
        created_ms=row["began_ms"],
        seen_ms=row["seen_ms"],
        address=row["address"],
    )


def _audit(row: NamedRow) -> AuditRow:
    return AuditRow(
        id=row["id"],
        at_ms=row["at_ms"],
        user=row["user_name"],
        account_id=row["account_id"],
        action=row["action"],
        target=row["target"],
        address=row["address"],
    )
