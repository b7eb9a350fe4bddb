"""Reasons and states that an earlier version stored are read in the present terms."""

import asyncpg
import pytest

from simpost.domain.inbound import InboundState
from simpost.domain.reasons import Reason
from simpost.store.migrations import script
from tests.integration.postgres.conftest import open_store, run_sql
from tests.integration.store.test_store_reasons import RENAMED

pytestmark = pytest.mark.timeout(120)

OLD = "0010"
"""The last version of the schema with the old words."""
WANTED = """
SELECT c.table_name, c.column_name, c.data_type FROM information_schema.columns AS c
JOIN pg_class AS t ON t.oid = c.table_name::regclass AND NOT t.relispartition
WHERE c.table_schema = 'public' AND (c.is_nullable = 'NO' AND c.column_default IS NULL
  AND c.is_identity = 'NO' OR c.column_name = 'reason')
AND c.table_name IN (SELECT table_name FROM information_schema.columns
                     WHERE table_schema = 'public' AND column_name = 'reason')
"""


async def old_rows(connection):
    """Insert a row with each old reason into each table that has reasons; returns the tables."""
    tables = {}
    for table, column, kind in await connection.fetch(WANTED):
        tables.setdefault(table, {})[column] = kind
    for table, kinds in tables.items():
        for number, reason in enumerate(RENAMED, 1):
            row = {column: filled(kind, number) for column, kind in kinds.items()}
            row["reason"] = reason
            if table == "inbound":
                row["state"] = "carried"
            marks = ", ".join(f"${at}" for at in range(1, len(row) + 1))
            await connection.execute(
                f"INSERT INTO {table} ({', '.join(row)}) VALUES ({marks})", *row.values()
            )
    return list(tables)


def filled(kind, number):
    """Some value of the type."""
    values = {"text": str(number), "bytea": number.to_bytes(16), "boolean": False}
    return values.get(kind, [] if kind == "ARRAY" else number)


async def test_reasons_of_an_earlier_version_are_read_in_the_present_terms(empty_url):
    connection = await asyncpg.connect(empty_url)
    await connection.execute(script("simpost.store.postgres", end=OLD))
    tables = await old_rows(connection)
    await connection.close()
    await (await open_store(empty_url, "a")).close()
    assert len(tables) == 7
    for table in tables:
        found = [row[0] for row in await run_sql(empty_url, f"SELECT reason FROM {table}")]
        assert sorted(found) == sorted(RENAMED.values()), table
        assert all(Reason(each) for each in found)
    states = {row[0] for row in await run_sql(empty_url, "SELECT state FROM inbound")}
    assert states == {InboundState.FORWARDED}
