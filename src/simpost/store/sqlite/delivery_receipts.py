"""Applies receipts that outrank the state of their part, and stores the others."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import chain
from operator import itemgetter

from simpost.domain.outcomes import Receipt, ReceiptDisposition
from simpost.domain.receipt_ids import candidate_ids, possible_formats
from simpost.domain.receipts.candidates import MAX_PARKED_COMPARED, CandidatePart, number_endings
from simpost.domain.states import State
from simpost.ports.store import AttemptResult
from simpost.store import limits
from simpost.store.records.columns import CODE, FINAL
from simpost.store.records.payloads import PartKey
from simpost.store.records.receipts import stored_receipt
from simpost.store.sqlite.message_state import refold
from simpost.store.sqlite.queries import SQL, chunks, named_rows, rows_of, with_rows
from simpost.store.sqlite.receipt_matches import Match, find_part, match_exactly, match_learnt
from simpost.store.sqlite.session import SqliteSession

_SENT = CODE[State.SENT]


def receive(session: SqliteSession, all_receipts: Sequence[Receipt]) -> None:
    for receipts in chunks(all_receipts):
        for receipt in _apply_plain(session, receipts):
            disposition, key = _apply(session, receipt)
            if disposition is not None:
                _keep(session, receipt, disposition, key)
    session.forms.write(session.execute)
    if session.parked > limits.MOST_PARKED:
        surplus = session.parked - limits.MOST_PARKED
        session.execute(SQL["delete_old_parked"], (1 << 62, surplus))
        session.parked -= session.connection.changes()


def _apply_plain(session: SqliteSession, receipts: Sequence[Receipt]) -> list[Receipt]:
    """Apply together the final receipts whose id occurs once and names a message of one part.

    Returns the other receipts.
    """
    times = Counter((receipt.carrier, receipt.carrier_message_id) for receipt in receipts)
    matches: dict[int, Match | None] = {}
    for match in match_exactly(session, receipts):
        matches[match.index] = None if match.index in matches else match
    by_form = [each for each in enumerate(receipts) if each[1].carrier in session.forms]
    learnt = match_learnt(session, by_form) if by_form else {}
    rows: list[tuple[object, ...]] = []
    others: list[Receipt] = []
    ended = session.pending.ended.append
    for index, receipt in enumerate(receipts):
        found: Match | CandidatePart | None
        if receipt.carrier in session.forms:
            found, form = learnt.get(index, (None, None))
        else:
            found, form = matches.get(index), None
        carrier_id = (receipt.carrier, receipt.carrier_message_id)
        code = CODE[receipt.state]
        if found is None or found.total > 1 or code < FINAL or times[carrier_id] > 1:
            others.append(receipt)
            continue
        if form is not None:
            session.forms.note_match(receipt.carrier, form, receipt.received_ms)
        rows.append(_ending(receipt, code, found.key))
        session.note_ended(*carrier_id, found.key, code)
        ended((receipt.carrier, receipt.state, receipt.reason or ""))
    session.execute_many_rows("end_parts", rows)
    return others


def _ending(receipt: Receipt, code: int, key: PartKey) -> tuple[object, ...]:
    return code, receipt.reason, receipt.carrier_code, receipt.received_ms, *key


def apply_parked(session: SqliteSession, settlements: Sequence[AttemptResult]) -> None:
    """Apply the receipts that arrived before the responses with their ids.

    A receipt older than the message is not applied: it belongs to an earlier use of the id.
    """
    ids: list[tuple[object, ...]] = []
    for index, one in enumerate(settlements):
        response_id = one.carrier_message_id
        assert response_id is not None
        widths = session.parked_id_lengths_since(one.carrier, one.message_id)
        in_forms = candidate_ids(response_id, possible_formats(widths)) if widths else ()
        ids += [
            (index, one.carrier, written, one.account_id, one.message_id)
            for written in (response_id, *in_forms)
            if written == response_id or len(written) in widths
        ]
    parked_rows = [
        row
        for chunk in chunks(ids)
        for row in named_rows(
            session.execute(
                with_rows("parked_receipts", len(chunk)), list(chain.from_iterable(chunk))
            )
        )
    ]
    order = itemgetter("place", "first_ms", "state", "carrier", "carrier_message_id")
    for row in sorted(parked_rows, key=order):
        response_id = settlements[row["place"]].carrier_message_id or ""
        _apply_parked_receipt(session, stored_receipt(row), row["times"], response_id)
    session.forms.write(session.execute)


def apply_to_parts_in_doubt(session: SqliteSession) -> None:
    """Apply parked receipts that have the number of a part in doubt, if only one part matches."""
    if not session.parked:
        return
    doubted = {
        (row["carrier"], ending)
        for row in rows_of(session.connection, "numbers_in_doubt", (MAX_PARKED_COMPARED,))
        for ending in number_endings((row["destination"],))
    }
    if not doubted:
        return
    newest = rows_of(session.connection, "newest_parked", (MAX_PARKED_COMPARED,))
    for row in reversed(newest):
        receipt = stored_receipt(row)
        if any((receipt.carrier, tail) in doubted for tail in number_endings(receipt.numbers)):
            _apply_parked_receipt(session, receipt, row["times"], "")
    session.forms.write(session.execute)


def _apply_parked_receipt(
    session: SqliteSession, receipt: Receipt, times: int, response_id: str
) -> None:
    carrier_id = (receipt.carrier, receipt.carrier_message_id, CODE[receipt.state])
    if session.execute(SQL["find_disposition"], carrier_id).get != ReceiptDisposition.PARKED:
        return  # already applied to another part with the same id
    disposition, key = _apply(session, receipt, (len(response_id),))
    if disposition is ReceiptDisposition.PARKED:
        return
    account_id, message_id, number = key or (None, None, None)
    if disposition is None and times > 1 and _is_of_several(session, key):
        session.execute(
            SQL["use_receipt_once"], carrier_id
        )  # the other copies are for the other parts with this id
        return
    session.execute(
        SQL["set_receipt_disposition"],
        (disposition or ReceiptDisposition.MATCHED, account_id, message_id, number, *carrier_id),
    )
    session.parked -= 1
    session.pending.keep(receipt.carrier, disposition or ReceiptDisposition.MATCHED)


def _is_of_several(session: SqliteSession, key: PartKey | None) -> bool:
    return key is not None and len(session.execute(SQL["siblings"], key[:2]).fetchall()) > 1


def _apply(
    session: SqliteSession, receipt: Receipt, widths: Iterable[int] = ()
) -> tuple[ReceiptDisposition | None, PartKey | None]:
    """Apply a receipt; returns the disposition for storing it if it cannot be applied."""
    carrier, carrier_message_id = receipt.carrier, receipt.carrier_message_id
    code = CODE[receipt.state]
    found = find_part(session, receipt, widths)
    if isinstance(found, tuple):
        return found
    key = found.key
    was_in_doubt = found.state < _SENT
    if was_in_doubt:
        parameters = (carrier_message_id or None, receipt.received_ms, *key)
        session.execute(SQL["adopt_part"], parameters)
    if code >= FINAL:
        session.execute_many_rows("end_parts", [_ending(receipt, code, key)])
        session.note_ended(carrier, carrier_message_id, key, code)
        session.pending.end(carrier, receipt.state, receipt.reason)
        if found.total > 1:
            refold(session, *key[:2], receipt.received_ms)
        return None, key
    if receipt.reason is not None and (was_in_doubt or receipt.reason != found.reason):
        reason_row = (receipt.reason, receipt.carrier_code, receipt.received_ms, *key)
        session.execute(SQL["set_part_reason"], reason_row)
    elif not was_in_doubt:
        return ReceiptDisposition.DUPLICATE, key
    if was_in_doubt and found.total > 1:
        refold(session, *key[:2], receipt.received_ms)
    return None, key


def _keep(
    session: SqliteSession, receipt: Receipt, disposition: ReceiptDisposition, key: PartKey | None
) -> None:
    code = CODE[receipt.state]
    session.pending.keep(receipt.carrier, disposition)
    if disposition is ReceiptDisposition.PARKED:
        known = session.execute(
            SQL["find_disposition"], (receipt.carrier, receipt.carrier_message_id, code)
        ).get
        session.parked += known != ReceiptDisposition.PARKED
        session.note_parked(receipt)
    account_id, message_id, number = key or (None, None, None)
    session.execute(
        SQL["store_receipt"],
        (
            receipt.carrier,
            receipt.carrier_message_id,
            code,
            disposition,
            receipt.reason,
            receipt.carrier_code,
            receipt.received_ms,
            account_id,
            message_id,
            number,
            "\n".join(receipt.numbers) or None,
            receipt.text_id or None,
        ),
    )
