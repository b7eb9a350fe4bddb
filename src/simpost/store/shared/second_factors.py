"""Authenticators of console users, and their recovery codes."""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Sequence
from typing import Final

from simpost.domain.totp import (
    BLOCKED_MS,
    MAX_FAILURES,
    is_totp_code,
    matching_step,
    plain_code,
    recovery_digest,
)
from simpost.ports.store.second_factors import SecondFactor, SecondFactorCheck
from simpost.store.records.row import NamedRow
from simpost.store.secret_box import SecretBox
from simpost.store.shared.steps import SharedDatabase, Steps

SQL: Final = {
    # Holds the user until the commit: a session that begins now is before or after the change.
    "hold_user": """
        UPDATE console_users SET created_ms = created_ms WHERE name = $1 RETURNING name
    """,
    "begin": """
        INSERT INTO console_totp
          (user_name, secret, created_ms, confirmed_ms, last_step, failures, failed_ms)
        VALUES ($1, $2, $3, NULL, 0, 0, 0)
        ON CONFLICT (user_name) DO UPDATE SET secret = $2, created_ms = $3
          WHERE console_totp.confirmed_ms IS NULL
        RETURNING user_name
    """,
    "unconfirmed": """
        SELECT secret FROM console_totp WHERE user_name = $1 AND confirmed_ms IS NULL
    """,
    "confirm": """
        UPDATE console_totp SET confirmed_ms = $2, last_step = $3
        WHERE user_name = $1 AND confirmed_ms IS NULL RETURNING user_name
    """,
    "end_sessions": "DELETE FROM console_sessions WHERE user_name = $1",
    "find": """
        SELECT confirmed_ms, (
          SELECT count(*) FROM console_recovery_codes AS r WHERE r.user_name = t.user_name
        ) AS recovery_codes
        FROM console_totp AS t WHERE user_name = $1 AND confirmed_ms IS NOT NULL
    """,
    # Holds the authenticator until the commit: of equal codes on two nodes one counts.
    "hold": """
        UPDATE console_totp SET failures = failures
        WHERE user_name = $1 AND confirmed_ms IS NOT NULL
        RETURNING secret, last_step, failures, failed_ms
    """,
    "use": "UPDATE console_totp SET last_step = $2, failures = 0 WHERE user_name = $1",
    "fail": "UPDATE console_totp SET failures = $2, failed_ms = $3 WHERE user_name = $1",
    "use_recovery": """
        DELETE FROM console_recovery_codes WHERE user_name = $1 AND digest = $2 RETURNING digest
    """,
    "add_recovery": "INSERT INTO console_recovery_codes (user_name, digest) VALUES ($1, $2)",
    "delete_recovery": "DELETE FROM console_recovery_codes WHERE user_name = $1",
    "delete": "DELETE FROM console_totp WHERE user_name = $1 RETURNING user_name",
}


class StoredSecondFactors:
    """Implements `simpost.ports.store.SecondFactorStore`."""

    def __init__(self, database: SharedDatabase, seal: SecretBox) -> None:
        self._database = database
        self._seal = seal

    async def begin_totp(self, user: str, secret: bytes, *, now_ms: int) -> bool:
        sealed = self._seal.close(_name(user), b64encode(secret).decode())
        return await self._database.transact(_begin, user, sealed, now_ms)

    async def find_unconfirmed(self, user: str) -> bytes | None:
        return await self._database.query(_find_unconfirmed, self._seal, user)

    async def confirm_totp(
        self, user: str, code: str, *, digests: Sequence[bytes], now_ms: int
    ) -> bool:
        return await self._database.transact(_confirm, self._seal, user, code, digests, now_ms)

    async def find_second_factor(self, user: str) -> SecondFactor | None:
        return await self._database.query(_find, user)

    async def use_code(self, user: str, code: str, *, now_ms: int) -> SecondFactorCheck:
        return await self._database.transact(_use_code, self._seal, user, code, now_ms)

    async def replace_recovery_codes(self, user: str, digests: Sequence[bytes]) -> bool:
        return await self._database.transact(_replace, user, digests)

    async def delete_totp(self, user: str, *, ends_sessions: bool) -> bool:
        return await self._database.transact(_delete, user, ends_sessions=ends_sessions)


def _begin(user: str, sealed: str, now_ms: int) -> Steps[bool]:
    if not (yield SQL["hold_user"], (user,)):
        return False
    return bool((yield SQL["begin"], (user, sealed, now_ms)))


def _find_unconfirmed(seal: SecretBox, user: str) -> Steps[bytes | None]:
    rows = yield SQL["unconfirmed"], (user,)
    return _secret(seal, user, rows[0]) if rows else None


def _confirm(
    seal: SecretBox, user: str, code: str, digests: Sequence[bytes], now_ms: int
) -> Steps[bool]:
    yield SQL["hold_user"], (user,)
    secret = yield from _find_unconfirmed(seal, user)
    if secret is None:
        return False
    step = matching_step(secret, plain_code(code), now_ms=now_ms, after_step=0)
    if step is None or not (yield SQL["confirm"], (user, now_ms, step)):
        return False
    yield from _write_recovery(user, digests)
    yield SQL["end_sessions"], (user,)
    return True


def _find(user: str) -> Steps[SecondFactor | None]:
    rows = yield SQL["find"], (user,)
    return SecondFactor(rows[0]["confirmed_ms"], rows[0]["recovery_codes"]) if rows else None


def _use_code(seal: SecretBox, user: str, code: str, now_ms: int) -> Steps[SecondFactorCheck]:
    rows = yield SQL["hold"], (user,)
    if not rows:
        return SecondFactorCheck.WRONG
    [row] = rows
    is_recent = now_ms < row["failed_ms"] + BLOCKED_MS
    if is_recent and row["failures"] >= MAX_FAILURES:
        return SecondFactorCheck.BLOCKED
    plain = plain_code(code)
    if is_totp_code(plain):
        secret = _secret(seal, user, row)
        step = matching_step(secret, plain, now_ms=now_ms, after_step=row["last_step"])
        if step is not None:
            yield SQL["use"], (user, step)
            return SecondFactorCheck.TOTP
    elif (yield SQL["use_recovery"], (user, recovery_digest(user, plain))):
        yield SQL["use"], (user, row["last_step"])
        return SecondFactorCheck.RECOVERY
    yield SQL["fail"], (user, row["failures"] + 1 if is_recent else 1, now_ms)
    return SecondFactorCheck.WRONG


def _replace(user: str, digests: Sequence[bytes]) -> Steps[bool]:
    if not (yield SQL["hold"], (user,)):
        return False
    yield from _write_recovery(user, digests)
    return True


def _delete(user: str, *, ends_sessions: bool) -> Steps[bool]:
    yield SQL["hold_user"], (user,)
    is_deleted = yield from delete_second_factor(user)
    if is_deleted and ends_sessions:
        yield SQL["end_sessions"], (user,)
    return is_deleted


def delete_second_factor(user: str) -> Steps[bool]:
    """Part of a transaction that holds the user."""
    yield SQL["delete_recovery"], (user,)
    return bool((yield SQL["delete"], (user,)))


def _write_recovery(user: str, digests: Sequence[bytes]) -> Steps[None]:
    yield SQL["delete_recovery"], (user,)
    for digest in digests:
        yield SQL["add_recovery"], (user, digest)


def _secret(seal: SecretBox, user: str, row: NamedRow) -> bytes:
    return b64decode(seal.open(_name(user), row["secret"]))


def _name(user: str) -> str:
    return f"authenticator of {user}"
