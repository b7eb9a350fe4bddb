"""Which part a receipt belongs to: docs/receipts.md, rule by rule, without a store."""

import pytest

from simpost.domain.outcomes import Receipt, ReceiptDisposition
from simpost.domain.receipt_ids import candidate_ids, possible_formats
from simpost.domain.receipts.candidates import (
    CandidatePart,
    choose,
    choose_in_any_format,
    matches_any,
)
from simpost.domain.states import State

NOW_MS = 1_800_000_000_000
DAY_MS = 86_400_000
NUMBER, OTHER = "66812345678", "66899999999"
FORMS = candidate_ids("11259375", possible_formats(()))
"""In decimal; the answer wrote abcdef, ABCDEF, or just the same."""


def said(written="11259375", *numbers):
    return Receipt("c", written, State.DELIVERED, None, None, NOW_MS, numbers)


def part(carrier_message_id, number=1, destination=NUMBER, expires_ms=NOW_MS + DAY_MS):
    of_message = number.to_bytes(16, "big")
    facts = (1, of_message, 1, 1, 50, None, expires_ms)
    return CandidatePart(0, *facts, carrier_message_id, destination)


def test_an_exact_id_needs_no_proof():
    one = part("11259375")
    assert choose(said(), [one], {}) is one


def test_without_a_match_other_formats_are_searched():
    assert choose(said(), [], FORMS) is None


def test_two_parts_with_the_exact_id_are_ambiguous():
    assert (
        choose(said(), [part("11259375"), part("11259375", 2)], {}) is ReceiptDisposition.AMBIGUOUS
    )


def test_a_part_whose_validity_ended_long_ago_is_no_candidate():
    old = part("11259375", 2, expires_ms=NOW_MS - DAY_MS - 1)
    assert choose(said(), [part("11259375"), old], {}) == part("11259375")
    assert choose(said(), [old], {}) is old


def test_the_number_decides_between_a_format_and_the_exact_id():
    exact, in_form = part("11259375", 1, OTHER), part("abcdef", 2)
    assert choose(said("11259375", NUMBER), [exact, in_form], FORMS) is in_form
    assert choose(said("11259375", OTHER), [exact, in_form], FORMS) is exact
    assert choose(said(), [exact, in_form], FORMS) is exact


@pytest.mark.parametrize(
    ("numbers", "is_found"), [((), True), ((NUMBER,), True), ((OTHER,), False)]
)
def test_a_known_format_is_accepted_unless_the_number_differs(numbers, is_found):
    one = part("abcdef")
    assert choose(said("11259375", *numbers), [one], FORMS) is (one if is_found else None)


@pytest.mark.parametrize(
    ("numbers", "is_found"), [((), False), ((NUMBER,), True), ((OTHER,), False)]
)
def test_any_other_format_needs_the_number(numbers, is_found):
    one = part("abcdef")
    found = choose_in_any_format(said("11259375", *numbers), [one], FORMS)
    assert found is (one if is_found else ReceiptDisposition.PARKED)
    assert matches_any(said("11259375", *numbers), [one], FORMS) is is_found


def test_several_matches_in_any_format_are_ambiguous():
    both = [part("abcdef"), part("ABCDEF", 2)]
    assert (
        choose_in_any_format(said("11259375", NUMBER), both, FORMS) is ReceiptDisposition.AMBIGUOUS
    )
    assert choose_in_any_format(said("11259375", NUMBER), [], FORMS) is ReceiptDisposition.PARKED
