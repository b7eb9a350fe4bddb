"""An embedded store with a row in every table, for the tests of `to-postgres`."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import apsw
import asyncpg

from bench.history import fill_sqlite
from simpost.domain.accounts import Account
from simpost.domain.api_keys import ApiKey, KeyScope
from simpost.domain.console_users import AuditRow, ConsoleRole, ConsoleSession, ConsoleUser
from simpost.domain.options import Options
from simpost.domain.reasons import Reason
from simpost.domain.smpp_logins import SmppLogin
from simpost.domain.states import State
from simpost.domain.totp import hotp, step_of
from simpost.ports.store import NewMessage, PriceRow, Refused
from simpost.ports.store.refusals import RefusalBatch, RefusalRecord
from simpost.ports.store.smpp_parts import SmppPart
from simpost.store import SqliteStore
from simpost.store.to_postgres.tables import TABLES
from tests import prestarted
from tests.contract.inbound_facts import alone, new, one_of
from tests.contract.store_facts import (
    DAY_MS,
    NOW_MS,
    esim,
    held,
    in_doubt,
    key,
    leased,
    message,
    new_id,
    plan,
    receipt,
    settlement,
)
from tests.integration.postgres.conftest import SEAL_KEY

LONG_AGO_MS = NOW_MS - 90 * DAY_MS
SECRET = "secret-of-shop"
NUL_TEXT = "a\0b"


class Embedded(NamedTuple):
    """A folder with a configuration and the store it names.

    `waiting` and `held` are messages of account 1: a part nobody took, and one that was with the
    carrier when the service stopped; `coded` is held too, and is not to be repeated.
    """

    folder: Path
    waiting: NewMessage
    held: NewMessage
    coded: NewMessage

    @property
    def path(self) -> Path:
        return self.folder / "simpost.db"

    @property
    def config(self) -> Path:
        return self.folder / "simpost.toml"

    def command(self, *arguments: str | Path) -> list[str]:
        command = [sys.executable, "-m", "simpost", *map(str, arguments)]
        return [*command, "--config", str(self.config)]

    def migrate(
        self, to: str = "", *arguments: str, **environment: str
    ) -> subprocess.CompletedProcess[str]:
        return prestarted.run(
            self.command("to-postgres", *arguments),
            timeout=150,
            env={**plain(), "SIMPOST_TO_POSTGRES_URL": to, **environment},
        )


def plain() -> dict[str, str]:
    """The environment without any variable of ours."""
    return {name: value for name, value in os.environ.items() if not name.startswith("SIMPOST_")}


async def make_embedded(folder: Path, *, history: int = 0, seal_key: str = SEAL_KEY) -> Embedded:
    """`history` messages that ended lie before those of the facts, one part and one try each."""
    config = folder / "simpost.toml"
    config.write_text(
        '[server]\nadmin_token = "admin-of-the-tests"\nport = 0\n'
        f'[store]\ndatabase_url = "sqlite:///simpost.db"\nsecrets_key = "{seal_key}"\n'
    )
    config.chmod(0o600)
    made = Embedded(
        folder,
        message("waiting"),
        leased("held ", "in two"),
        leased("code", category="code", priority=0),
    )
    store = await SqliteStore.open(made.path, seal_key=seal_key)
    try:
        await _tell(store, made)
    finally:
        await store.close()
    with contextlib.closing(apsw.Connection(str(made.path))) as connection:
        connection.execute(
            "INSERT INTO receipt_forms VALUES ('smsc', 'hex', 'lower', 8, 3, 1, 2);"
            "UPDATE plans SET location = 'T' || char(0) || 'H' WHERE package_code = 'PKG-NUL'"
        )
        _fill_empty(connection)
    fill_sqlite(made.path, history, ["23072017992029"], NOW_MS)
    return made


_VALUES = {"INTEGER": "1", "REAL": "1.5", "TEXT": "'a text'", "BLOB": "x'00ff'"}
_OF_COLUMNS = {
    "category": "'promotion'",
    "ip_allow": "'[]'",
    "bulk_jobs.look_ms": "NULL",
    "bulk_jobs.selection": "'{}'",
    "bulk_jobs.status": "'finished'",
    "bulk_jobs.verb": "'cancel'",
    "catalogue_syncs.report": "NULL",
    "lifecycle_sources.kind": "'esimgo'",
    "lifecycle_sources.mapping": "NULL",
    "lifecycle_sources.sealed_secret": "NULL",
}
"""Columns that a node reads at its start, and that are not any text."""


def _fill_empty(connection: apsw.Connection) -> None:
    """A row for each table that has none: a table that is new is moved like the others."""
    for table in TABLES:
        if connection.execute(f"SELECT count(*) FROM {table}").get:
            continue
        values = [
            _OF_COLUMNS.get(f"{table}.{row[1]}") or _OF_COLUMNS.get(row[1]) or _VALUES[row[2]]
            for row in connection.execute(f"PRAGMA table_info({table})")
        ]
        connection.execute(f"INSERT INTO {table} VALUES ({', '.join(values)})")


async def _tell(store: SqliteStore, made: Embedded) -> None:
    await store.accounts.add_account(
        Account(0, "shop", SECRET, name="Shöp", ip_allow=("127.0.0.0/8",))
    )
    await store.accounts.add_account(
        Account(0, "other", "secret-of-other", access_code_only=True, events=True)
    )
    await store.catalogue.save_plans([plan(), plan("PKG-NUL")])
    await store.catalogue.save_prices(1, [PriceRow(plan().package_code, 2**40)])
    await store.catalogue.save_esims(1, [esim(), esim("E-2", msisdn="", sms_status=0)])
    delivered = leased("a", "b", "c", at_ms=LONG_AGO_MS, expires_ms=LONG_AGO_MS + DAY_MS)
    doubtful, nul = leased("doubt"), message(NUL_TEXT, options=Options(message_class=0))
    other = message("from another", account_id=2, request=key())
    for each in (delivered, doubtful, nul, other, made.waiting, made.held, made.coded):
        await store.queue.accept(each)
    await store.held.hold(held("scheduled"))
    await store.queue.record_refusal(Refused(1, key("refused"), Reason.NO_ROUTE, NOW_MS))
    await store.queue.record(
        [
            *(settlement(delivered, at, carrier_message_id=f"id-{at}") for at in (1, 2, 3)),
            in_doubt(doubtful),
        ]
    )
    await store.queue.record((), [receipt(f"id-{at}") for at in (1, 2, 3)])
    await store.queue.record((), [receipt("parked"), receipt("id-1", State.FAILED)])
    refused = RefusalRecord(1, new_id(NOW_MS), "E-2", None, Reason.SMS_NOT_SUPPORTED, "r", NOW_MS)
    await store.refusals.add_refusals(RefusalBatch((refused,), {refused.day: 3}))
    digest = b"\0\xff" * 16
    api_key = ApiKey(1, "0123456789", "Shöp", digest, frozenset(KeyScope), NOW_MS, NOW_MS + DAY_MS)
    await store.api_keys.add_api_key(api_key)
    networks = ("192.0.2.0/24",)
    smpp_login = SmppLogin(2, "shop", b"\0\xff", digest, NOW_MS, networks)
    await store.smpp_logins.add_smpp_login(smpp_login)
    user = ConsoleUser("ann", ConsoleRole.ADMIN, None, "$argon2id$", NOW_MS)
    session = ConsoleSession(digest, "ann", NOW_MS, NOW_MS, "192.0.2.1")
    await store.console.add_user(user)
    await store.second_factors.begin_totp("ann", b"\0\xff" * 10, now_ms=NOW_MS)
    code = hotp(b"\0\xff" * 10, step_of(NOW_MS))
    await store.second_factors.confirm_totp("ann", code, digests=[digest], now_ms=NOW_MS)
    await store.console.add_session(session, expected_digest="$argon2id$", gave_code=True)
    await store.console.add_audit(
        AuditRow(new_id(NOW_MS), NOW_MS, "ann", None, "sign_in", "ann", "192.0.2.1")
    )
    smpp_part = SmppPart(2, digest, new_id(NOW_MS), 1, 2, b"half\0", "gsm7", "smpp:shop", NOW_MS)
    await store.smpp_parts.add_smpp_part(smpp_part)
    await store.inbound.add_part(one_of(1))
    await store.inbound.add_part(one_of(2))
    whole = [await store.inbound.add_part(one_of(at, 2, reference=9)) for at in (1, 2)]
    await store.inbound.save(new(whole[-1], text="in\0coming"))
    await store.inbound.save(new(alone(), account_id=0, esim_tran_no=None, missing=(1, 3)))


def embedded_rows(path: Path, table: str) -> tuple[list[str], list[tuple[Any, ...]]]:
    """Columns and rows of a table of the file."""
    with contextlib.closing(apsw.Connection(str(path))) as connection:
        columns = [row[1] for row in connection.execute(f"PRAGMA table_info({table})")]
        return columns, connection.execute(f"SELECT * FROM {table}").fetchall()


async def database_rows(url: str, table: str, columns: Sequence[str]) -> list[tuple[Any, ...]]:
    connection = await asyncpg.connect(url)
    try:
        found = await connection.fetch(f"SELECT {', '.join(columns)} FROM {table}")
    finally:
        await connection.close()
    return [tuple(row) for row in found]


def alike(row: Sequence[Any]) -> tuple[Any, ...]:
    """What the two sides write differently: text as octets, and yes as a number."""
    return tuple(_alike(value) for value in row)


def _alike(value: Any) -> Any:
    if isinstance(value, str):
        value = value.encode()
    if isinstance(value, bytes):
        return value.replace(b"\0", "\ufffd".encode())
    return int(value) if isinstance(value, bool) else value


async def differences(path: Path, url: str) -> list[str]:
    """The tables whose rows are not the same on both sides."""
    found = []
    for table in TABLES:
        columns, here = embedded_rows(path, table)
        there = await database_rows(url, table, columns)
        if sorted(map(repr, map(alike, here))) != sorted(map(repr, map(alike, there))):
            found.append(table)
    return found
