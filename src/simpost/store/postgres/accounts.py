"""Accounts in the database, and the key it is bound to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

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
        return [await _add(session, one) for one in accounts]


async def _add(session: Session, one: Sealed) -> int:
    try:
        added: int = await session.value("add_account", *row_of(one.account, one.secret))
    except asyncpg.UniqueViolationError:
        raise InvalidRequest(f"the access code {one.account.access_code!r} is taken") from None
    return added


class SealedChange(NamedTuple):
    """A change as `changes_of` gives it: the columns, with the account's id last."""

    columns: tuple[Any, ...]


async def change_accounts(session: Session, changes: Sequence[SealedChange]) -> list[None]:
    async with session.transaction():
        for one in changes:
            if await session.value("change_account", *one.columns) is None:
                raise InvalidRequest(f"there is no account {one.columns[-1]}")
    return [None] * len(changes)


async def list_accounts(session: Session, seal: Seal) -> list[Account]:
    return [account_of(row, seal) for row in await session.ask("list_accounts")]


async def check_seal(session: Session, seal: Seal) -> None:
    """Bind a new store to the key; raises StoreError when it is bound to another."""
    if await session.value("find_meta", _SEAL) is None:
        await session.ask("set_meta", _SEAL, seal.close(_SEAL, _CANARY))
    seal.open(_SEAL, await session.value("find_meta", _SEAL))
