"""Describes a database without changing it, for `simpost check`."""

from __future__ import annotations

from simpost.store.postgres.connection import ManagedConnection
from simpost.store.postgres.dsn import parse
from simpost.store.postgres.failures import translating
from simpost.store.postgres.schema import VERSION, check_durability, version_of


async def describe(url: str) -> str:
    """The database and the migration to run, without user and password. Raises StoreError."""
    address = parse(url)
    link = ManagedConnection(address, node="check")
    try:
        with translating():
            async with link.use() as session:
                await check_durability(session)
                version = await version_of(session)
    finally:
        await link.close()
    if version is None:
        return f"{address.shown} (empty: tables will be made)"
    return address.shown if version == VERSION else f"{address.shown} (will be migrated)"
