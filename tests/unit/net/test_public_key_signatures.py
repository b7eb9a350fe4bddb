"""Ed25519 signatures: the vectors of RFC 8032, altered ones, and the time of a signature."""

import json
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from simpost.net.public_key_signatures import PublicKeyRule, is_signed_by_key, verify_ed25519

FILE = Path(__file__).parents[2] / "vectors" / "ed25519.json"
VECTORS = [
    tuple(bytes.fromhex(each[name]) for name in ("publicKey", "message", "signature"))
    for each in json.loads(FILE.read_text("utf-8"))["vectors"]
]
NOW_S = 1_767_225_600
KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
RULE = PublicKeyRule(
    KEY.public_key().public_bytes_raw(), "telnyx-signature-ed25519", "telnyx-timestamp"
)


@pytest.mark.parametrize(("key", "message", "signature"), VECTORS)
def test_the_vectors_of_rfc_8032_are_verified(key, message, signature):
    assert verify_ed25519(key, signature, message)


@pytest.mark.parametrize(("key", "message", "signature"), VECTORS)
def test_an_altered_vector_is_refused(key, message, signature):
    for place in (0, 31, 32, 63):
        altered = bytearray(signature)
        altered[place] ^= 1
        assert not verify_ed25519(key, bytes(altered), message)
    assert not verify_ed25519(key, signature, message + b"x")
    assert not verify_ed25519(VECTORS[0][0][::-1], signature, message)
    assert not verify_ed25519(b"", signature, message)


def headers(body=b"{}", at=str(NOW_S), form=bytes.hex):
    signature = KEY.sign(at.encode() + b"|" + body)
    return {RULE.header: form(signature), RULE.time_header: at}


@pytest.mark.parametrize("seconds", [-300, 0, 300])
def test_a_signature_counts_while_its_time_is_near(seconds):
    assert is_signed_by_key(RULE, b"{}", headers(), 1000 * (NOW_S + seconds))


@pytest.mark.parametrize("seconds", [-301, 301, 86_400])
def test_a_replay_is_refused_when_its_time_is_over(seconds):
    assert not is_signed_by_key(RULE, b"{}", headers(), 1000 * (NOW_S + seconds))


@pytest.mark.parametrize(
    "given",
    [
        {},
        headers(b"other"),
        headers() | {RULE.time_header: str(NOW_S + 1)},
        headers(at="1.767e9"),
        headers(at="-5"),
        headers(at=""),
        headers(at="9" * 13),
        headers() | {RULE.header: "AAAA"},
        {RULE.header: KEY.sign(b"{}").hex()},
    ],
)
def test_what_is_not_signed_so_is_refused(given):
    assert not is_signed_by_key(RULE, b"{}", given, 1000 * NOW_S)
