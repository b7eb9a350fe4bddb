import pytest

from simpost.smpp import Address, parse_address


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("+66812345678", Address(1, 1, "66812345678")),
        ("66812345678", Address(1, 1, "66812345678")),
        ("123456789", Address(1, 1, "123456789")),
        ("+12345678", Address(1, 1, "12345678")),
        ("+8835100012345", Address(1, 1, "8835100012345")),
        ("12345678", Address(3, 0, "12345678")),
        ("911", Address(3, 0, "911")),
        ("simpost", Address(5, 0, "simpost")),
        ("eSIM Access", Address(5, 0, "eSIM Access")),
        ("1-800-HELLO", Address(5, 0, "1-800-HELLO")),
        ("٠١٢", Address(5, 0, "٠١٢")),
    ],
)
def test_a_sender_gets_the_ton_and_npi_operators_want(text: str, address: Address) -> None:
    assert parse_address(text) == address


@pytest.mark.parametrize("text", ["", "twelve chars", "1234567890123456"])
def test_what_fits_no_kind_of_address_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"digits|characters"):
        parse_address(text)
