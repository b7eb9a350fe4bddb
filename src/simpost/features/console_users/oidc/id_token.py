"""ID tokens: the signature by a key of the provider, and every claim that must be right.

OpenID Connect Core 3.1.3.7. `joserfc`, of the extra `oidc`, verifies signatures; it is imported
when single sign-on is configured.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec

from simpost.errors import ConfigError

ALGORITHMS: Final = ("RS256", "RS384", "RS512", "PS256", "ES256", "ES384")
"""What may sign: no `none`, and no secret that others know too (HS256)."""
MAX_TOKEN: Final = 32_768
"""Characters of an ID token."""
_MAX_KEYS: Final = 50
_CLOCKS_DIFFER_S: Final = 60
"""By which the clock of the provider may differ from ours."""
_MAX_SUBJECT: Final = 255


class IdTokenRefused(Exception):
    """The ID token proves nothing; the text says why, without the token."""


class UnknownSigner(IdTokenRefused):
    """None of the keys signed it: the provider may have new ones."""


def require_joserfc() -> None:
    """Raise ConfigError without the extra `oidc`."""
    try:
        import joserfc.jws  # noqa: F401  whether it is there
    except ImportError:
        raise ConfigError(
            "console.oidc_issuer needs more packages: pip install 'simpost[oidc]'"
        ) from None


def verify_signature(token: str, keys: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The claims of a token that one of these keys (JWK) signed.

    Raises UnknownSigner if no key has the id that the token names; IdTokenRefused otherwise.
    """
    from joserfc.errors import JoseError
    from joserfc.jws import JWSRegistry, deserialize_compact, extract_compact

    registry = JWSRegistry(algorithms=ALGORITHMS, strict_check_header=False)
    try:
        if len(token) > MAX_TOKEN:
            raise IdTokenRefused("the ID token is too long")
        header = extract_compact(token.encode(), registry=registry).headers()
        if header.get("alg") not in ALGORITHMS:
            raise IdTokenRefused(f"the algorithm is none of {', '.join(ALGORITHMS)}")
        key = _signer(header, keys)
        payload = deserialize_compact(token, key, registry=registry).payload
        claims = msgspec.json.decode(payload)
    except (JoseError, ValueError, RecursionError) as error:
        raise IdTokenRefused(f"the ID token is not valid ({type(error).__name__})") from None
    if not isinstance(claims, dict):
        raise IdTokenRefused("the ID token has no claims")
    return claims


def check_claims(
    claims: Mapping[str, Any], *, issuer: str, client_id: str, nonce: str, now_s: float
) -> None:
    """Raise IdTokenRefused unless the token is of this provider, for us, for this sign-in, now."""
    if claims.get("iss") != issuer:
        raise IdTokenRefused("iss is another provider")
    _check_audience(claims, client_id)
    ends, begun, begins = (_seconds(claims, name) for name in ("exp", "iat", "nbf"))
    if ends is None or begun is None:
        raise IdTokenRefused("exp or iat is missing")
    if now_s >= ends + _CLOCKS_DIFFER_S:
        raise IdTokenRefused("the ID token has expired (exp)")
    if max(begun, begins or 0) > now_s + _CLOCKS_DIFFER_S:
        raise IdTokenRefused("the ID token is of the future (iat, nbf): check the clocks")
    given = claims.get("nonce")
    if not isinstance(given, str) or not hmac.compare_digest(given.encode(), nonce.encode()):
        raise IdTokenRefused("nonce is of another sign-in")
    subject = claims.get("sub")
    if not isinstance(subject, str) or not 0 < len(subject) <= _MAX_SUBJECT:
        raise IdTokenRefused("sub is missing")


def _check_audience(claims: Mapping[str, Any], client_id: str) -> None:
    audience = claims.get("aud")
    audiences = audience if isinstance(audience, list) else [audience]
    if client_id not in audiences:
        raise IdTokenRefused("aud is another client")
    if len(audiences) > 1 and "azp" not in claims:
        raise IdTokenRefused("aud has several clients, and azp is missing")
    if claims.get("azp", client_id) != client_id:
        raise IdTokenRefused("azp is another client")


def _signer(header: Mapping[str, Any], keys: Sequence[Mapping[str, Any]]) -> Any:
    """The key that a header names; without a name, the only key of the kind."""
    from joserfc.errors import JoseError
    from joserfc.jwk import import_key

    kind = "EC" if header["alg"].startswith("ES") else "RSA"
    fitting = [
        each
        for each in keys[:_MAX_KEYS]
        if each.get("kty") == kind
        and each.get("use", "sig") == "sig"
        and each.get("alg", header["alg"]) == header["alg"]
        and ("kid" not in header or each.get("kid") == header["kid"])
    ]
    if not fitting:
        raise UnknownSigner("the provider has no key with the id of the ID token")
    if len(fitting) > 1:
        raise IdTokenRefused("several keys may have signed the ID token")
    public = {name: each for name, each in fitting[0].items() if name not in _PRIVATE}
    try:
        return import_key(public)
    except (JoseError, ValueError, TypeError, KeyError) as error:
        raise IdTokenRefused(f"the key cannot be used ({type(error).__name__})") from None


_PRIVATE: Final = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})


def _seconds(claims: Mapping[str, Any], name: str) -> float | None:
    """A time of the claims; `None` if it is missing."""
    value = claims.get(name)
    if value is not None and (isinstance(value, bool) or not isinstance(value, int | float)):
        raise IdTokenRefused(f"{name} is no number")
    return value
