"""Describes a database without changing it, for `simpost check`."""

from __future__ import annotations

from simpost.store.postgres.connection import ManagedConnection
from simpost.store.postgres.dsn import parse
from simpost.store.postgres.failures import translating
from simpost.store.postgres.schema import VERSION, check_durability, version_of
from simpost.store.text_key_check import COUNT_KEYS, SAMPLES, SealedTexts


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


async def sealed_texts(url: str) -> list[SealedTexts]:
    """The texts of each key; none of a database with the schema of another release.

    Raises StoreTimeout when counting takes longer than a statement may.
    """
    link = ManagedConnection(parse(url), node="check")
    try:
        with translating():
            async with link.use() as session:
                if await version_of(session) != VERSION:
                    return []
                counts = await session.fetch(COUNT_KEYS)
                return [
                    SealedTexts(
                        row["text_key"],
                        row["texts"],
                        await session.fetch(SAMPLES, row["text_key"]),
                    )
                    for row in counts
                ]
    finally:
        await link.close()
