import pytest

from simpost.domain.network_errors import explain_carrier_code, network_error


@pytest.mark.parametrize(
    ("code", "says"),
    [
        ("3:1", "GSM network error 1, unknown subscriber. The network has no such number"),
        ("3:6", "GSM network error 6, absent subscriber for SM. The handset is off"),
        ("3:11", "GSM network error 11, teleservice not provisioned. The eSIM has no SMS"),
        ("3:27", "GSM network error 27, absent subscriber. The handset is off"),
        ("3:27 err 0D1", "GSM network error 27, absent subscriber. The handset is off"),
        ("3:32", "GSM network error 32, SM delivery failure. The handset refused it"),
        ("3:35", "GSM network error 35, data missing."),
        ("3:36", "GSM network error 36, unexpected data value."),
        ("3:500", "GSM network error 500. Ask the carrier"),
        ("1:27", "ANSI-136 access denied reason 27. Ask the carrier"),
        ("8:27", "error of the message centre's own 27. Ask the carrier"),
    ],
)
def test_a_network_error_is_explained(code, says):
    assert explain_carrier_code(code).startswith(says)


@pytest.mark.parametrize(
    "code", [None, "", "027", "27", "0x0000000B", "3:0", "9:27", "3:", "3:27x", "text 3:27"]
)
def test_unknown_carrier_codes_are_not_guessed(code):
    assert explain_carrier_code(code) is None


@pytest.mark.parametrize(
    ("own", "code"),
    [(None, "3:27"), ("027", "3:27"), ("27", "3:27"), ("0D1", "3:27 err 0D1"), ("²", "3:27 err ²")],
)
def test_the_code_of_the_text_is_kept_where_it_says_something_else(own, code):
    assert network_error(3, 27, own) == code
