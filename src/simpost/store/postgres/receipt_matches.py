"""Finds the open part that a receipt belongs to.

`simpost.domain.receipts.candidates` has the rules; docs/receipts.md has them in prose.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

import msgspec

from simpost.domain.outcomes import Receipt, ReceiptDisposition
from simpost.domain.receipt_ids import IdFormat, candidate_ids, possible_formats, same_number
from simpost.domain.receipts.candidates import (
    AFTER_VALIDITY_MS,
    ANSWERED_BEFORE_MS,
    COMMON_WIDTHS,
    MAX_IN_DOUBT,
    NO_MATCH,
    CandidatePart,
    choose,
    choose_in_any_format,
    ids_in_known_formats,
    matches_any,
    may_be_of_another,
    number_endings,
    only_candidate_in_doubt,
    unambiguous,
)
from simpost.store.postgres.connection import PostgresSession
from simpost.store.postgres.queries import columns, is_storable
from simpost.store.postgres.receipt_id_formats import PostgresIdFormats
from simpost.store.records.columns import CODE
from simpost.store.records.ids import first_id
from simpost.store.records.parts import part_key
from simpost.store.records.payloads import PartKey
from simpost.store.records.receipts import candidate_part, known_id, part_in_doubt

_LONGEST_MS: Final = 100 * 86_400_000
"""From a message's acceptance to the last receipt that is looked up: it is held for 60 days at
most, then valid for 30. Older partitions are left alone."""
_AGAIN_MS: Final = 600_000
"""How long after its part ended a receipt is taken for a repetition. Later the carrier may have
used the id again, and the receipt waits for the response with its id."""


def lowest_id(now_ms: int) -> bytes:
    """The lowest id of messages that can still get a receipt."""
    return first_id(now_ms - _LONGEST_MS)


async def match_learnt(
    session: PostgresSession, forms: PostgresIdFormats, receipts: Iterable[tuple[int, Receipt]]
) -> dict[int, tuple[CandidatePart, IdFormat | None]]:
    """By place the part of each unambiguous receipt, and the format of its id."""
    asked, ids = ids_in_known_formats(receipts, forms.of)
    oldest_ms = min(receipt.received_ms for receipt, _ in asked.values())
    return unambiguous(asked, await _query_candidates(session, ids, oldest_ms))


async def find_part(
    session: PostgresSession,
    learnt: PostgresIdFormats,
    receipt: Receipt,
    widths: Iterable[int] = (),
) -> CandidatePart | tuple[ReceiptDisposition, PartKey | None]:
    """The part that a receipt is for, or why none was found and which one has ended.

    `widths` are lengths of ids to try besides those in the store. Without a match the id in its
    text is tried, then its number.
    """
    found = await _find_by_id(session, learnt, receipt, widths)
    if found == NO_MATCH and receipt.text_id:
        by_text = msgspec.structs.replace(receipt, carrier_message_id=receipt.text_id)
        found = await _find_by_id(session, learnt, by_text, widths)
    if found == NO_MATCH:
        found = await _find_in_doubt(session, receipt) or found
    return found


async def _find_in_doubt(session: PostgresSession, receipt: Receipt) -> CandidatePart | None:
    """The only part in doubt to a number in the receipt, unless it may be of another part."""
    ends = number_endings(receipt.numbers)
    oldest = lowest_id(receipt.received_ms)
    if not ends:
        return None
    count: int = await session.scalar("count_in_doubt", receipt.carrier, oldest, MAX_IN_DOUBT + 1)
    if not 0 < count <= MAX_IN_DOUBT:
        return None
    parameters = (receipt.carrier, oldest, receipt.received_ms, ends)
    rows = await session.execute("parts_in_doubt", *parameters)
    doubt = only_candidate_in_doubt(receipt, map(part_in_doubt, rows))
    if doubt is None:
        return None
    since = first_id(receipt.received_ms - ANSWERED_BEFORE_MS)
    where = (doubt.candidate.account_id, doubt.esim_tran_no, since, receipt.carrier)
    since_end = receipt.received_ms - AFTER_VALIDITY_MS
    itself = (doubt.candidate.message_id, doubt.candidate.number, doubt.candidate.destination)
    sibling = (*where, receipt.received_ms, since_end, *itself)
    # Before the answers: another node may commit the answer of a sibling between the two queries.
    if await session.execute("may_be_of_sibling", *sibling):
        return None
    answers = [known_id(row) for row in await session.execute("answers_of_esim", *where)]
    return None if may_be_of_another(receipt, answers) else doubt.candidate


async def _find_by_id(
    session: PostgresSession, learnt: PostgresIdFormats, receipt: Receipt, widths: Iterable[int]
) -> CandidatePart | tuple[ReceiptDisposition, PartKey | None]:
    carrier, written = receipt.carrier, receipt.carrier_message_id
    forms = candidate_ids(written, learnt.of(carrier))
    chosen = choose(receipt, await _find_candidates(session, receipt, [written, *forms]), forms)
    if chosen is None:
        if ended := await _ended(session, receipt, [written, *forms]):
            return ended
        forms = await _possible_ids(session, receipt, widths)
        chosen = choose_in_any_format(
            receipt, await _find_candidates(session, receipt, forms), forms
        )
    if isinstance(chosen, ReceiptDisposition):
        return chosen, None
    if form := forms.get(chosen.carrier_message_id):
        learnt.note_match(carrier, form, receipt.received_ms)
    return chosen


async def is_of_sent_part(session: PostgresSession, receipt: Receipt) -> bool:
    """Whether it has the id, in any format, of a part that was sent to a number in it."""
    carrier, written = receipt.carrier, receipt.carrier_message_id
    if not is_storable(written):
        return False
    forms = await PostgresIdFormats.load(session)
    ids = [written, *candidate_ids(written, forms.of(carrier))]
    since_ms = receipt.received_ms - _AGAIN_MS
    oldest = lowest_id(receipt.received_ms)
    for row in await session.execute("ended_destinations", carrier, ids, since_ms, oldest):
        if any(same_number(each, row["destination"]) for each in receipt.numbers):
            return True
    possible = await _possible_ids(session, receipt, ())
    fits = await _find_candidates(session, receipt, [written, *possible])
    return matches_any(receipt, fits, possible)


async def _possible_ids(
    session: PostgresSession, receipt: Receipt, widths: Iterable[int]
) -> dict[str, IdFormat]:
    """Every id that the response may have had, by the lengths in the store and `widths`."""
    oldest = lowest_id(receipt.received_ms)
    [ids] = await session.execute("first_and_last_id", receipt.carrier, oldest)
    seen = {len(text) for text in ids.values() if text}
    forms = possible_formats({*seen, *widths, *COMMON_WIDTHS})
    return candidate_ids(receipt.carrier_message_id, forms)


async def _ended(
    session: PostgresSession, receipt: Receipt, ids: list[str]
) -> tuple[ReceiptDisposition, PartKey] | None:
    rows = await session.execute(
        "ended_part",
        receipt.carrier,
        ids,
        receipt.received_ms - _AGAIN_MS,
        lowest_id(receipt.received_ms),
    )
    for row in rows:
        same = row["state"] == CODE[receipt.state]
        return ReceiptDisposition.DUPLICATE if same else ReceiptDisposition.LATE, part_key(row)
    return None


async def _find_candidates(
    session: PostgresSession, receipt: Receipt, ids: Iterable[str]
) -> list[CandidatePart]:
    asked = [(0, receipt.carrier, each) for each in ids]
    return await _query_candidates(session, asked, receipt.received_ms)


async def _query_candidates(
    session: PostgresSession, ids: Sequence[tuple[int, str, str]], now_ms: int
) -> list[CandidatePart]:
    if not ids:
        return []
    rows = await session.execute("find_candidates", *columns(ids, 3), lowest_id(now_ms))
    return [candidate_part(row) for row in rows]
