"""JSON Web Tokens that are signed with a shared secret: HS256 (RFC 7515, 7518 3.2, 7519)."""

from __future__ import annotations

import base64
import hmac
from typing import Any, Final

import msgspec

_ALGORITHM: Final = "HS256"
_MAX_CHARACTERS: Final = 8_192
_CLOCKS_DIFFER_S: Final = 60
"""By which the clock of the sender may differ from ours (RFC 7519 4.1.4)."""


def is_valid_token(token: str, key: bytes, now_ms: int) -> bool:
    """Whether a token is signed with the key, and valid now where it says until or from when.

    The signature is always checked as HS256, whatever the header names; a header that names any
    other algorithm, or an extension (`crit`), is refused. Compared in constant time.
    """
    signed, _, signature = token.rpartition(".")
    header_text, _, claims_text = signed.partition(".")
    if len(token) > _MAX_CHARACTERS or not token.isascii() or "." in claims_text:
        return False
    if not hmac.compare_digest(_mac(signed, key).encode(), signature.encode()):
        return False
    header, claims = _object(header_text), _object(claims_text)
    if header is None or claims is None or header.get("alg") != _ALGORITHM or "crit" in header:
        return False
    return _is_in_time(claims, now_ms / 1000)


def sign_token(claims: dict[str, Any], key: bytes) -> str:
    """A token with these claims."""
    header = {"alg": _ALGORITHM, "typ": "JWT"}
    signed = ".".join(_encode(msgspec.json.encode(each)) for each in (header, claims))
    return f"{signed}.{_mac(signed, key)}"


def bearer_token(authorization: str) -> str:
    """The token of an Authorization header (RFC 6750 2.1); empty if it has none."""
    scheme, _, token = authorization.partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def _is_in_time(claims: dict[str, Any], now_s: float) -> bool:
    ends, begins = claims.get("exp", now_s), claims.get("nbf", now_s)
    if not _is_number(ends) or not _is_number(begins):
        return False
    return bool(begins - _CLOCKS_DIFFER_S <= now_s < ends + _CLOCKS_DIFFER_S)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _mac(signed: str, key: bytes) -> str:
    return _encode(hmac.digest(key, signed.encode(), "sha256"))


def _encode(octets: bytes) -> str:
    return base64.urlsafe_b64encode(octets).decode().rstrip("=")


def _object(text: str) -> dict[str, Any] | None:
    try:
        octets = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        document = msgspec.json.decode(octets)
    except (ValueError, RecursionError):  # of base64, UTF-8 and JSON
        return None
    return document if isinstance(document, dict) else None
