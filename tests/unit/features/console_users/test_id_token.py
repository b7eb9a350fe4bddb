"""ID tokens are believed only if the signature and every claim are right."""

import base64
import hmac
import json
import sys

import pytest

from simpost.errors import ConfigError
from simpost.features.console_users.oidc.id_token import (
    IdTokenRefused,
    UnknownSigner,
    check_claims,
    require_joserfc,
    verify_signature,
)

jws = pytest.importorskip("joserfc.jws", reason="needs the extra oidc")
jwk = pytest.importorskip("joserfc.jwk")

ISSUER, CLIENT, NONCE, NOW_S = "https://login.example.com", "console", "n" * 43, 1_800_000_000
CLAIMS = {
    "iss": ISSUER,
    "aud": CLIENT,
    "sub": "17",
    "nonce": NONCE,
    "iat": NOW_S,
    "exp": NOW_S + 300,
}
RSA = jwk.RSAKey.generate_key(2048, {"kid": "one"})
EC = jwk.ECKey.generate_key("P-256", {"kid": "two"})
KEYS = [RSA.as_dict(private=False) | {"use": "sig"}, EC.as_dict(private=False)]
GONE = object()


def signed(key=RSA, alg="RS256", claims=CLAIMS, **header):
    registry = jws.JWSRegistry(algorithms=[alg], strict_check_header=False)
    text = json.dumps(claims)
    return jws.serialize_compact({"alg": alg, "kid": key.kid} | header, text, key, None, registry)


def encoded(value):
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


@pytest.mark.parametrize(("key", "alg"), [(RSA, "RS256"), (RSA, "PS256"), (EC, "ES256")])
def test_a_token_has_the_claims_that_the_provider_signed(key, alg):
    assert verify_signature(signed(key, alg, typ="JWT", x5t="unknown here"), KEYS) == CLAIMS


def test_without_an_id_the_only_key_of_the_kind_counts():
    token = jws.serialize_compact({"alg": "ES256"}, json.dumps(CLAIMS), EC)
    assert verify_signature(token, KEYS) == CLAIMS
    other = jwk.ECKey.generate_key("P-256").as_dict(private=False)
    with pytest.raises(IdTokenRefused, match="several keys"):
        verify_signature(token, [*KEYS, other])


def test_an_unknown_key_is_told_from_a_wrong_signature():
    other = jwk.RSAKey.generate_key(2048, {"kid": "three"})
    with pytest.raises(UnknownSigner):
        verify_signature(signed(other), KEYS)
    forged = jwk.RSAKey.import_key(other.as_dict(private=True) | {"kid": "one"})
    with pytest.raises(IdTokenRefused, match="BadSignatureError") as refused:
        verify_signature(signed(forged), KEYS)
    assert not isinstance(refused.value, UnknownSigner)


def test_neither_none_nor_a_shared_secret_signs():
    text = f"{encoded({'alg': 'HS256', 'kid': 'one'})}.{encoded(CLAIMS)}"
    mac = hmac.digest(RSA.as_pem(private=False), text.encode(), "sha256")
    shared = f"{text}.{base64.urlsafe_b64encode(mac).decode().rstrip('=')}"
    unsigned = f"{encoded({'alg': 'none', 'kid': 'one'})}.{encoded(CLAIMS)}."
    for token in (unsigned, shared, signed()[:-20]):
        with pytest.raises(IdTokenRefused):
            verify_signature(token, KEYS)


@pytest.mark.parametrize("fields", [{"use": "enc"}, {"alg": "RS512"}, {"kty": "oct"}])
def test_a_key_for_something_else_signs_nothing(fields):
    with pytest.raises(IdTokenRefused):
        verify_signature(signed(), [KEYS[0] | fields])


@pytest.mark.parametrize(
    "token",
    ["", "a.b", "a.b.c", "....", "\0.\0.\0", "é.é.é", "x" * 40_000, f"{encoded([])}.e30.AA"],
)
def test_what_is_no_token_is_refused(token):
    with pytest.raises(IdTokenRefused):
        verify_signature(token, KEYS)


def test_a_token_without_an_object_of_claims_is_refused():
    with pytest.raises(IdTokenRefused, match="no claims"):
        verify_signature(signed(claims=[1]), KEYS)


def check(**changes):
    claims = {name: each for name, each in (CLAIMS | changes).items() if each is not GONE}
    check_claims(claims, issuer=ISSUER, client_id=CLIENT, nonce=NONCE, now_s=NOW_S)


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"aud": [CLIENT]},
        {"aud": [CLIENT, "other"], "azp": CLIENT},
        {"exp": NOW_S - 59},
        {"iat": NOW_S + 60},
        {"nbf": NOW_S, "azp": CLIENT},
    ],
)
def test_claims_of_this_sign_in_are_believed(changes):
    check(**changes)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"iss": f"{ISSUER}/"}, "another provider"),
        ({"iss": GONE}, "another provider"),
        ({"aud": "other"}, "another client"),
        ({"aud": ["other"]}, "another client"),
        ({"aud": GONE}, "another client"),
        ({"aud": [CLIENT, "other"]}, "azp is missing"),
        ({"aud": [CLIENT, "other"], "azp": "other"}, "azp is another"),
        ({"azp": "other"}, "azp is another"),
        ({"exp": NOW_S - 60}, "expired"),
        ({"exp": GONE}, "missing"),
        ({"exp": "1900000000"}, "no number"),
        ({"exp": True}, "no number"),
        ({"iat": NOW_S + 61}, "future"),
        ({"iat": GONE}, "missing"),
        ({"nbf": NOW_S + 61}, "future"),
        ({"nonce": "m" * 43}, "another sign-in"),
        ({"nonce": GONE}, "another sign-in"),
        ({"nonce": 1}, "another sign-in"),
        ({"sub": ""}, "sub"),
        ({"sub": GONE}, "sub"),
    ],
)
def test_any_other_claim_is_refused_with_its_reason(changes, reason):
    with pytest.raises(IdTokenRefused, match=reason):
        check(**changes)


def test_without_the_extra_the_error_says_how_to_install_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "joserfc.jws", None)
    with pytest.raises(ConfigError, match=r"pip install 'simpost\[oidc\]'"):
        require_joserfc()
