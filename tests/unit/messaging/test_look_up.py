"""In which forms the look-up box searches what it is given."""

import pytest

from simpost.messaging.look_up import identifier_forms


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        ("8988 2010 1000 0000 012", "8988201010000000012"),
        ("8988-2010-1000-0000-012", "8988201010000000012"),
        ("8988201010000000012F", "8988201010000000012"),
        ("8966000000000000012", "8966000000000000012"),
        ("+66 80 000 0001", "66800000001"),
        ("0066800000001", "66800000001"),
        ("(66) 80.000.0001", "66800000001"),
        ("ORD 23", "ORD23"),
        # ETSI TS 102 221 13.2: the digits of each octet are swapped, F fills the last one.
        ("984411223344556677F8", "8944112233445566778"),
        ("98 44 11 22 33 44 55 66 77 F8", "8944112233445566778"),
    ],
)
def test_a_form_that_the_catalogue_may_have_is_among_them(given, wanted):
    assert wanted in identifier_forms(given)


def test_the_given_form_comes_first_and_none_twice():
    forms = identifier_forms("8988 2010 1000 0000 012")
    assert forms[0] == "8988 2010 1000 0000 012"
    assert len(set(forms)) == len(forms) <= 8
