import pytest
from hypothesis import given
from hypothesis import strategies as st

from simpost.domain.receipt_ids import (
    MAX_OCTETS,
    Base,
    IdFormat,
    LetterCase,
    candidate_ids,
    is_proven,
    possible_formats,
    same_number,
)

ALL = possible_formats([8, 10, 16])


@pytest.mark.parametrize(
    ("answered", "written", "form"),
    [
        ("0A1B2C", "0a1b2c", IdFormat(letters=LetterCase.UPPER)),  # jasmin#375
        ("0a1b2c", "0A1B2C", IdFormat(letters=LetterCase.LOWER)),
        ("42", "00000042", IdFormat(width=0)),
        ("0000000042", "42", IdFormat(width=10)),
        ("0000000042", "00000042", IdFormat(width=10)),
        ("DEADBEEF", "3735928559", IdFormat(Base.DECIMAL, LetterCase.UPPER, 0)),  # jasmin#643
        ("deadbeef", "3735928559", IdFormat(Base.DECIMAL, LetterCase.LOWER, 0)),
        ("3735928559", "DEADBEEF", IdFormat(Base.HEX, LetterCase.SAME, 0)),
        ("3735928559", "deadbeef", IdFormat(Base.HEX, LetterCase.SAME, 0)),
        ("00ABCDEF", "0011259375", IdFormat(Base.DECIMAL, LetterCase.UPPER, 8)),
        ("0011259375", "ABCDEF", IdFormat(Base.HEX, LetterCase.SAME, 10)),
        ("0000abcd", "ABCD", IdFormat(Base.SAME, LetterCase.LOWER, 8)),
        ("ABCD", "0000abcd", IdFormat(Base.SAME, LetterCase.UPPER, 0)),
    ],
)
def test_a_receipt_in_another_case_base_or_padding_leads_to_the_id_answered(
    answered, written, form
):
    assert form.answer_id(written) == answered
    assert candidate_ids(written, ALL)[answered] == form


@pytest.mark.parametrize("written", ["", "0", "0000", "1" * (MAX_OCTETS + 1)])
def test_an_id_without_a_meaning_has_no_other_form(written):
    assert candidate_ids(written, ALL) == {}


def test_an_id_that_is_no_number_changes_its_case_and_zeros_alone():
    assert set(candidate_ids("c449-ab97", ALL)) == {
        "C449-AB97",
        "0c449-ab97",
        "0C449-AB97",
        "0000000c449-ab97",
        "0000000C449-AB97",
    }


def test_ids_beyond_64_bits_are_no_numbers():
    written = str((1 << 64) - 1)
    assert "F" * 16 in candidate_ids(written, ALL)
    assert "1" + "0" * 16 not in candidate_ids(str(1 << 64), ALL)


@given(st.text("0123456789abcdefABCDEFxyz-+ ", max_size=80), st.lists(st.integers(-5, 90)))
def test_the_candidates_are_few_and_never_the_id_itself(written, widths):
    found = candidate_ids(written, possible_formats(widths))
    assert len(found) <= 53
    assert written not in found


@given(
    value=st.integers(1, (1 << 64) - 1),
    answered=st.sampled_from(["", "08", "010", "020"]).flatmap(
        lambda width: st.sampled_from([f"{width}d", f"{width}x", f"{width}X"])
    ),
    written=st.sampled_from(["d", "x", "X", "08d", "08x", "010d", "020X"]),
)
def test_every_spelling_of_a_number_has_the_id_among_its_candidates(value, answered, written):
    """The other way round serves receipts that came before their answer."""
    answer, receipt = format(value, answered), format(value, written)
    if answer != receipt:
        assert answer in candidate_ids(receipt, possible_formats([len(answer)]))
        assert receipt in candidate_ids(answer, possible_formats([len(receipt)]))


@given(st.text("0123456789abcdefABCDEF", min_size=1, max_size=20))
def test_each_format_is_independent_of_the_others(written):
    for answer_id, form in candidate_ids(written, ALL).items():
        assert candidate_ids(written, [form]) == {answer_id: form}


def test_every_format_has_a_description():
    assert len({form.sentence for form in ALL}) == len(ALL)
    assert IdFormat(Base.DECIMAL, LetterCase.UPPER, 8).sentence == (
        "receipts write the hexadecimal id in decimal; answers have it in upper case, padded to 8"
    )


# Proof.

HANDSET = "66812345678"
DECIMAL = IdFormat(Base.DECIMAL, LetterCase.UPPER, 0)


def proven(written, answer_id, form=DECIMAL, learnt=False, numbers=()):
    return is_proven(written, answer_id, form, learnt=learnt, numbers=numbers, number=HANDSET)


def test_an_unknown_format_needs_the_destination_number():
    assert proven("11259375", "ABCDEF", numbers=["Shop", HANDSET])
    assert not proven("11259375", "ABCDEF", numbers=["66899999999"])
    assert not proven("11259375", "ABCDEF")


def test_a_known_format_needs_no_number_but_refuses_another_one():
    assert proven("11259375", "ABCDEF", learnt=True)
    assert proven("11259375", "ABCDEF", learnt=True, numbers=[HANDSET])
    assert not proven("11259375", "ABCDEF", learnt=True, numbers=["66899999999"])


def test_a_small_number_is_not_read_in_a_base_never_seen():
    assert not proven("16", "10", numbers=[HANDSET])
    assert proven("16", "10", numbers=[HANDSET], learnt=True)
    assert proven("0016", "16", IdFormat(width=0), numbers=[HANDSET])


def test_a_long_id_is_proof_by_itself():
    assert proven("12379813738877118345", "ABCDABCDABCDABC9", numbers=["66899999999"])
    assert not proven("0000000000000abc", "ABC", IdFormat(Base.SAME, LetterCase.UPPER, 0))


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("66812345678", "+66 81 234 5678", True),
        ("66812345678", "0066812345678", True),
        ("66812345678", "0812345678", True),
        ("66812345678", "66812345679", False),
        ("66812345678", "345678", False),
        ("12345", "12345", True),
        ("12345", "912345", False),
        ("Shop", "66812345678", False),
        ("", "", False),
        ("Shop", "Shop", False),
    ],
)
def test_numbers_are_compared_in_national_and_international_form(one, other, same):
    assert same_number(one, other) is same
    assert same_number(other, one) is same
