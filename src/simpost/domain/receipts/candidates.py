"""Selects the open part that a receipt belongs to. Pure.

docs/receipts.md has the rules in prose. An id of two open parts is ambiguous: a carrier may use an
id again after its counter wrapped or was reset. A part whose validity ended more than a day before
the receipt arrived is no candidate; if that does not leave one, none is chosen. Some carriers give
all parts of a message the same id: then each receipt is of the first one that is still open.
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
"""Digits of a 32 or 64 bit number in hexadecimal or decimal."""
AFTER_VALIDITY_MS = 86_400_000
MAX_IN_DOUBT = 10_000
"""Most parts in doubt at one carrier; with more none is searched by number."""
MAX_PARKED_COMPARED = 2_000
"""Newest parked receipts, and parts in doubt, that are compared at a time."""
_TAIL_DIGITS = 7
ANSWERED_BEFORE_MS = 3 * 86_400_000
"""How far back the ids of other messages of an eSIM are compared."""
NO_MATCH = (ReceiptDisposition.PARKED, None)
"""The result of a search without a candidate."""


class CandidatePart(msgspec.Struct, frozen=True):
    """An open part that the receipt at `index` may belong to."""

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


class ReceiptIds(NamedTuple):
    """A receipt, and possible ids of its response with the format that leads to each."""

    receipt: Receipt
    learnt: dict[str, IdFormat]


def ids_in_known_formats(
    receipts: Iterable[tuple[int, Receipt]], forms_of: Callable[[str], Iterable[IdFormat]]
) -> tuple[dict[int, ReceiptIds], list[tuple[int, str, str]]]:
    """Receipts by their index, and the ids to search: index, carrier, id."""
    asked: dict[int, ReceiptIds] = {}
    ids: list[tuple[int, str, str]] = []
    for index, receipt in receipts:
        written = receipt.carrier_message_id
        learnt = candidate_ids(written, forms_of(receipt.carrier))
        asked[index] = ReceiptIds(receipt, learnt)
        ids += [(index, receipt.carrier, each) for each in (written, *learnt)]
    return asked, ids


def unambiguous(
    asked: Mapping[int, ReceiptIds], all_candidates: Iterable[CandidatePart]
) -> dict[int, tuple[CandidatePart, IdFormat | None]]:
    """The part of each receipt that has one candidate, by index, and the format of the id."""
    candidates: dict[int, list[CandidatePart]] = {}
    for candidate in all_candidates:
        candidates.setdefault(candidate.index, []).append(candidate)
    found: dict[int, tuple[CandidatePart, IdFormat | None]] = {}
    for index, (only, *more) in candidates.items():
        receipt, learnt = asked[index]
        form = learnt.get(only.carrier_message_id)
        if not more and (form is None or _is_proven(receipt, only, form, learnt=True)):
            found[index] = (only, form)
    return found


def choose(
    receipt: Receipt, candidates: Iterable[CandidatePart], learnt: Mapping[str, IdFormat]
) -> CandidatePart | ReceiptDisposition | None:
    """The part with exactly this id, or with it in a format that the carrier uses.

    None when there is none, or none that is proven.
    """
    exact: list[CandidatePart] = []
    in_form: list[CandidatePart] = []
    for candidate in candidates:
        (in_form if candidate.carrier_message_id in learnt else exact).append(candidate)
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


def choose_in_any_format(
    receipt: Receipt, candidates: Sequence[CandidatePart], possible: Mapping[str, IdFormat]
) -> CandidatePart | ReceiptDisposition:
    """The part with the id in any format, if that is proven."""
    if not candidates:
        return ReceiptDisposition.PARKED
    chosen = _only(candidates, receipt)
    if chosen is None:
        return ReceiptDisposition.AMBIGUOUS
    is_it = _is_proven(receipt, chosen, possible[chosen.carrier_message_id], learnt=False)
    return chosen if is_it else ReceiptDisposition.PARKED


def matches_any(
    receipt: Receipt, candidates: Iterable[CandidatePart], possible: Mapping[str, IdFormat]
) -> bool:
    """Whether number and id of the receipt match any of these parts."""
    for candidate in candidates:
        form = possible.get(candidate.carrier_message_id)
        if _names(receipt, candidate) and (
            form is None or _is_proven(receipt, candidate, form, learnt=False)
        ):
            return True
    return False


class PartInDoubt(NamedTuple):
    """A part in doubt, to which a receipt without a candidate may belong."""

    candidate: CandidatePart
    esim_tran_no: str


class KnownId(NamedTuple):
    """The carrier's id of another part of the same eSIM, and whether that part is open."""

    carrier_message_id: str
    is_open: bool


def number_endings(numbers: Iterable[str]) -> list[str]:
    """The last digits of numbers, to search parts in doubt by."""
    found = ("".join(filter(str.isdecimal, number)).lstrip("0") for number in numbers)
    return [digits[-_TAIL_DIGITS:] for digits in found if digits]


def only_candidate_in_doubt(receipt: Receipt, doubts: Iterable[PartInDoubt]) -> PartInDoubt | None:
    """The only part in doubt to a number in the receipt; `None` if there are several.

    What has neither an id nor an end says nothing of a part.
    """
    if not (receipt.carrier_message_id or receipt.text_id or receipt.state.is_final):
        return None
    to_it = [doubt for doubt in doubts if _names(receipt, doubt.candidate)]
    return to_it[0] if len(to_it) == 1 else None


def may_be_of_another(receipt: Receipt, answers: Iterable[KnownId]) -> bool:
    """Whether the receipt belongs, or may belong, to another part of the eSIM.

    That has its id, in any form; or a receipt without one may be of any part that is open.
    """
    written = {receipt.carrier_message_id, receipt.text_id} - {""}
    if not written:
        return any(answer.is_open for answer in answers)
    ids = {answer.carrier_message_id for answer in answers}
    forms = possible_formats({*map(len, ids), *COMMON_WIDTHS})
    return any(not ids.isdisjoint((one, *candidate_ids(one, forms))) for one in written)


def _only(candidates: Sequence[CandidatePart], receipt: Receipt) -> CandidatePart | None:
    if len(candidates) > 1:
        oldest_ms = receipt.received_ms - AFTER_VALIDITY_MS
        candidates = [candidate for candidate in candidates if candidate.expires_ms >= oldest_ms]
    if (
        len(
            {
                (candidate.account_id, candidate.message_id, candidate.carrier_message_id)
                for candidate in candidates
            }
        )
        == 1
    ):
        return min(
            candidates, key=lambda candidate: candidate.number
        )  # one id for all parts: one after the other
    return None


def _names(receipt: Receipt, candidate: CandidatePart) -> bool:
    return any(same_number(number, candidate.destination) for number in receipt.numbers)


def _is_proven(receipt: Receipt, candidate: CandidatePart, form: IdFormat, *, learnt: bool) -> bool:
    return is_proven(
        receipt.carrier_message_id,
        candidate.carrier_message_id,
        form,
        learnt=learnt,
        numbers=receipt.numbers,
        number=candidate.destination,
    )
