"""Receiving: receipts are matched to their part, obeyed where they outrank it, else kept."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import chain

from simpost.domain.outcomes import Receipt, Standing
from simpost.domain.receipt_ids import candidates, possible_forms
from simpost.domain.states import State
from simpost.ports.store import Settlement
from simpost.store.codes import CODE, FINAL, STATE, reason_of
from simpost.store.fitting import Fit
from simpost.store.sqlite.folding import refold
from simpost.store.sqlite.matching import Match, find_part, match_exactly, match_learnt
from simpost.store.sqlite.queries import SQL, chunks, widened
from simpost.store.sqlite.session import PartKey, Session

MOST_PARKED = 100_000
_SENT = CODE[State.SENT]


def receive(session: Session, batches: Sequence[Sequence[Receipt]]) -> list[None]:
    for receipts in chunks(list(chain.from_iterable(batches))):
        for receipt in _apply_plain(session, receipts):
            standing, key = _apply(session, receipt)
            if standing is not None:
                _keep(session, receipt, standing, key)
    session.forms.write(session.execute)
    if session.parked > MOST_PARKED:
        surplus = session.parked - MOST_PARKED
        session.execute(SQL["forget_parked"], (1 << 62, surplus))
        session.parked -= session.connection.changes()
    return [None] * len(batches)


def _apply_plain(session: Session, receipts: Sequence[Receipt]) -> list[Receipt]:
    """Obey together what needs no thought: final, alone in its id, for the one part of a message.

    Returns the others.
    """
    times = Counter((receipt.carrier, receipt.carrier_message_id) for receipt in receipts)
    matches: dict[int, Match | None] = {}
    for match in match_exactly(session, receipts):
        matches[match.index] = None if match.index in matches else match
    by_form = [each for each in enumerate(receipts) if each[1].carrier in session.forms]
    learnt = match_learnt(session, by_form) if by_form else {}
    rows: list[tuple[object, ...]] = []
    others: list[Receipt] = []
    ended = session.told.ended.append
    for index, receipt in enumerate(receipts):
        found: Match | Fit | None
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
            session.forms.saw(receipt.carrier, form, receipt.received_ms)
        rows.append(_ending(receipt, code, found.key))
        session.remember_end(*carrier_id, found.key, code)
        ended((receipt.carrier, receipt.state, receipt.reason or ""))
    session.execute_wide("end_parts", rows)
    return others


def _ending(receipt: Receipt, code: int, key: PartKey) -> tuple[object, ...]:
    return code, receipt.reason, receipt.carrier_code, receipt.received_ms, *key


def meet_parked(session: Session, settlements: Sequence[Settlement]) -> None:
    """Apply the receipts that came before the answers that told us their ids.

    One that came before the message did speaks of an earlier use of the id.
    """
    ids: list[tuple[object, ...]] = []
    for index, one in enumerate(settlements):
        answered = one.carrier_message_id
        assert answered is not None
        widths = session.widths_parked_since(one.carrier, one.message_id)
        in_forms = candidates(answered, possible_forms(widths)) if widths else ()
        ids += [
            (index, one.carrier, written, one.account_id, one.message_id)
            for written in (answered, *in_forms)
            if written == answered or len(written) in widths
        ]
    waiting = [
        row
        for some in chunks(ids)
        for row in session.execute(
            widened("parked_receipts", len(some)), list(chain.from_iterable(some))
        )
    ]
    for index, _, code, carrier, written, reason, carrier_code, last_ms, numbers in sorted(waiting):
        named = tuple(numbers.split("\n")) if numbers else ()
        _meet(
            session,
            Receipt(carrier, written, STATE[code], reason_of(reason), carrier_code, last_ms, named),
            settlements[index].carrier_message_id or "",
        )
    session.forms.write(session.execute)


def _meet(session: Session, receipt: Receipt, answered: str) -> None:
    carrier_id = (receipt.carrier, receipt.carrier_message_id, CODE[receipt.state])
    if session.execute(SQL["standing"], carrier_id).get != Standing.PARKED:
        return  # two answers had an id that it may mean, and the first one met it
    standing, key = _apply(session, receipt, (len(answered),))
    if standing is Standing.PARKED:
        return
    account_id, message_id, number = key or (None, None, None)
    session.execute(
        SQL["stand_receipt"],
        (standing or Standing.MATCHED, account_id, message_id, number, *carrier_id),
    )
    session.parked -= 1
    session.told.keep(receipt.carrier, standing or Standing.MATCHED)


def _apply(
    session: Session, receipt: Receipt, widths: Iterable[int] = ()
) -> tuple[Standing | None, PartKey | None]:
    """Obey a receipt; the standing to keep it under when that could not be done."""
    carrier, carrier_message_id = receipt.carrier, receipt.carrier_message_id
    code = CODE[receipt.state]
    found = find_part(session, receipt, widths)
    if isinstance(found, tuple):
        return found
    key = found.key
    if code >= FINAL:
        session.execute_wide("end_parts", [_ending(receipt, code, key)])
        session.remember_end(carrier, carrier_message_id, key, code)
        session.told.end(carrier, receipt.state, receipt.reason)
        if found.total > 1:
            refold(session, *key[:2], receipt.received_ms)
        return None, key
    if found.state > _SENT or receipt.reason is None or receipt.reason == found.reason:
        return Standing.DUPLICATE, key
    session.execute(
        SQL["note_part"], (receipt.reason, receipt.carrier_code, receipt.received_ms, *key)
    )
    return None, key


def _keep(session: Session, receipt: Receipt, standing: Standing, key: PartKey | None) -> None:
    code = CODE[receipt.state]
    session.told.keep(receipt.carrier, standing)
    if standing is Standing.PARKED:
        known = session.execute(
            SQL["standing"], (receipt.carrier, receipt.carrier_message_id, code)
        ).get
        session.parked += known != Standing.PARKED
        session.remember_parked(receipt)
    account_id, message_id, number = key or (None, None, None)
    session.execute(
        SQL["keep_receipt"],
        (
            receipt.carrier,
            receipt.carrier_message_id,
            code,
            standing,
            receipt.reason,
            receipt.carrier_code,
            receipt.received_ms,
            account_id,
            message_id,
            number,
            "\n".join(receipt.numbers) or None,
        ),
    )
