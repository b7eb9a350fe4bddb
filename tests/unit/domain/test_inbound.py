import pytest

from simpost.domain.esims import Esim
from simpost.domain.inbound import OwnNumbers, phone_blocking_reason, plain_number
from simpost.domain.reasons import Reason


@pytest.mark.parametrize(
    ("written", "plain"),
    [
        ("447700900123", "447700900123"),
        ("+447700900123", "447700900123"),
        ("00447700900123", "447700900123"),
        ("12345", "12345"),
        ("00123", "00123"),
        ("+00447700900123", "00447700900123"),
        ("MyBank", "MyBank"),
        ("4477Bank", "4477Bank"),
        ("²3456", "²3456"),
        ("", ""),
        ("+", "+"),
    ],
)
def test_a_number_is_its_digits_and_a_name_stays_as_it_is(written, plain):
    assert plain_number(written) == plain


def test_a_number_of_one_account_is_its_alone_and_senders_are_shared():
    numbers = OwnNumbers({"+447700900001": "shop", "12345": ""}, ["Shop", "", "447700900001"])
    assert numbers.owner_of("447700900001") == "shop"
    assert numbers.owner_of("00447700900001") == "shop"
    assert numbers.owner_of("12345") == ""
    assert numbers.owner_of("SHOP") == ""
    assert numbers.owner_of("1234") is None
    assert numbers.owner_of("") is None
    assert "shop" in numbers
    assert "447700900002" not in numbers


def esim(sms_status, smdp_status="ENABLED", esim_status="IN_USE"):
    return Esim("1", "89", "4477", "", smdp_status, esim_status, sms_status)


@pytest.mark.parametrize(
    ("facts", "reason"),
    [
        ((1,), None),
        ((2,), Reason.SMS_API_ONLY),
        ((0,), Reason.SMS_NOT_SUPPORTED),
        ((1, "RELEASED"), Reason.NOT_INSTALLED),
        ((1, "DISABLED"), None),
        ((1, "ENABLED", "SUSPENDED"), Reason.ESIM_SUSPENDED),
        ((9,), None),
    ],
)
def test_only_the_api_and_phone_level_takes_texts_from_phones(facts, reason):
    assert phone_blocking_reason(esim(*facts)) == reason
