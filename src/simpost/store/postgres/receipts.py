"""Receipts in the database."""

from __future__ import annotations

from simpost.domain.outcomes import Receipt, UnmatchedReceipt
from simpost.domain.receipt_ids import ObservedIdFormat
from simpost.store.postgres import log, receipt_id_formats, receipt_matches
from simpost.store.postgres.database import PostgresDatabase


class PostgresReceipts:
    """Implements `simpost.ports.store.ReceiptStore`."""

    def __init__(self, database: PostgresDatabase) -> None:
        self._read = database.read

    async def is_of_sent_part(self, receipt: Receipt) -> bool:
        return await self._read(receipt_matches.is_of_sent_part, receipt)

    async def id_forms(self, carrier: str) -> list[ObservedIdFormat]:
        return await self._read(receipt_id_formats.forms_of, carrier)

    async def list_unmatched(
        self, *, carrier: str | None, until_ms: int | None, limit: int
    ) -> list[UnmatchedReceipt]:
        return await self._read(log.unmatched_receipts, carrier, until_ms, limit)
