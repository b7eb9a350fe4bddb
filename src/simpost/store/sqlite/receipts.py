"""Receipts in the file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from simpost.domain.outcomes import Receipt, ReceiptKey, UnmatchedReceipt
from simpost.domain.receipt_ids import ObservedIdFormat
from simpost.store.shared import receipt_dismissals
from simpost.store.shared.receipt_delays import list_receipt_delays
from simpost.store.sqlite import log, receipt_id_formats, receipt_matches
from simpost.store.sqlite.database import SqliteDatabase


class SqliteReceipts:
    """Implements `simpost.ports.store.ReceiptStore`."""

    def __init__(self, database: SqliteDatabase) -> None:
        self._read = database.read
        self._transact = database.transact
        self._query = database.query
        self._write = database.write

    async def is_of_sent_part(self, receipt: Receipt) -> bool:
        return await self._write(receipt_matches.are_of_sent_parts, receipt)

    async def id_forms(self, carrier: str) -> list[ObservedIdFormat]:
        return await self._read(receipt_id_formats.forms_of, carrier)

    async def list_delays(self, *, from_ms: int) -> Mapping[str, Sequence[int]]:
        return await self._query(list_receipt_delays, from_ms)

    async def list_unmatched(
        self,
        *,
        carrier: str | None,
        until_ms: int | None,
        limit: int,
        is_dismissed: bool = False,
    ) -> list[UnmatchedReceipt]:
        return await self._read(log.unmatched_receipts, carrier, until_ms, limit, is_dismissed)

    async def dismiss(
        self, keys: Sequence[ReceiptKey], *, now_ms: int, until_ms: int | None = None
    ) -> int:
        return await self._transact(receipt_dismissals.dismiss, keys, now_ms, until_ms)

    async def restore(self, keys: Sequence[ReceiptKey]) -> int:
        return await self._transact(receipt_dismissals.restore, keys)
