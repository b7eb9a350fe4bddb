"""Fitting: which open part a receipt speaks of, of those with an id that it may mean. Pure.

docs/receipts.md tells the rules for people. An id that two open parts have is ambiguous: a carrier
may use an id again after its counter wrapped or was reset. A part whose validity ended more than a
day before the receipt came is out of the choice; if that does not leave one, none is chosen. Some
carriers give all parts of a message one id: then each receipt is of the first that is still open.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

import msgspec

from simpost.domain.outcomes import Receipt, ReceiptDisposition
from simpost.domain.receipt_ids import (
    IdFormat,
    candidate_ids,
    is_proven,
    possible_formats,
    same_number,
)

COMMON_WIDTHS = (8, 10, 16, 20)
"""Of a number of 32 or 64 bits in hexadecimal or decimal."""
AFTER_VALIDITY_MS = 86_400_000
MOST_IN_DOUBT = 10_000
"""Parts in doubt at one carrier; beyond, none of them is looked for by its number."""
MOST_MET = 2_000
"""Parked receipts, the newest, and parts in doubt that are compared at a time."""
_TAIL_DIGITS = 7
ANSWERED_BEFORE_MS = 3 * 86_400_000
"""How far back the ids of an eSIM's other messages are looked at."""
UNKNOWN = (ReceiptDisposition.PARKED, None)
"""What is found for a receipt that fits no part."""


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
    learnt: dict[str, IdFormat]


def in_learnt_forms(
    receipts: Iterable[tuple[int, Receipt]], forms_of: Callable[[str], Iterable[IdFormat]]
) -> tuple[dict[int, Asked], list[tuple[int, str, str]]]:
    """Receipts by their index, and the ids to look for: index, carrier, id."""
    asked: dict[int, Asked] = {}
    ids: list[tuple[int, str, str]] = []
    for index, receipt in receipts:
        written = receipt.carrier_message_id
        learnt = candidate_ids(written, forms_of(receipt.carrier))
        asked[index] = Asked(receipt, learnt)
        ids += [(index, receipt.carrier, each) for each in (written, *learnt)]
    return asked, ids


def plain_to_see(
    asked: Mapping[int, Asked], all_fits: Iterable[Fit]
) -> dict[int, tuple[Fit, IdFormat | None]]:
    """By index the part that each receipt means, and in which form, where exactly one fits."""
    fits: dict[int, list[Fit]] = {}
    for fit in all_fits:
        fits.setdefault(fit.index, []).append(fit)
    found: dict[int, tuple[Fit, IdFormat | None]] = {}
    for index, (only, *more) in fits.items():
        receipt, learnt = asked[index]
        form = learnt.get(only.carrier_message_id)
        if not more and (form is None or _is_proven(receipt, only, form, learnt=True)):
            found[index] = (only, form)
    return found


def choose(
    receipt: Receipt, fits: Iterable[Fit], learnt: Mapping[str, IdFormat]
) -> Fit | ReceiptDisposition | None:
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
        return chosen or ReceiptDisposition.AMBIGUOUS
    if in_form:
        if other is None:
            return ReceiptDisposition.AMBIGUOUS
        if _is_proven(receipt, other, learnt[other.carrier_message_id], learnt=True):
            return other
    return None


def choose_in_any_form(
    receipt: Receipt, fits: Sequence[Fit], possible: Mapping[str, IdFormat]
) -> Fit | ReceiptDisposition:
    """The part with the id in any form, where there is proof of it."""
    if not fits:
        return ReceiptDisposition.PARKED
    chosen = _only(fits, receipt)
    if chosen is None:
        return ReceiptDisposition.AMBIGUOUS
    is_it = _is_proven(receipt, chosen, possible[chosen.carrier_message_id], learnt=False)
    return chosen if is_it else ReceiptDisposition.PARKED


def is_of_one(receipt: Receipt, fits: Iterable[Fit], possible: Mapping[str, IdFormat]) -> bool:
    """Whether it is of one of these parts, whichever, by its number and the id."""
    for fit in fits:
        form = possible.get(fit.carrier_message_id)
        if _names(receipt, fit) and (form is None or _is_proven(receipt, fit, form, learnt=False)):
            return True
    return False


class Doubt(NamedTuple):
    """A part in doubt: a receipt that fits no part may be of it."""

    fit: Fit
    esim_tran_no: str


class Answer(NamedTuple):
    """The id that a carrier gave a part of the same eSIM, and whether that still waits."""

    carrier_message_id: str
    is_open: bool


def tails(numbers: Iterable[str]) -> list[str]:
    """The ends of numbers by which parts in doubt are looked for."""
    found = ("".join(filter(str.isdecimal, number)).lstrip("0") for number in numbers)
    return [digits[-_TAIL_DIGITS:] for digits in found if digits]


def only_in_doubt(receipt: Receipt, doubts: Iterable[Doubt]) -> Doubt | None:
    """The one part in doubt that went to a number the receipt names; none where there are more.

    What has neither an id nor an end says nothing of a part.
    """
    if not (receipt.carrier_message_id or receipt.text_id or receipt.state.is_final):
        return None
    to_it = [doubt for doubt in doubts if _names(receipt, doubt.fit)]
    return to_it[0] if len(to_it) == 1 else None


def is_of_another(receipt: Receipt, answers: Iterable[Answer]) -> bool:
    """Whether it is, or may be, of another part that the eSIM was sent.

    That has its id, in any form; or a receipt without one may be of any part that is open.
    """
    written = {receipt.carrier_message_id, receipt.text_id} - {""}
    if not written:
        return any(answer.is_open for answer in answers)
    ids = {answer.carrier_message_id for answer in answers}
    forms = possible_formats({*map(len, ids), *COMMON_WIDTHS})
    return any(not ids.isdisjoint((one, *candidate_ids(one, forms))) for one in written)


def _only(fits: Sequence[Fit], receipt: Receipt) -> Fit | None:
    if len(fits) > 1:
        oldest_ms = receipt.received_ms - AFTER_VALIDITY_MS
        fits = [fit for fit in fits if fit.expires_ms >= oldest_ms]
    if len({(fit.account_id, fit.message_id, fit.carrier_message_id) for fit in fits}) == 1:
        return min(fits, key=lambda fit: fit.number)  # one id for all parts: one after the other
    return None


def _names(receipt: Receipt, fit: Fit) -> bool:
    return any(same_number(number, fit.destination) for number in receipt.numbers)


def _is_proven(receipt: Receipt, fit: Fit, form: IdFormat, *, learnt: bool) -> bool:
    return is_proven(
        receipt.carrier_message_id,
        fit.carrier_message_id,
        form,
        learnt=learnt,
        numbers=receipt.numbers,
        number=fit.destination,
    )
