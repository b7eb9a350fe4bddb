import pytest

from simpost.domain.identifiers import is_imsi, is_msisdn, passes_luhn


@pytest.mark.parametrize(
    "iccid",
    ["8944538532008160222", "8943108170000828413", "89852000263318806140", "8948010010036785060"],
)
def test_iccids_of_the_field_that_pass_luhn(iccid):
    assert passes_luhn(iccid)


@pytest.mark.parametrize(
    "iccid",
    ["8944123456789012000", "894123456789123456", "8988280666000000000", "8988228530100000216"],
)
def test_vendors_own_examples_fail_luhn(iccid):
    assert not passes_luhn(iccid)


def test_other_digits_than_ascii_are_no_digits():
    assert not passes_luhn("٣٤٥")
    assert not is_msisdn("4٣٤٥٣٤٥٣٤٥")
    assert not is_imsi("٣" * 15)


@pytest.mark.parametrize("text", ["447700900123", "123", "1" * 15])
def test_msisdns(text):
    assert is_msisdn(text)


@pytest.mark.parametrize("text", ["", "0447700900", "+447700900123", "1" * 16, "44 7700"])
def test_invalid_msisdns_are_refused(text):
    assert not is_msisdn(text)
