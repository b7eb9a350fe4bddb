"""Looks up the open part that a receipt is of.

`simpost.domain.receipts.candidates` has the rules, and docs/receipts.md tells them for people.
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
from simpost.store.postgres.queries import columns, is_keepable
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
    """Messages with ids below are too old to be waited for."""
    return first_id(now_ms - _LONGEST_MS)


async def match_learnt(
    session: PostgresSession, forms: PostgresIdFormats, receipts: Iterable[tuple[int, Receipt]]
) -> dict[int, tuple[CandidatePart, IdFormat | None]]:
    """By place the part that each receipt means, and in which form, where that is plain to see."""
    asked, ids = ids_in_known_formats(receipts, forms.of)
    oldest_ms = min(receipt.received_ms for receipt, _ in asked.values())
    return unambiguous(asked, await _look(session, ids, oldest_ms))


async def find_part(
    session: PostgresSession,
    learnt: PostgresIdFormats,
    receipt: Receipt,
    widths: Iterable[int] = (),
) -> CandidatePart | tuple[ReceiptDisposition, PartKey | None]:
    """The part that a receipt is for, or why none was found and which one has ended.

    `widths` are those of answers that may be meant, beside those seen in the store. The id of its
    text counts where the other fits nothing, and the number where no id does.
    """
    found = await _find_by_id(session, learnt, receipt, widths)
    if found == NO_MATCH and receipt.text_id:
        by_text = msgspec.structs.replace(receipt, carrier_message_id=receipt.text_id)
        found = await _find_by_id(session, learnt, by_text, widths)
    if found == NO_MATCH:
        found = await _find_in_doubt(session, receipt) or found
    return found


async def _find_in_doubt(session: PostgresSession, receipt: Receipt) -> CandidatePart | None:
    """The only part in doubt to a number that it names, unless it is of another part."""
    ends = number_endings(receipt.numbers)
    oldest = lowest_id(receipt.received_ms)
    if not ends:
        return None
    count: int = await session.value("count_in_doubt", receipt.carrier, oldest, MAX_IN_DOUBT + 1)
    if not 0 < count <= MAX_IN_DOUBT:
        return None
    facts = (receipt.carrier, oldest, receipt.received_ms, ends)
    rows = await session.ask("parts_in_doubt", *facts)
    doubt = only_candidate_in_doubt(receipt, map(part_in_doubt, rows))
    if doubt is None:
        return None
    since = first_id(receipt.received_ms - ANSWERED_BEFORE_MS)
    where = (doubt.candidate.account_id, doubt.esim_tran_no, since, receipt.carrier)
    answers = [known_id(row) for row in await session.ask("answers_of_esim", *where)]
    if may_be_of_another(receipt, answers):
        return None
    since_end = receipt.received_ms - AFTER_VALIDITY_MS
    itself = (doubt.candidate.message_id, doubt.candidate.number, doubt.candidate.destination)
    sibling = (*where, receipt.received_ms, since_end, *itself)
    return None if await session.ask("may_be_of_sibling", *sibling) else doubt.candidate


async def _find_by_id(
    session: PostgresSession, learnt: PostgresIdFormats, receipt: Receipt, widths: Iterable[int]
) -> CandidatePart | tuple[ReceiptDisposition, PartKey | None]:
    carrier, written = receipt.carrier, receipt.carrier_message_id
    forms = candidate_ids(written, learnt.of(carrier))
    chosen = choose(receipt, await _fits(session, receipt, [written, *forms]), forms)
    if chosen is None:
        if ended := await _ended(session, receipt, [written, *forms]):
            return ended
        forms = await _possible(session, receipt, widths)
        chosen = choose_in_any_format(receipt, await _fits(session, receipt, forms), forms)
    if isinstance(chosen, ReceiptDisposition):
        return chosen, None
    if form := forms.get(chosen.carrier_message_id):
        learnt.saw(carrier, form, receipt.received_ms)
    return chosen


async def is_of_sent_part(session: PostgresSession, receipt: Receipt) -> bool:
    """Whether it has the id, in any form, of a part that went to a number it names."""
    carrier, written = receipt.carrier, receipt.carrier_message_id
    if not is_keepable(written):
        return False
    forms = await PostgresIdFormats.load(session)
    ids = [written, *candidate_ids(written, forms.of(carrier))]
    since_ms = receipt.received_ms - _AGAIN_MS
    oldest = lowest_id(receipt.received_ms)
    for row in await session.ask("ended_destinations", carrier, ids, since_ms, oldest):
        if any(same_number(each, row["destination"]) for each in receipt.numbers):
            return True
    possible = await _possible(session, receipt, ())
    fits = await _fits(session, receipt, [written, *possible])
    return matches_any(receipt, fits, possible)


async def _possible(
    session: PostgresSession, receipt: Receipt, widths: Iterable[int]
) -> dict[str, IdFormat]:
    """Every id the answer may have had, by the widths seen in the store and `widths`."""
    oldest = lowest_id(receipt.received_ms)
    [ids] = await session.ask("first_and_last_id", receipt.carrier, oldest)
    seen = {len(text) for text in ids.values() if text}
    forms = possible_formats({*seen, *widths, *COMMON_WIDTHS})
    return candidate_ids(receipt.carrier_message_id, forms)


async def _ended(
    session: PostgresSession, receipt: Receipt, ids: list[str]
) -> tuple[ReceiptDisposition, PartKey] | None:
    rows = await session.ask(
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


async def _fits(
    session: PostgresSession, receipt: Receipt, ids: Iterable[str]
) -> list[CandidatePart]:
    asked = [(0, receipt.carrier, each) for each in ids]
    return await _look(session, asked, receipt.received_ms)


async def _look(
    session: PostgresSession, ids: Sequence[tuple[int, str, str]], now_ms: int
) -> list[CandidatePart]:
    if not ids:
        return []
    rows = await session.ask("match_forms", *columns(ids, 3), lowest_id(now_ms))
    return [candidate_part(row) for row in rows]
