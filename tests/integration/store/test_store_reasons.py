"""Reasons and states that an earlier version stored are read in the present terms."""

import apsw
import pytest

from simpost.domain.inbound import InboundState
from simpost.domain.reasons import Reason
from simpost.store.migrations import script
from simpost.store.sqlite import SqliteStore
from simpost.store.sqlite.schema import PACKAGE
from tests.integration.store.conftest import SEAL_KEY

OLD = "0011"
"""The last version of the schema with the old words."""
RENAMED = {
    "state_unknown": "esim_state_unknown",
    "goes_in_circles": "loop_detected",
    "returned": "requeued",
    "unclear_answer": "unclear_response",
    "no_answer": "no_response",
    "repeats_used_up": "repeats_exhausted",
    "not_repeated": "expired_in_doubt",
    "validity_ended": "validity_expired",
    "part_not_sent": "sibling_part_failed",
    "throttled": "throttled",
}


def old_rows(connection):
    """Insert a row with each old reason into each table that has reasons; returns the tables."""
    tables = [
        name
        for (name,) in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")
        if any(column[1] == "reason" for column in columns_of(connection, name))
    ]
    for table in tables:
        for number, reason in enumerate(RENAMED, 1):
            row = filled(columns_of(connection, table), number) | {"reason": reason}
            if table == "inbound":
                row["state"] = "carried"
            marks = ", ".join("?" * len(row))
            connection.execute(
                f"INSERT INTO {table} ({', '.join(row)}) VALUES ({marks})", tuple(row.values())
            )
    return tables


def columns_of(connection, table):
    return connection.execute(f"PRAGMA table_info({table})").fetchall()


def filled(columns, number):
    """Some value of its type for each column that wants one."""
    values = {"INTEGER": number, "TEXT": str(number), "BLOB": bytes([number])}
    return {name: values[kind] for _, name, kind, wanted, *_ in columns if wanted}


@pytest.fixture
def old_path(tmp_path):
    path = tmp_path / "old.db"
    connection = apsw.Connection(str(path))
    connection.execute(script(PACKAGE, end=OLD)).fetchall()
    tables = old_rows(connection)
    connection.close()
    return path, tables


async def test_reasons_of_an_earlier_version_are_read_in_the_present_terms(old_path):
    path, tables = old_path
    store = await SqliteStore.open(path, seal_key=SEAL_KEY)
    await store.close()
    connection = apsw.Connection(str(path))
    assert len(tables) == 7
    for table in tables:
        found = [reason for (reason,) in connection.execute(f"SELECT reason FROM {table}")]
        assert sorted(found) == sorted(RENAMED.values()), table
        assert all(Reason(each) for each in found)
    states = {state for (state,) in connection.execute("SELECT state FROM inbound")}
    assert states == {InboundState.FORWARDED}
    connection.close()
