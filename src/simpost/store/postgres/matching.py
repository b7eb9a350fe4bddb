"""Matching: the open part that a receipt speaks of, by its id as received or in another form.

docs/receipts.md tells the rules for people. An id that two open parts have is ambiguous: a carrier
may use an id again after its counter wrapped or was reset. A part whose validity ended more than a
day before the receipt came is out of the choice; if that does not leave one, none is chosen.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

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
from simpost.store.postgres.folding import PartKey
from simpost.store.postgres.forms import LearntForms
from simpost.store.postgres.link import Session
from simpost.store.postgres.queries import columns, is_keepable

COMMON_WIDTHS = (8, 10, 16, 20)
"""Of a number of 32 or 64 bits in hexadecimal or decimal."""
_DAY_MS: Final = 86_400_000
_AFTER_VALIDITY_MS: Final = _DAY_MS
_LONGEST_MS: Final = 40 * _DAY_MS
"""From a message's acceptance to the last receipt that is looked up: the longest validity is 30
days. Older partitions are left alone."""
_AGAIN_MS: Final = 600_000
"""How long after its part ended a receipt is taken for a repetition. Later the carrier may have
used the id anew, and the receipt waits for the answer that tells it."""


class Fit(msgspec.Struct, frozen=True):
    """An open part that the receipt at `place` may mean."""

    place: int
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


def lowest_id(now_ms: int) -> bytes:
    """Messages with ids below are too old to be waited for."""
    return max(0, now_ms - _LONGEST_MS).to_bytes(6, "big")


async def match_learnt(
    session: Session, forms: LearntForms, receipts: Iterable[tuple[int, Receipt]]
) -> dict[int, tuple[Fit, Form | None]]:
    """By place the part that each receipt means, and in which form, where that is plain to see.

    Exactly one part fits, by the id as received or by a form this carrier is seen to use.
    """
    asked: dict[int, tuple[Receipt, dict[str, Form]]] = {}
    ids: list[tuple[int, str, str]] = []
    for place, receipt in receipts:
        written = receipt.carrier_message_id
        learnt = candidates(written, forms.of(receipt.carrier))
        asked[place] = (receipt, learnt)
        ids += [(place, receipt.carrier, each) for each in (written, *learnt)]
    oldest_ms = min(receipt.received_ms for receipt, _ in asked.values())
    fits: dict[int, list[Fit]] = {}
    for fit in await _look(session, ids, oldest_ms):
        fits.setdefault(fit.place, []).append(fit)
    found: dict[int, tuple[Fit, Form | None]] = {}
    for place, (only, *more) in fits.items():
        receipt, learnt = asked[place]
        form = learnt.get(only.carrier_message_id)
        if not more and (form is None or _is_proven(receipt, only, learnt, learnt=True)):
            found[place] = (only, form)
    return found


async def find_part(
    session: Session, forms: LearntForms, receipt: Receipt, widths: Iterable[int] = ()
) -> Fit | tuple[Standing, PartKey | None]:
    """The part that a receipt speaks of, or why none was found and which one has ended.

    `widths` are those of answers that may be meant, beside those seen in the store.
    """
    written = receipt.carrier_message_id
    learnt = candidates(written, forms.of(receipt.carrier))
    fits = await _fits(session, receipt, [written, *learnt])
    exact = [fit for fit in fits if fit.carrier_message_id == written]
    in_form = [fit for fit in fits if fit.carrier_message_id != written]
    if exact:
        chosen = _only(exact, receipt)
        other = _only(in_form, receipt)
        if chosen and other and _names(receipt, other) and not _names(receipt, chosen):
            return _believe(forms, receipt, other, learnt)
        return chosen or (Standing.AMBIGUOUS, None)
    if in_form:
        chosen = _only(in_form, receipt)
        if chosen is None:
            return Standing.AMBIGUOUS, None
        if _is_proven(receipt, chosen, learnt, learnt=True):
            return _believe(forms, receipt, chosen, learnt)
    ended = await _ended(session, receipt, [written, *learnt])
    return ended or await _find_in_any_form(session, forms, receipt, widths)


async def speaks_of_sent(session: Session, receipt: Receipt) -> bool:
    """Whether it has the id, in any form, of a part that went to a number it names."""
    carrier, written = receipt.carrier, receipt.carrier_message_id
    if not is_keepable(written):
        return False
    forms = await LearntForms.load(session)
    ids = [written, *candidates(written, forms.of(carrier))]
    since_ms = receipt.received_ms - _AGAIN_MS
    oldest = lowest_id(receipt.received_ms)
    for (number,) in await session.ask("ended_destinations", carrier, ids, since_ms, oldest):
        if any(same_number(each, number) for each in receipt.numbers):
            return True
    possible = await _possible(session, receipt, ())
    return any(
        _names(receipt, fit)
        and (fit.carrier_message_id == written or _is_proven(receipt, fit, possible, learnt=False))
        for fit in await _fits(session, receipt, [written, *possible])
    )


async def _possible(session: Session, receipt: Receipt, widths: Iterable[int]) -> dict[str, Form]:
    """Every id the answer may have had, by the widths seen in the store and `widths`."""
    oldest = lowest_id(receipt.received_ms)
    [outermost] = await session.ask("outermost_ids", receipt.carrier, oldest)
    seen = {len(text) for text in outermost if text}
    forms = possible_forms({*seen, *widths, *COMMON_WIDTHS})
    return candidates(receipt.carrier_message_id, forms)


async def _ended(
    session: Session, receipt: Receipt, ids: list[str]
) -> tuple[Standing, PartKey] | None:
    rows = await session.ask(
        "ended_part",
        receipt.carrier,
        ids,
        receipt.received_ms - _AGAIN_MS,
        lowest_id(receipt.received_ms),
    )
    for account_id, message_id, number, code in rows:
        same = code == CODE[receipt.state]
        return (Standing.DUPLICATE if same else Standing.LATE), (account_id, message_id, number)
    return None


async def _find_in_any_form(
    session: Session, forms: LearntForms, receipt: Receipt, widths: Iterable[int]
) -> Fit | tuple[Standing, PartKey | None]:
    possible = await _possible(session, receipt, widths)
    fits = await _fits(session, receipt, possible)
    if not fits:
        return Standing.PARKED, None
    chosen = _only(fits, receipt)
    if chosen is None:
        return Standing.AMBIGUOUS, None
    if _is_proven(receipt, chosen, possible, learnt=False):
        return _believe(forms, receipt, chosen, possible)
    return Standing.PARKED, None


async def _fits(session: Session, receipt: Receipt, ids: Iterable[str]) -> list[Fit]:
    asked = [(0, receipt.carrier, each) for each in ids]
    return await _look(session, asked, receipt.received_ms)


async def _look(session: Session, ids: Sequence[tuple[int, str, str]], now_ms: int) -> list[Fit]:
    if not ids:
        return []
    rows = await session.ask("match_forms", *columns(ids, 3), lowest_id(now_ms))
    return [Fit(*row) for row in rows]


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


def _believe(forms: LearntForms, receipt: Receipt, fit: Fit, possible: dict[str, Form]) -> Fit:
    forms.saw(receipt.carrier, possible[fit.carrier_message_id], receipt.received_ms)
    return fit
