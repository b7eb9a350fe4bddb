"""Receipts that arrived before the response with their id, applied once that is stored.

A transaction that records a result looks for parked receipts after its commit. One that parks a
receipt looks for its part after its commit. In any order and on any nodes, the later of the two
finds the other. `apply_orphaned` finds receipts of a node that died in between.
"""

from __future__ import annotations

from collections.abc import Sequence
from operator import itemgetter
from typing import Final

from simpost.domain.outcomes import Receipt, ReceiptDisposition
from simpost.domain.receipt_ids import MAX_OCTETS, candidate_ids, possible_formats
from simpost.domain.receipts.candidates import MAX_PARKED_COMPARED, number_endings
from simpost.ports.store import AttemptResult
from simpost.store.postgres.connection import PostgresSession
from simpost.store.postgres.queries import columns
from simpost.store.postgres.receipt_application import apply_receipt
from simpost.store.postgres.receipt_id_formats import PostgresIdFormats
from simpost.store.postgres.receipt_matches import lowest_id
from simpost.store.records.columns import CODE
from simpost.store.records.ids import CLOCK_SLACK_MS, time_of
from simpost.store.records.receipts import stored_receipt

_NEWEST_PARKED: Final = 2_000
"""Parked receipts whose length is looked at, to know which forms of an answer to look for."""
_STRANDED_MS: Final = 120_000


async def apply_parked(session: PostgresSession, settlements: Sequence[AttemptResult]) -> None:
    """Apply the receipts that arrived before the responses with their ids.

    A receipt that arrived before the message belongs to an earlier use of the id.
    """
    if not settlements:
        return
    made_ms = time_of(min(one.message_id for one in settlements)) - CLOCK_SLACK_MS
    widths: dict[str, list[int]] = {}
    for row in await session.execute("parked_lengths", made_ms, _NEWEST_PARKED):
        widths.setdefault(row["carrier"], []).append(row["width"])
    ids = [row for at, one in enumerate(settlements) for row in _ids(at, one, widths)]
    if not ids:
        return
    forms = await PostgresIdFormats.load(session)
    for row in await session.execute("parked_receipts", *columns(ids, 5)):
        answered = settlements[row["place"]].carrier_message_id or ""
        await apply_parked_receipt(
            session, forms, stored_receipt(row), answered, times=row["times"]
        )
    await forms.write(session)


def _ids(
    place: int, one: AttemptResult, widths_of: dict[str, list[int]]
) -> list[tuple[int, str, str, int, bytes]]:
    """Every id under which a receipt for it may be parked; none is the rule."""
    widths = [width for width in widths_of.get(one.carrier, ()) if width <= MAX_OCTETS]
    if one.carrier not in widths_of:
        return []
    answered = one.carrier_message_id or ""
    in_forms = candidate_ids(answered, possible_formats(widths)) if widths else ()
    return [
        (place, one.carrier, written, one.account_id, one.message_id)
        for written in (answered, *in_forms)
        if written == answered or len(written) in widths
    ]


async def apply_parked_receipt(
    session: PostgresSession,
    forms: PostgresIdFormats,
    receipt: Receipt,
    answered: str = "",
    times: int = 1,
) -> None:
    """Apply a parked receipt, unless another node already did or its part is still unknown.

    A receipt that arrived several times is applied once, and stays for other parts with its id.
    """
    carrier_id = (receipt.carrier, receipt.carrier_message_id, CODE[receipt.state])
    async with session.transaction():
        if await session.scalar("find_disposition", *carrier_id) != ReceiptDisposition.PARKED:
            return
        widths = (len(answered),) if answered else ()
        disposition, key = await apply_receipt(session, forms, receipt, widths)
        if disposition is ReceiptDisposition.PARKED:
            return
        if (
            disposition is None
            and times > 1
            and key
            and await session.scalar("count_parts", *key) > 1
        ):
            await session.execute("use_receipt_once", *carrier_id)
            return
        await session.execute(
            "set_receipt_disposition",
            disposition or ReceiptDisposition.MATCHED,
            *(key or (None, None, None)),
            *carrier_id,
        )
        session.pending.keep(receipt.carrier, disposition or ReceiptDisposition.MATCHED)


async def apply_orphaned(session: PostgresSession, now_ms: int, limit: int) -> None:
    rows = await session.execute(
        "orphaned_receipts", now_ms - _STRANDED_MS, lowest_id(now_ms), limit
    )
    if not rows:
        return
    forms = await PostgresIdFormats.load(session)
    for row in sorted(rows, key=itemgetter("first_ms", "state", "carrier", "carrier_message_id")):
        await apply_parked_receipt(session, forms, stored_receipt(row), times=row["times"])
    await forms.write(session)


async def apply_to_parts_in_doubt(session: PostgresSession, now_ms: int) -> None:
    """Apply parked receipts to the only part in doubt with the number that the receipt names."""
    newest = await session.execute("newest_parked", MAX_PARKED_COMPARED)
    if not newest:
        return
    doubted = {
        (row["carrier"], ending)
        for row in await session.execute("numbers_in_doubt", lowest_id(now_ms), MAX_PARKED_COMPARED)
        for ending in number_endings((row["destination"],))
    }
    if not doubted:
        return
    forms = await PostgresIdFormats.load(session)
    for row in reversed(newest):
        receipt = stored_receipt(row)
        if any((receipt.carrier, tail) in doubted for tail in number_endings(receipt.numbers)):
            await apply_parked_receipt(session, forms, receipt, times=row["times"])
    await forms.write(session)
