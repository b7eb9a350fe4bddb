"""One-time passwords beside the vectors of their RFCs and beside another implementation."""

import base64
import re

import pyotp
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simpost.domain.totp import (
    RECOVERY_CODES,
    STEP_MS,
    generate_recovery_codes,
    generate_secret,
    hotp,
    is_totp_code,
    matching_step,
    otpauth_uri,
    plain_code,
    recovery_digest,
    secret_text,
    step_of,
)

SECRET = b"12345678901234567890"
COUNTERS = "755224 287082 359152 969429 338314 254676 287922 162583 399871 520489"
"""RFC 4226, appendix D: the codes of the counters 0 to 9."""
TIMES = {
    59: "94287082",
    1_111_111_109: "07081804",
    1_111_111_111: "14050471",
    1_234_567_890: "89005924",
    2_000_000_000: "69279037",
    20_000_000_000: "65353130",
}
"""RFC 6238, appendix B: codes of eight digits with SHA-1, by seconds since 1970."""


def test_codes_of_counters_are_those_of_rfc_4226():
    assert [hotp(SECRET, counter) for counter in range(10)] == COUNTERS.split()


@pytest.mark.parametrize(("at_s", "code"), TIMES.items())
def test_codes_of_times_are_those_of_rfc_6238(at_s, code):
    assert hotp(SECRET, step_of(at_s * 1000), digits=8) == code


@given(secret=st.binary(min_size=20, max_size=20), at_s=st.integers(0, 2**35))
def test_another_implementation_makes_the_same_codes(secret, at_s):
    other = pyotp.TOTP(secret_text(secret)).at(at_s)
    assert hotp(secret, step_of(at_s * 1000)) == other


@given(secret=st.binary(min_size=20, max_size=20), user=st.from_regex(r"[a-z0-9_.@-]{1,63}\Z"))
def test_another_implementation_reads_the_uri(secret, user):
    read = pyotp.parse_uri(otpauth_uri(user, secret))
    assert isinstance(read, pyotp.TOTP)
    assert (read.name, read.issuer, read.digits, read.interval) == (user, "simpost", 6, 30)
    assert base64.b32decode(read.secret) == secret


@pytest.mark.parametrize(
    ("steps", "is_right"), [(-2, False), (-1, True), (0, True), (1, True), (2, False)]
)
def test_a_code_counts_one_step_before_and_after_its_own(steps, is_right):
    step = 1_000
    now_ms = step * STEP_MS + 17
    found = matching_step(SECRET, hotp(SECRET, step + steps), now_ms=now_ms, after_step=0)
    assert found == (step + steps if is_right else None)


def test_no_code_counts_up_to_the_step_that_was_used():
    now_ms = 1_000 * STEP_MS
    for used, found in ((999, 1_000), (1_000, None), (1_001, None)):
        code = hotp(SECRET, 1_000)
        assert matching_step(SECRET, code, now_ms=now_ms, after_step=used) == found


def test_the_first_second_of_time_has_a_code():
    assert matching_step(SECRET, hotp(SECRET, 1), now_ms=0, after_step=0) == 1


@pytest.mark.parametrize("code", ["", "000000", "75522", "7552240", "é55224", "٧٥٥٢٢٤"])
def test_another_code_is_wrong(code):
    assert matching_step(SECRET, code, now_ms=0, after_step=-1) is None


def test_only_six_ascii_digits_are_a_code():
    assert is_totp_code("012345")
    for other in ("12345", "1234567", "12345a", "١٢٣٤٥٦", "123456\n"):
        assert not is_totp_code(other)


def test_a_code_is_read_in_any_grouping():
    assert plain_code(" 123 456\n") == "123456"
    assert plain_code("ABCD-efgh ijkl") == "abcdefghijkl"


def test_recovery_codes_are_random_and_readable():
    codes = generate_recovery_codes()
    assert len(set(codes)) == RECOVERY_CODES == 10
    assert all(re.fullmatch(r"([a-z2-7]{4}-){3}[a-z2-7]{4}", each) for each in codes)
    assert not set(codes) & set(generate_recovery_codes())


def test_a_recovery_code_is_of_one_user_in_any_spelling():
    code = "abcd-efgh-ijkl-mnop"
    digest = recovery_digest("ann", code)
    assert digest == recovery_digest("ann", "ABCDEFGH ijkl mnop")
    assert digest != recovery_digest("bob", code)
    assert b"abcd" not in digest


def test_each_secret_is_new():
    assert len({generate_secret() for _ in range(3)}) == 3
    assert len(generate_secret()) == 20
