import pytest

from simpost.domain.senders import is_sender


@pytest.mark.parametrize(
    "text",
    ["1", "12345", "447700900001", "+447700900001", "1" * 15, "Shop", "A1", "Shop & Co.", "a" * 11],
)
def test_numbers_short_codes_and_names_are_senders(text):
    assert is_sender(text)


@pytest.mark.parametrize(
    "text",
    ["", "+", "1" * 16, "a" * 12, "   ", "12 34", "Café", "Shop\n", "Shop\0", "+Shop", "١٢٣", "*"],
)
def test_a_sender_that_networks_rewrite_is_refused(text):
    """A name beyond 11 characters, a number beyond E.164, letters that not every network shows."""
    assert not is_sender(text)
