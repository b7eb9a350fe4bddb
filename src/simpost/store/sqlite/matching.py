"""Matching: the open part that a receipt speaks of, by its id as received or in another form.

docs/receipts.md tells the rules for people. An id that two open parts have is ambiguous: a carrier
may use an id again after its counter wrapped or was reset. A part whose validity ended more than a
day before the receipt came is out of the choice; if that does not leave one, none is chosen.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import chain

import msgspec

from simpost.domain.outcomes import Receipt, Standing
from simpost.domain.receipt_ids import (
    Form,
    candidates,
    is_proven,
    possible_forms,
    same_number,
)
from simpost.store.codes import CODE
from simpost.store.sqlite.queries import SQL, chunks, widened
from simpost.store.sqlite.session import PartKey, Session

COMMON_WIDTHS = (8, 10, 16, 20)
"""Of a number of 32 or 64 bits in hexadecimal or decimal."""
_AFTER_VALIDITY_MS = 86_400_000


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


class Fit(msgspec.Struct, frozen=True):
    """An open part that the receipt at `index` may mean."""

    index: int
    account_id: int
    message_id: bytes
    number: int
    total: int
    state: int
    reason: str | None
    expires_ms: int
    carrier_message_id: str
    destination: str

    @property
    def key(self) -> PartKey:
        return self.account_id, self.message_id, self.number


_decode_matches = msgspec.json.Decoder(list[Match]).decode


def match_exactly(session: Session, receipts: Sequence[Receipt]) -> list[Match]:
    """Every open part with the very id of one of the receipts; they are a chunk at most."""
    ids = [
        (index, receipt.carrier, receipt.carrier_message_id)
        for index, receipt in enumerate(receipts)
    ]
    text: str = session.execute(
        widened("match_receipts", len(ids)), list(chain.from_iterable(ids))
    ).get
    return _decode_matches(text)


def match_learnt(
    session: Session, receipts: Iterable[tuple[int, Receipt]]
) -> dict[int, tuple[Fit, Form | None]]:
    """By index the part that each receipt means, and in which form, where that is plain to see.

    Exactly one part fits, by the id as received or by a form this carrier is seen to use.
    """
    asked: dict[int, tuple[Receipt, dict[str, Form]]] = {}
    ids: list[tuple[int, str, str]] = []
    for index, receipt in receipts:
        written = receipt.carrier_message_id
        learnt = candidates(written, session.forms.of(receipt.carrier))
        asked[index] = (receipt, learnt)
        ids += [(index, receipt.carrier, each) for each in (written, *learnt)]
    fits: dict[int, list[Fit]] = {}
    for fit in _look(session, ids):
        fits.setdefault(fit.index, []).append(fit)
    found: dict[int, tuple[Fit, Form | None]] = {}
    for index, (only, *more) in fits.items():
        receipt, learnt = asked[index]
        form = learnt.get(only.carrier_message_id)
        if not more and (form is None or _is_proven(receipt, only, learnt, learnt=True)):
            found[index] = (only, form)
    return found


def find_part(
    session: Session, receipt: Receipt, widths: Iterable[int] = ()
) -> Fit | tuple[Standing, PartKey | None]:
    """The part that a receipt speaks of, or why none was found and which one has ended.

    `widths` are those of answers that may be meant, beside those seen in the store.
    """
    carrier, written = receipt.carrier, receipt.carrier_message_id
    learnt = candidates(written, session.forms.of(carrier))
    fits = _fits(session, carrier, [written, *learnt])
    exact = [fit for fit in fits if fit.carrier_message_id == written]
    in_form = [fit for fit in fits if fit.carrier_message_id != written]
    if exact:
        chosen = _only(exact, receipt)
        other = _only(in_form, receipt)
        if chosen and other and _names(receipt, other) and not _names(receipt, chosen):
            return _believe(session, receipt, other, learnt)
        return chosen or (Standing.AMBIGUOUS, None)
    if in_form:
        chosen = _only(in_form, receipt)
        if chosen is None:
            return Standing.AMBIGUOUS, None
        if _is_proven(receipt, chosen, learnt, learnt=True):
            return _believe(session, receipt, chosen, learnt)
    ended = session.recall_end(carrier, written)
    if ended is not None:
        key, code = ended
        return Standing.DUPLICATE if code == CODE[receipt.state] else Standing.LATE, key
    return _find_in_any_form(session, receipt, widths)


def speak_of_sent(session: Session, receipts: Sequence[Receipt]) -> list[bool]:
    """Whether each has the id, in any form, of a part that went to a number it names."""
    return [_speaks_of_sent(session, receipt) for receipt in receipts]


def _speaks_of_sent(session: Session, receipt: Receipt) -> bool:
    carrier, written = receipt.carrier, receipt.carrier_message_id
    if ended := session.recall_end(carrier, written):
        (account_id, message_id, _), _ = ended
        for (number,) in session.execute(SQL["destination_of"], (account_id, message_id)):
            if any(same_number(each, number) for each in receipt.numbers):
                return True
    possible = _possible(session, carrier, written, ())
    return any(
        _names(receipt, fit)
        and (fit.carrier_message_id == written or _is_proven(receipt, fit, possible, learnt=False))
        for fit in _fits(session, carrier, [written, *possible])
    )


def _possible(
    session: Session, carrier: str, written: str, widths: Iterable[int]
) -> dict[str, Form]:
    """Every id the answer may have had, by the widths seen in the store and `widths`."""
    seen = {len(text) for text in session.execute(SQL["outermost_ids"], (carrier,)).get if text}
    return candidates(written, possible_forms({*seen, *widths, *COMMON_WIDTHS}))


def _find_in_any_form(
    session: Session, receipt: Receipt, widths: Iterable[int]
) -> Fit | tuple[Standing, PartKey | None]:
    carrier = receipt.carrier
    possible = _possible(session, carrier, receipt.carrier_message_id, widths)
    fits = _fits(session, carrier, possible)
    if not fits:
        return Standing.PARKED, None
    chosen = _only(fits, receipt)
    if chosen is None:
        return Standing.AMBIGUOUS, None
    if _is_proven(receipt, chosen, possible, learnt=False):
        return _believe(session, receipt, chosen, possible)
    return Standing.PARKED, None


def _fits(session: Session, carrier: str, ids: Iterable[str]) -> list[Fit]:
    return _look(session, [(0, carrier, each) for each in ids])


def _look(session: Session, ids: Sequence[tuple[int, str, str]]) -> list[Fit]:
    return [
        Fit(*row)
        for some in chunks(ids)
        for row in session.execute(
            widened("match_forms", len(some)), list(chain.from_iterable(some))
        )
    ]


def _only(fits: Sequence[Fit], receipt: Receipt) -> Fit | None:
    if len(fits) > 1:
        oldest_ms = receipt.received_ms - _AFTER_VALIDITY_MS
        fits = [fit for fit in fits if fit.expires_ms >= oldest_ms]
    return fits[0] if len(fits) == 1 else None


def _names(receipt: Receipt, fit: Fit) -> bool:
    return any(same_number(number, fit.destination) for number in receipt.numbers)


def _is_proven(receipt: Receipt, fit: Fit, forms: dict[str, Form], *, learnt: bool) -> bool:
    return is_proven(
        receipt.carrier_message_id,
        fit.carrier_message_id,
        forms[fit.carrier_message_id],
        learnt=learnt,
        numbers=receipt.numbers,
        number=fit.destination,
    )


def _believe(session: Session, receipt: Receipt, fit: Fit, forms: dict[str, Form]) -> Fit:
    session.forms.saw(receipt.carrier, forms[fit.carrier_message_id], receipt.received_ms)
    return fit
