"""Applies one receipt in a transaction, or says how it is to be stored."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from simpost.domain.outcomes import Receipt, ReceiptDisposition
from simpost.domain.receipts.candidates import CandidatePart
from simpost.domain.states import State
from simpost.store.postgres.connection import PostgresSession
from simpost.store.postgres.message_state import refold
from simpost.store.postgres.queries import columns
from simpost.store.postgres.receipt_id_formats import PostgresIdFormats
from simpost.store.postgres.receipt_matches import find_part
from simpost.store.records.columns import CODE, FINAL
from simpost.store.records.payloads import PartKey

_SENT = CODE[State.SENT]
_LOOKS = 3
"""How often a part is looked for that another node ended in between."""


async def apply_receipt(
    session: PostgresSession, forms: PostgresIdFormats, receipt: Receipt, widths: Iterable[int] = ()
) -> tuple[ReceiptDisposition | None, PartKey | None]:
    """Apply a receipt, in a transaction; returns the disposition to store it with otherwise."""
    code = CODE[receipt.state]
    for _ in range(_LOOKS):
        found = await find_part(session, forms, receipt, widths)
        if isinstance(found, tuple):
            return found
        key = found.key
        was_in_doubt = found.state < _SENT
        if was_in_doubt and not await session.execute(
            "adopt_part", receipt.carrier_message_id or None, receipt.received_ms, *key
        ):
            continue
        if code >= FINAL:
            if await session.execute("end_parts", *columns([ending(0, receipt, code, key)], 8)):
                session.pending.end(receipt.carrier, receipt.state, receipt.reason)
                await _refold_several(session, found, receipt)
                return None, key
        elif receipt.reason is None or (receipt.reason == found.reason and not was_in_doubt):
            if not was_in_doubt:
                return ReceiptDisposition.DUPLICATE, key
            await _refold_several(session, found, receipt)
            return None, key
        elif await session.execute(
            "set_part_reason", receipt.reason, receipt.carrier_code, receipt.received_ms, *key
        ):
            if was_in_doubt:
                await _refold_several(session, found, receipt)
            return None, key
    return ReceiptDisposition.AMBIGUOUS, None


async def _refold_several(session: PostgresSession, found: CandidatePart, receipt: Receipt) -> None:
    if found.total > 1:
        await refold(session, [found.key[:2]], receipt.received_ms)


def ending(place: int, receipt: Receipt, code: int, key: PartKey) -> tuple[Any, ...]:
    return place, code, receipt.reason, receipt.carrier_code, receipt.received_ms, *key


async def store_receipt(
    session: PostgresSession, receipt: Receipt, disposition: ReceiptDisposition, key: PartKey | None
) -> None:
    session.pending.keep(receipt.carrier, disposition)
    await session.execute(
        "store_receipt",
        receipt.carrier,
        receipt.carrier_message_id,
        CODE[receipt.state],
        disposition,
        receipt.reason,
        receipt.carrier_code,
        receipt.received_ms,
        *(key or (None, None, None)),
        "\n".join(receipt.numbers) or None,
        receipt.text_id or None,
    )
