import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from simpost.text import (
    GSM7,
    UCS2,
    Encoding,
    TextError,
    parse_encoding,
    parse_language,
    units_per_part,
)

from .strategies import ENCODINGS


@pytest.mark.parametrize("encoding", [UCS2, *ENCODINGS])
def test_a_label_reads_back_as_the_encoding(encoding):
    assert parse_encoding(encoding.label) == encoding


@pytest.mark.parametrize(
    ("encoding", "label"),
    [
        (GSM7, "gsm7"),
        (UCS2, "ucs2"),
        (Encoding("gsm7", 3), "gsm7+locking3"),
        (Encoding("gsm7", 0, 2), "gsm7+single2"),
        (Encoding("gsm7", 1, 13), "gsm7+locking1+single13"),
    ],
)
def test_labels_are_stored_in_rows_and_never_change(encoding, label):
    assert encoding.label == label


@pytest.mark.parametrize(
    "label",
    ["", "GSM7", "gsm7+locking2", "gsm7+single14", "gsm7+single0", "ucs2+single1", "gsm7+single1x"],
)
def test_another_label_is_refused(label):
    with pytest.raises(TextError):
        parse_encoding(label)


@given(st.text(min_size=3, max_size=30))
def test_any_other_text_is_refused_without_being_quoted(label):
    assume(label not in {each.label for each in (UCS2, *ENCODINGS)})
    with pytest.raises(TextError) as caught:
        parse_encoding(label)
    assert label not in str(caught.value)


@pytest.mark.parametrize("tables", [(2, 0), (14, 0), (0, 14), (-1, 0)])
def test_an_encoding_with_a_table_that_does_not_exist_cannot_be_made(tables):
    with pytest.raises(ValueError, match="shift table"):
        Encoding("gsm7", *tables)


def test_ucs2_has_no_shift_tables():
    with pytest.raises(ValueError, match="ucs2"):
        Encoding("ucs2", 1)


@pytest.mark.parametrize(
    ("encoding", "alone", "joined_8", "joined_16"),
    [
        (GSM7, 160, 153, 152),
        (UCS2, 70, 67, 66),
        (Encoding("gsm7", 0, 1), 155, 149, 148),
        (Encoding("gsm7", 1, 0), 155, 149, 148),
        (Encoding("gsm7", 1, 1), 152, 146, 145),
    ],
)
def test_headers_take_their_octets_from_every_part(encoding, alone, joined_8, joined_16):
    assert units_per_part(encoding, joined=False, reference_bits=8) == alone
    assert units_per_part(encoding, joined=False, reference_bits=16) == alone
    assert units_per_part(encoding, joined=True, reference_bits=8) == joined_8
    assert units_per_part(encoding, joined=True, reference_bits=16) == joined_16


@pytest.mark.parametrize(
    ("given", "number"),
    [("1", 1), ("13", 13), ("turkish", 1), ("Turkish", 1), ("tr", 1), ("hi", 6), ("URDU", 13)],
)
def test_a_language_is_given_by_number_name_or_code(given, number):
    assert parse_language(given) == number


@pytest.mark.parametrize("given", ["", "0", "14", "klingon", "t r", "²"])
def test_a_language_without_a_table_is_refused_with_those_that_have_one(given):
    with pytest.raises(TextError, match=r"tr \(Turkish\), es"):
        parse_language(given)
