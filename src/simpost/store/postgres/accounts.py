"""Accounts, their secrets sealed on the way in and opened on the way out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import asyncpg
import msgspec

from simpost.domain.accounts import Account, Dialect
from simpost.domain.messages import Category
from simpost.errors import InvalidRequest
from simpost.store.postgres.link import Session
from simpost.store.seal import Seal

_SEAL = "seal"
_CANARY = "simpost"


class Sealed(NamedTuple):
    """An account, with its secret as it is kept."""

    account: Account
    secret: str


async def add_accounts(session: Session, accounts: Sequence[Sealed]) -> list[int]:
    async with session.transaction():
        return [await _write(session, "add_account", one) for one in accounts]


async def change_accounts(session: Session, accounts: Sequence[Sealed]) -> list[int]:
    async with session.transaction():
        return [await _write(session, "change_account", one, one.account.id) for one in accounts]


async def _write(session: Session, statement: str, one: Sealed, *key: int) -> int:
    account = one.account
    try:
        written: int | None = await session.value(
            statement,
            account.access_code,
            one.secret,
            account.name,
            account.dialect,
            account.access_code_only,
            msgspec.json.encode(account.ip_allow).decode(),
            float(account.requests_per_s),
            account.category,
            account.webhook,
            account.enabled,
            *key,
        )
    except asyncpg.UniqueViolationError:
        raise InvalidRequest(f"the access code {account.access_code!r} is taken") from None
    if written is None:
        raise InvalidRequest(f"there is no account {account.id}")
    return written


async def list_accounts(session: Session, seal: Seal) -> list[Account]:
    return [_account(row, seal) for row in await session.ask("list_accounts")]


def _account(row: Any, seal: Seal) -> Account:
    access_code: str = row[1]
    return Account(
        id=row[0],
        access_code=access_code,
        secret=seal.open(access_code, row[2]),
        name=row[3],
        dialect=Dialect(row[4]),
        access_code_only=row[5],
        ip_allow=tuple(msgspec.json.decode(row[6], type=list[str])),
        requests_per_s=row[7],
        category=Category(row[8]),
        webhook=row[9],
        enabled=row[10],
    )


async def check_seal(session: Session, seal: Seal) -> None:
    """Bind a new store to the key; raises StoreError when it is bound to another."""
    if await session.value("find_meta", _SEAL) is None:
        await session.ask("set_meta", _SEAL, seal.close(_SEAL, _CANARY))
    seal.open(_SEAL, await session.value("find_meta", _SEAL))
