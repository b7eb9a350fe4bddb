"""Fitting: which open part a receipt speaks of, of those with an id that it may mean. Pure.

docs/receipts.md tells the rules for people. An id that two open parts have is ambiguous: a carrier
may use an id again after its counter wrapped or was reset. A part whose validity ended more than a
day before the receipt came is out of the choice; if that does not leave one, none is chosen.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

import msgspec

from simpost.domain.outcomes import Receipt, Standing
from simpost.domain.receipt_ids import Form, candidates, is_proven, same_number

COMMON_WIDTHS = (8, 10, 16, 20)
"""Of a number of 32 or 64 bits in hexadecimal or decimal."""
_AFTER_VALIDITY_MS = 86_400_000


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
    def key(self) -> tuple[int, bytes, int]:
        return self.account_id, self.message_id, self.number


class Asked(NamedTuple):
    """A receipt, and the ids its answer may have had with the form that leads to each."""

    receipt: Receipt
    learnt: dict[str, Form]


def in_learnt_forms(
    receipts: Iterable[tuple[int, Receipt]], forms_of: Callable[[str], Iterable[Form]]
) -> tuple[dict[int, Asked], list[tuple[int, str, str]]]:
    """Receipts by their index, and the ids to look for: index, carrier, id."""
    asked: dict[int, Asked] = {}
    ids: list[tuple[int, str, str]] = []
    for index, receipt in receipts:
        written = receipt.carrier_message_id
        learnt = candidates(written, forms_of(receipt.carrier))
        asked[index] = Asked(receipt, learnt)
        ids += [(index, receipt.carrier, each) for each in (written, *learnt)]
    return asked, ids


def plain_to_see(
    asked: Mapping[int, Asked], all_fits: Iterable[Fit]
) -> dict[int, tuple[Fit, Form | None]]:
    """By index the part that each receipt means, and in which form, where exactly one fits."""
    fits: dict[int, list[Fit]] = {}
    for fit in all_fits:
        fits.setdefault(fit.index, []).append(fit)
    found: dict[int, tuple[Fit, Form | None]] = {}
    for index, (only, *more) in fits.items():
        receipt, learnt = asked[index]
        form = learnt.get(only.carrier_message_id)
        if not more and (form is None or _is_proven(receipt, only, form, learnt=True)):
            found[index] = (only, form)
    return found


def choose(
    receipt: Receipt, fits: Iterable[Fit], learnt: Mapping[str, Form]
) -> Fit | Standing | None:
    """The part with the very id, or with it in a form that the carrier is seen to use.

    None when there is none, or none that is proven.
    """
    exact: list[Fit] = []
    in_form: list[Fit] = []
    for fit in fits:
        (in_form if fit.carrier_message_id in learnt else exact).append(fit)
    chosen, other = _only(exact, receipt), _only(in_form, receipt)
    if exact:
        if chosen and other and _names(receipt, other) and not _names(receipt, chosen):
            return other
        return chosen or Standing.AMBIGUOUS
    if in_form:
        if other is None:
            return Standing.AMBIGUOUS
        if _is_proven(receipt, other, learnt[other.carrier_message_id], learnt=True):
            return other
    return None


def choose_in_any_form(
    receipt: Receipt, fits: Sequence[Fit], possible: Mapping[str, Form]
) -> Fit | Standing:
    """The part with the id in any form, where there is proof of it."""
    if not fits:
        return Standing.PARKED
    chosen = _only(fits, receipt)
    if chosen is None:
        return Standing.AMBIGUOUS
    is_it = _is_proven(receipt, chosen, possible[chosen.carrier_message_id], learnt=False)
    return chosen if is_it else Standing.PARKED


def is_of_one(receipt: Receipt, fits: Iterable[Fit], possible: Mapping[str, Form]) -> bool:
    """Whether it is of one of these parts, whichever, by its number and the id."""
    for fit in fits:
        form = possible.get(fit.carrier_message_id)
        if _names(receipt, fit) and (form is None or _is_proven(receipt, fit, form, learnt=False)):
            return True
    return False


def _only(fits: Sequence[Fit], receipt: Receipt) -> Fit | None:
    if len(fits) > 1:
        oldest_ms = receipt.received_ms - _AFTER_VALIDITY_MS
        fits = [fit for fit in fits if fit.expires_ms >= oldest_ms]
    return fits[0] if len(fits) == 1 else None


def _names(receipt: Receipt, fit: Fit) -> bool:
    return any(same_number(number, fit.destination) for number in receipt.numbers)


def _is_proven(receipt: Receipt, fit: Fit, form: Form, *, learnt: bool) -> bool:
    return is_proven(
        receipt.carrier_message_id,
        fit.carrier_message_id,
        form,
        learnt=learnt,
        numbers=receipt.numbers,
        number=fit.destination,
    )
