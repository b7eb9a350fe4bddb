"""JSON Web Tokens: the published vector, and what a sender without the key may try."""

from __future__ import annotations

import base64
import hmac
import json
from typing import Any

import pytest

from simpost.net.json_web_tokens import bearer_token, is_valid_token, sign_token

KEY = b"hush-hush-key"
NOW_S = 1_790_000_000
NOW_MS = 1000 * NOW_S

RFC_KEY = base64.urlsafe_b64decode(
    "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow=="
)
RFC_TOKEN = (
    "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9"
    ".eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVl"
    "fQ.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
)
RFC_END_S = 1_300_819_380


def encoded(document: Any) -> str:
    octets = document if isinstance(document, bytes) else json.dumps(document).encode()
    return base64.urlsafe_b64encode(octets).decode().rstrip("=")


def token(header: Any, claims: Any, key: bytes = KEY, digest: str = "sha256") -> str:
    signed = f"{encoded(header)}.{encoded(claims)}"
    return f"{signed}.{encoded(hmac.digest(key, signed.encode(), digest))}"


def test_the_vector_of_rfc_7515_is_valid_until_it_ends() -> None:
    """RFC 7515 A.1."""
    assert is_valid_token(RFC_TOKEN, RFC_KEY, 1000 * RFC_END_S)
    assert is_valid_token(RFC_TOKEN, RFC_KEY, 1000 * (RFC_END_S + 59))
    assert not is_valid_token(RFC_TOKEN, RFC_KEY, 1000 * (RFC_END_S + 60))
    assert not is_valid_token(RFC_TOKEN, RFC_KEY[:-1], 1000 * RFC_END_S)


def test_a_token_of_ours_is_valid_with_its_own_key_only() -> None:
    ours = sign_token({"exp": NOW_S + 60, "iat": NOW_S}, KEY)
    assert is_valid_token(ours, KEY, NOW_MS)
    assert not is_valid_token(ours, KEY + b"x", NOW_MS)
    assert not is_valid_token(ours, b"", NOW_MS)


@pytest.mark.parametrize(
    "header",
    [
        {"alg": "none"},
        {"alg": "None"},
        {"alg": "hs256"},
        {"alg": "HS512"},
        {"alg": "RS256"},
        {"alg": ["HS256"]},
        {"alg": {"HS256": 1}},
        {"typ": "JWT"},
        {"alg": "HS256", "crit": ["exp"]},
        [{"alg": "HS256"}],
        "HS256",
        b"\xff{",
        b"[" * 5_000,
    ],
    ids=str,
)
def test_another_header_than_hs256_is_refused_though_it_is_signed(header: Any) -> None:
    assert not is_valid_token(token(header, {}), KEY, NOW_MS)


def test_an_unsigned_token_is_refused() -> None:
    signed = f"{encoded({'alg': 'none'})}.{encoded({})}"
    assert not is_valid_token(f"{signed}.", KEY, NOW_MS)
    assert not is_valid_token(signed, KEY, NOW_MS)
    assert not is_valid_token(token({"alg": "HS512"}, {}, digest="sha512"), KEY, NOW_MS)


@pytest.mark.parametrize(
    ("claims", "is_valid"),
    [
        ({}, True),
        ({"exp": NOW_S - 59}, True),
        ({"exp": NOW_S - 60}, False),
        ({"exp": NOW_S + 0.5}, True),
        ({"nbf": NOW_S + 60}, True),
        ({"nbf": NOW_S + 61}, False),
        ({"exp": 10**30}, True),
        ({"exp": -(10**30)}, False),
        ({"exp": "later"}, False),
        ({"exp": None}, False),
        ({"exp": True}, False),
        ({"nbf": []}, False),
        ([], False),
        (b"{", False),
    ],
    ids=str,
)
def test_the_times_of_a_token_are_checked_where_it_has_them(claims: Any, is_valid: bool) -> None:
    assert is_valid_token(token({"alg": "HS256"}, claims), KEY, NOW_MS) is is_valid


@pytest.mark.parametrize(
    "change",
    [
        lambda given: "",
        lambda given: "..",
        lambda given: f"{given}=",
        lambda given: f"{given}.x",
        lambda given: f".{given}",
        lambda given: given[:-1],
        lambda given: given.replace("e", "é", 1),
        lambda given: given + "\ud800",
        lambda given: given.replace(".", "\n.", 1),
        lambda given: "a" * 9_000 + given,
    ],
)
def test_a_token_that_is_altered_is_refused(change: Any) -> None:
    given = token({"alg": "HS256"}, {})
    assert is_valid_token(given, KEY, NOW_MS)
    assert not is_valid_token(change(given), KEY, NOW_MS)


@pytest.mark.parametrize(
    ("header", "found"),
    [
        ("Bearer a.b.c", "a.b.c"),
        ("bearer  a.b.c ", "a.b.c"),
        ("Basic a.b.c", ""),
        ("a", ""),
        ("", ""),
    ],
)
def test_the_token_of_a_header_follows_its_scheme(header: str, found: str) -> None:
    assert bearer_token(header) == found
