"""Receipts in the file."""

from __future__ import annotations

from simpost.domain.outcomes import Receipt, UnmatchedReceipt
from simpost.domain.receipt_ids import ObservedIdFormat
from simpost.store.sqlite import log, receipt_id_formats, receipt_matches
from simpost.store.sqlite.database import SqliteDatabase


class SqliteReceipts:
    """Implements `simpost.ports.store.ReceiptStore`."""

    def __init__(self, database: SqliteDatabase) -> None:
        self._read = database.read
        self._write = database.write

    async def is_of_sent_part(self, receipt: Receipt) -> bool:
        return await self._write(receipt_matches.are_of_sent_parts, receipt)

    async def id_forms(self, carrier: str) -> list[ObservedIdFormat]:
        return await self._read(receipt_id_formats.forms_of, carrier)

    async def list_unmatched(
        self, *, carrier: str | None, until_ms: int | None, limit: int
    ) -> list[UnmatchedReceipt]:
        return await self._read(log.unmatched_receipts, carrier, until_ms, limit)
