"""Finds the open part that a receipt belongs to.

`simpost.domain.receipts.candidates` has the rules; docs/receipts.md has them in prose.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import chain

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
from simpost.store.records.columns import CODE
from simpost.store.records.ids import first_id
from simpost.store.records.payloads import PartKey
from simpost.store.records.receipts import candidate_part, known_id, part_in_doubt
from simpost.store.sqlite.queries import SQL, chunks, named_rows, row_of, rows_of, scalar, with_rows
from simpost.store.sqlite.session import SqliteSession


class Match(msgspec.Struct, frozen=True, array_like=True):
    """An open part with the carrier's id of the receipt at `index`."""

    index: int
    account_id: int
    message_id: str
    number: int
    total: int
    state: int
    reason: str | None
    expires_ms: int

    @property
    def key(self) -> PartKey:
        return self.account_id, bytes.fromhex(self.message_id), self.number


_decode_matches = msgspec.json.Decoder(list[Match]).decode


def match_exactly(session: SqliteSession, receipts: Sequence[Receipt]) -> list[Match]:
    """Every open part with the very id of one of the receipts; they are a chunk at most."""
    ids = [
        (index, receipt.carrier, receipt.carrier_message_id)
        for index, receipt in enumerate(receipts)
    ]
    text: str = session.execute(
        with_rows("match_exact_ids", len(ids)), list(chain.from_iterable(ids))
    ).get
    return _decode_matches(text)


def match_learnt(
    session: SqliteSession, receipts: Iterable[tuple[int, Receipt]]
) -> dict[int, tuple[CandidatePart, IdFormat | None]]:
    """By index the part of each unambiguous receipt, and the format of its id."""
    asked, ids = ids_in_known_formats(receipts, session.forms.of)
    return unambiguous(asked, _query_candidates(session, ids))


def find_part(
    session: SqliteSession, receipt: Receipt, widths: Iterable[int] = ()
) -> CandidatePart | tuple[ReceiptDisposition, PartKey | None]:
    """The part that a receipt is for, or why none was found and which one has ended.

    `widths` are lengths of ids to try besides those in the store. Without a match the id in its
    text is tried, then its number.
    """
    found = _find_by_id(session, receipt, widths)
    if found == NO_MATCH and receipt.text_id:
        by_text = msgspec.structs.replace(receipt, carrier_message_id=receipt.text_id)
        found = _find_by_id(session, by_text, widths)
    if found == NO_MATCH:
        found = _find_in_doubt(session, receipt) or found
    return found


def _find_in_doubt(session: SqliteSession, receipt: Receipt) -> CandidatePart | None:
    """The only part in doubt to a number in the receipt, unless it may be of another part."""
    ends = number_endings(receipt.numbers)
    if not ends or not 0 < _count_in_doubt(session, receipt.carrier) <= MAX_IN_DOUBT:
        return None
    parameters = (receipt.carrier, receipt.received_ms, ends[0], ends[-1])
    rows = rows_of(session.connection, "parts_in_doubt", parameters)
    doubt = only_candidate_in_doubt(receipt, map(part_in_doubt, rows))
    if doubt is None:
        return None
    since = first_id(receipt.received_ms - ANSWERED_BEFORE_MS)
    where = (doubt.candidate.account_id, doubt.esim_tran_no, since, receipt.carrier)
    answers = [known_id(row) for row in rows_of(session.connection, "answers_of_esim", where)]
    if may_be_of_another(receipt, answers):
        return None
    since_end = receipt.received_ms - AFTER_VALIDITY_MS
    itself = (doubt.candidate.message_id, doubt.candidate.number, doubt.candidate.destination)
    sibling = (*where, receipt.received_ms, since_end, *itself)
    return None if session.execute(SQL["may_be_of_sibling"], sibling).get else doubt.candidate


def _count_in_doubt(session: SqliteSession, carrier: str) -> int:
    count: int = session.execute(SQL["count_in_doubt"], (carrier, MAX_IN_DOUBT + 1)).get
    return count


def _find_by_id(
    session: SqliteSession, receipt: Receipt, widths: Iterable[int]
) -> CandidatePart | tuple[ReceiptDisposition, PartKey | None]:
    carrier, written = receipt.carrier, receipt.carrier_message_id
    forms = candidate_ids(written, session.forms.of(carrier))
    chosen = choose(receipt, _find_candidates(session, carrier, [written, *forms]), forms)
    if chosen is None:
        ended = session.find_ended(carrier, written)
        if ended is not None:
            key, code = ended
            return ReceiptDisposition.DUPLICATE if code == CODE[
                receipt.state
            ] else ReceiptDisposition.LATE, key
        forms = _possible_ids(session, carrier, written, widths)
        chosen = choose_in_any_format(receipt, _find_candidates(session, carrier, forms), forms)
    if isinstance(chosen, ReceiptDisposition):
        return chosen, None
    if form := forms.get(chosen.carrier_message_id):
        session.forms.note_match(carrier, form, receipt.received_ms)
    return chosen


def are_of_sent_parts(session: SqliteSession, receipts: Sequence[Receipt]) -> list[bool]:
    """Whether each has the id, in any format, of a part that was sent to a number in it."""
    return [_is_of_sent_part(session, receipt) for receipt in receipts]


def _is_of_sent_part(session: SqliteSession, receipt: Receipt) -> bool:
    carrier, written = receipt.carrier, receipt.carrier_message_id
    if ended := session.find_ended(carrier, written):
        (account_id, message_id, _), _ = ended
        number = scalar(session.connection, "destination_of", (account_id, message_id))
        if number is not None and any(same_number(each, number) for each in receipt.numbers):
            return True
    possible = _possible_ids(session, carrier, written, ())
    return matches_any(receipt, _find_candidates(session, carrier, [written, *possible]), possible)


def _possible_ids(
    session: SqliteSession, carrier: str, written: str, widths: Iterable[int]
) -> dict[str, IdFormat]:
    """Every id that the response may have had, by the lengths in the store and `widths`."""
    ids = row_of(session.connection, "first_and_last_id", (carrier,)) or {}
    seen = {len(text) for text in ids.values() if text}
    return candidate_ids(written, possible_formats({*seen, *widths, *COMMON_WIDTHS}))


def _find_candidates(
    session: SqliteSession, carrier: str, ids: Iterable[str]
) -> list[CandidatePart]:
    return _query_candidates(session, [(0, carrier, each) for each in ids])


def _query_candidates(
    session: SqliteSession, ids: Sequence[tuple[int, str, str]]
) -> list[CandidatePart]:
    return [
        candidate_part(row)
        for some in chunks(ids)
        for row in named_rows(
            session.execute(
                with_rows("find_candidates", len(some)), list(chain.from_iterable(some))
            )
        )
    ]
