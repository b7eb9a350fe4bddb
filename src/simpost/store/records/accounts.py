"""Accounts as rows: their secrets sealed on the way in and opened on the way out."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from simpost.domain.accounts import Account, AccountChange, Dialect
from simpost.domain.code_policy import CodePolicy
from simpost.domain.messages import Category
from simpost.domain.policy.budgets import Budget
from simpost.store.records.row import NamedRow
from simpost.store.secret_box import SecretBox

SEAL_NAME: Final = "seal"
"""The row of `meta` that binds a store to its key: SEAL_TEXT, sealed."""
SEAL_TEXT: Final = "simpost"
_encode = msgspec.json.Encoder().encode
_decode_budgets = msgspec.json.Decoder(tuple[Budget, ...]).decode
_decode_policy = msgspec.json.Decoder(CodePolicy).decode
_decode_networks = msgspec.json.Decoder(tuple[str, ...]).decode


def row_of(account: Account, sealed_secret: str) -> tuple[Any, ...]:
    """The columns without `id`, `events` (in `event_logs`) and the defaults in `recipients`."""
    return (
        account.access_code,
        sealed_secret,
        account.name,
        account.dialect,
        account.access_code_only,
        msgspec.json.encode(account.ip_allow).decode(),
        float(account.requests_per_s),
        account.category,
        account.webhook,
        account.enabled,
        account.look_alikes,
        account.language,
        account.detect_codes,
        _encode(account.budgets).decode(),
        _encode(account.code_policy).decode(),
    )


def changes_of(change: AccountChange, seal: SecretBox) -> tuple[Any, ...]:
    """The columns of `row_of` without the access code, `None` if unchanged; then the id."""
    secret, networks, rate = change.secret, change.ip_allow, change.requests_per_s
    return (
        None if secret is None else seal.close(change.access_code, secret),
        change.name,
        change.dialect,
        change.access_code_only,
        None if networks is None else msgspec.json.encode(networks).decode(),
        None if rate is None else float(rate),
        change.category,
        change.webhook,
        change.enabled,
        change.look_alikes,
        change.language,
        change.detect_codes,
        None if change.budgets is None else _encode(change.budgets).decode(),
        None if change.code_policy is None else _encode(change.code_policy).decode(),
        change.id,
    )


def account_of(row: NamedRow, box: SecretBox) -> Account:
    """Raises StoreError when the secret was sealed with another key."""
    access_code: str = row["access_code"]
    return Account(
        id=row["id"],
        access_code=access_code,
        secret=box.open(access_code, row["sealed_secret"]),
        name=row["name"],
        dialect=Dialect(row["dialect"]),
        access_code_only=bool(row["access_code_only"]),
        ip_allow=_decode_networks(row["ip_allow"]),
        requests_per_s=row["requests_per_s"],
        category=Category(row["category"]),
        webhook=row["webhook"],
        enabled=bool(row["enabled"]),
        look_alikes=bool(row["look_alikes"]),
        language=row["language"],
        detect_codes=bool(row["detect_codes"]),
        budgets=_decode_budgets(row["budgets"]),
        code_policy=_decode_policy(row["code_policy"]),
        events=bool(row["events"]),
        choices=row["choices"],
        open_hours=row["open_hours"],
    )
