"""Applies receipts that outrank the state of their part, and stores the others."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from simpost.domain.outcomes import Receipt, ReceiptDisposition
from simpost.store.postgres.connection import PostgresSession
from simpost.store.postgres.parked_receipts import apply_parked_receipt
from simpost.store.postgres.queries import columns, is_storable
from simpost.store.postgres.receipt_application import apply_receipt, ending, store_receipt
from simpost.store.postgres.receipt_id_formats import PostgresIdFormats
from simpost.store.postgres.receipt_matches import lowest_id, match_learnt
from simpost.store.records.columns import CODE, FINAL


async def receive(session: PostgresSession, all_receipts: Sequence[Receipt]) -> None:
    receipts = [each for each in all_receipts if _is_storable(each)]
    others = await _end_plain(session, receipts)
    if others:
        forms = await PostgresIdFormats.load(session)
        others = await _end_learnt(session, forms, others)
        for receipt in others:
            await _receive(session, forms, receipt)
        await forms.write(session)


def _is_storable(receipt: Receipt) -> bool:
    texts = (receipt.carrier_message_id, receipt.text_id, receipt.carrier_code)
    return is_storable(*texts, *receipt.numbers)


async def _end_plain(session: PostgresSession, receipts: Sequence[Receipt]) -> list[Receipt]:
    """Apply the unambiguous receipts in one statement; returns the others, in their order."""
    rows = [
        (
            place,
            receipt.carrier,
            receipt.carrier_message_id,
            CODE[receipt.state],
            receipt.reason,
            receipt.carrier_code,
            receipt.received_ms,
        )
        for place, receipt in _alone(receipts)
    ]
    if not rows:
        return list(receipts)
    oldest = lowest_id(min(row[-1] for row in rows))
    ended = {
        row["place"]
        for row in await session.execute("apply_unambiguous", *columns(rows, 7), oldest)
    }
    _count_ended(session, [receipts[place] for place in ended])
    return [receipt for place, receipt in enumerate(receipts) if place not in ended]


async def _end_learnt(
    session: PostgresSession, forms: PostgresIdFormats, receipts: Sequence[Receipt]
) -> list[Receipt]:
    """The same for carriers that write ids in learned formats."""
    plain = [each for each in _alone(receipts) if each[1].carrier in forms]
    if not plain:
        return list(receipts)
    found = await match_learnt(session, forms, plain)
    rows: list[tuple[Any, ...]] = []
    for place, receipt in plain:
        if place in found and found[place][0].total == 1:
            rows.append(ending(place, receipt, CODE[receipt.state], found[place][0].key))
    if not rows:
        return list(receipts)
    rows.sort(key=lambda row: row[5:])
    ended = {row["place"] for row in await session.execute("end_parts", *columns(rows, 8))}
    _count_ended(session, [receipts[place] for place in ended])
    for place in ended:
        form = found[place][1]
        if form is not None:
            forms.note_match(receipts[place].carrier, form, receipts[place].received_ms)
    return [receipt for place, receipt in enumerate(receipts) if place not in ended]


def _count_ended(session: PostgresSession, ended: Sequence[Receipt]) -> None:
    for receipt in ended:
        session.pending.end(receipt.carrier, receipt.state, receipt.reason)


def _alone(receipts: Sequence[Receipt]) -> list[tuple[int, Receipt]]:
    """Final receipts whose id no other receipt has, with their places."""
    times = Counter((receipt.carrier, receipt.carrier_message_id) for receipt in receipts)
    return [
        (place, receipt)
        for place, receipt in enumerate(receipts)
        if CODE[receipt.state] >= FINAL and times[receipt.carrier, receipt.carrier_message_id] == 1
    ]


async def _receive(session: PostgresSession, forms: PostgresIdFormats, receipt: Receipt) -> None:
    async with session.transaction():
        disposition, key = await apply_receipt(session, forms, receipt)
        if disposition is not None:
            await store_receipt(session, receipt, disposition, key)
    if disposition is ReceiptDisposition.PARKED:
        # After the commit: a node that records the result of the part looks for receipts after its
        # own commit.
        await apply_parked_receipt(session, forms, receipt)
