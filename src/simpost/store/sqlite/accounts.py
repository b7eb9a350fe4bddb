"""Accounts in the file, and the key it is bound to."""

from __future__ import annotations

from collections.abc import Sequence

import apsw

from simpost.domain.accounts import Account, AccountChange
from simpost.errors import InvalidRequest
from simpost.store.records.accounts import SEAL_NAME, SEAL_TEXT, account_of, changes_of, row_of
from simpost.store.secret_box import SecretBox
from simpost.store.sqlite.database import SqliteDatabase
from simpost.store.sqlite.events import switch_events
from simpost.store.sqlite.queries import SQL, rows_of, scalar
from simpost.store.sqlite.session import SqliteSession


class SqliteAccounts:
    """Implements `simpost.ports.store.AccountStore`."""

    def __init__(self, database: SqliteDatabase) -> None:
        self._seal = database.session.seal
        self._read = database.read
        self._write = database.write

    async def list_accounts(self) -> list[Account]:
        return await self._read(list_accounts, self._seal)

    async def add_account(self, account: Account) -> int:
        return await self._write(add_accounts, account)

    async def change_account(self, change: AccountChange) -> None:
        await self._write(change_accounts, change)


def add_accounts(session: SqliteSession, accounts: Sequence[Account]) -> list[int]:
    return [_add(session, account) for account in accounts]


def _add(session: SqliteSession, account: Account) -> int:
    row = row_of(account, session.seal.close(account.access_code, account.secret))
    try:
        added: int = session.execute(SQL["add_account"], row).get
    except apsw.ConstraintError:
        raise InvalidRequest(f"the access code {account.access_code!r} is taken") from None
    if account.events:
        switch_events(session, added, kept=True)
    return added


def change_accounts(session: SqliteSession, changes: Sequence[AccountChange]) -> list[None]:
    for change in changes:
        columns = changes_of(change, session.seal)
        if session.execute(SQL["change_account"], columns).get is None:
            raise InvalidRequest(f"there is no account {change.id}")
        if change.events is not None:
            switch_events(session, change.id, kept=change.events)
    return [None] * len(changes)


def list_accounts(connection: apsw.Connection, seal: SecretBox) -> list[Account]:
    return [account_of(row, seal) for row in rows_of(connection, "list_accounts")]


def check_seal(connection: apsw.Connection, seal: SecretBox) -> None:
    """Bind a new store to the key; raises StoreError when it is bound to another."""
    sealed = scalar(connection, "find_meta", (SEAL_NAME,))
    if sealed is None:
        connection.execute(SQL["set_meta"], (SEAL_NAME, seal.close(SEAL_NAME, SEAL_TEXT)))
    else:
        seal.open(SEAL_NAME, sealed)
