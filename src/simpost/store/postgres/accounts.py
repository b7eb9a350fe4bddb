"""Accounts in the database, and the key it is bound to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import asyncpg

from simpost.domain.accounts import Account
from simpost.errors import InvalidRequest
from simpost.store.accounts import account_of, row_of
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
    row = row_of(one.account, one.secret)
    try:
        written: int | None = await session.value(statement, *row, *key)
    except asyncpg.UniqueViolationError:
        raise InvalidRequest(f"the access code {one.account.access_code!r} is taken") from None
    if written is None:
        raise InvalidRequest(f"there is no account {one.account.id}")
    return written


async def list_accounts(session: Session, seal: Seal) -> list[Account]:
    return [account_of(row, seal) for row in await session.ask("list_accounts")]


async def check_seal(session: Session, seal: Seal) -> None:
    """Bind a new store to the key; raises StoreError when it is bound to another."""
    if await session.value("find_meta", _SEAL) is None:
        await session.ask("set_meta", _SEAL, seal.close(_SEAL, _CANARY))
    seal.open(_SEAL, await session.value("find_meta", _SEAL))
