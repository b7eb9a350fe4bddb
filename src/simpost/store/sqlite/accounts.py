"""Accounts, their secrets sealed on the way in and opened on the way out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import apsw
import msgspec

from simpost.domain.accounts import Account, Dialect
from simpost.domain.messages import Category
from simpost.errors import InvalidRequest
from simpost.store.seal import Seal
from simpost.store.sqlite.queries import SQL, ask
from simpost.store.sqlite.session import Session

_SEAL = "seal"
_CANARY = "simpost"


def add_accounts(session: Session, accounts: Sequence[Account]) -> list[int]:
    return [_write(session, "add_account", account, ()) for account in accounts]


def change_accounts(session: Session, accounts: Sequence[Account]) -> list[int]:
    return [_write(session, "change_account", account, (account.id,)) for account in accounts]


def _write(session: Session, statement: str, account: Account, key: tuple[int, ...]) -> int:
    row = (
        account.access_code,
        session.seal.close(account.access_code, account.secret),
        account.name,
        account.dialect,
        account.access_code_only,
        msgspec.json.encode(account.ip_allow).decode(),
        account.requests_per_s,
        account.category,
        account.webhook,
        account.enabled,
    )
    try:
        written: int | None = session.execute(SQL[statement], row + key).get
    except apsw.ConstraintError:
        raise InvalidRequest(f"the access code {account.access_code!r} is taken") from None
    if written is None:
        raise InvalidRequest(f"there is no account {account.id}")
    return written


def list_accounts(connection: apsw.Connection, seal: Seal) -> list[Account]:
    rows = ask(connection, "list_accounts").fetchall()
    return [_account(row, seal) for row in rows]


def _account(row: tuple[Any, ...], seal: Seal) -> Account:
    access_code: str = row[1]
    return Account(
        id=row[0],
        access_code=access_code,
        secret=seal.open(access_code, row[2]),
        name=row[3],
        dialect=Dialect(row[4]),
        access_code_only=bool(row[5]),
        ip_allow=tuple(msgspec.json.decode(row[6], type=list[str])),
        requests_per_s=row[7],
        category=Category(row[8]),
        webhook=row[9],
        enabled=bool(row[10]),
    )


def check_seal(connection: apsw.Connection, seal: Seal) -> None:
    """Bind a new store to the key; raises StoreError when it is bound to another."""
    sealed = ask(connection, "find_meta", (_SEAL,)).get
    if sealed is None:
        ask(connection, "set_meta", (_SEAL, seal.close(_SEAL, _CANARY)))
    else:
        seal.open(_SEAL, sealed)
