"""Accounts in the database, and the key it is bound to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

import asyncpg

from simpost.domain.accounts import Account, AccountChange
from simpost.errors import InvalidRequest
from simpost.store.postgres.connection import PostgresSession
from simpost.store.postgres.database import PostgresDatabase
from simpost.store.postgres.events import switch_events
from simpost.store.records.accounts import SEAL_NAME, SEAL_TEXT, account_of, changes_of, row_of
from simpost.store.secret_box import SecretBox

Row: TypeAlias = tuple[Any, ...]


class PostgresAccounts:
    """Implements `simpost.ports.store.AccountStore`."""

    def __init__(self, database: PostgresDatabase) -> None:
        self._seal = database.seal
        self._read = database.read
        self._write = database.chores.submit

    async def list_accounts(self) -> list[Account]:
        return await self._read(list_accounts, self._seal)

    async def add_account(self, account: Account) -> int:
        secret = self._seal.close(account.access_code, account.secret)
        return await self._write(add_accounts, (row_of(account, secret), account.events))

    async def change_account(self, change: AccountChange) -> None:
        await self._write(change_accounts, (changes_of(change, self._seal), change.events))


async def add_accounts(session: PostgresSession, added: Sequence[tuple[Row, bool]]) -> list[int]:
    async with session.transaction():
        return [await _add(session, row, kept=kept) for row, kept in added]


async def _add(session: PostgresSession, row: Row, *, kept: bool) -> int:
    try:
        added: int = await session.scalar("add_account", *row)
    except asyncpg.UniqueViolationError:
        raise InvalidRequest(f"the access code {row[0]!r} is taken") from None
    if kept:
        await switch_events(session, added, kept=True)
    return added


async def change_accounts(
    session: PostgresSession, changes: Sequence[tuple[Row, bool | None]]
) -> list[None]:
    """Changes as `changes_of` returns them, with whether events are kept from now on."""
    async with session.transaction():
        for columns, kept in changes:
            if await session.scalar("change_account", *columns) is None:
                raise InvalidRequest(f"there is no account {columns[-1]}")
            if kept is not None:
                await switch_events(session, columns[-1], kept=kept)
    return [None] * len(changes)


async def list_accounts(session: PostgresSession, seal: SecretBox) -> list[Account]:
    return [account_of(row, seal) for row in await session.execute("list_accounts")]


async def check_seal(session: PostgresSession, seal: SecretBox) -> None:
    """Bind a new store to the key; raises StoreError when it is bound to another."""
    if await session.scalar("find_meta", SEAL_NAME) is None:
        await session.execute("set_meta", SEAL_NAME, seal.close(SEAL_NAME, SEAL_TEXT))
    seal.open(SEAL_NAME, await session.scalar("find_meta", SEAL_NAME))
