"""Signatures of deliveries by a private key of the sender: Ed25519 (RFC 8032)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from simpost.net.body_signatures import parse_signature

_SIGNATURE_OCTETS: Final = 64
_MAX_DIGITS: Final = 12


class PublicKeyRule(msgspec.Struct, frozen=True):
    """How a source signs.

    Attributes:
        public_key: its 32 octets.
        header: of the signature, in lower case.
        time_header: of the time of the signature in Unix seconds, in lower case: then the time, `|`
            and the body are signed. Empty: the body alone is.
        window_s: how much the time may differ from ours.
    """

    public_key: bytes
    header: str
    time_header: str = ""
    window_s: int = 300


def is_signed_by_key(
    rule: PublicKeyRule, body: bytes, headers: Mapping[str, str], now_ms: int
) -> bool:
    """Whether a header has the signature of the body, made at a time near to now."""
    signature = parse_signature(headers.get(rule.header, ""), _SIGNATURE_OCTETS)
    if signature is None:
        return False
    if not rule.time_header:
        return verify_ed25519(rule.public_key, signature, body)
    at = headers.get(rule.time_header, "")
    if not (at.isascii() and at.isdigit() and len(at) <= _MAX_DIGITS):
        return False
    if abs(now_ms - 1000 * int(at)) > 1000 * rule.window_s:
        return False
    return verify_ed25519(rule.public_key, signature, at.encode() + b"|" + body)


def verify_ed25519(public_key: bytes, signature: bytes, signed: bytes) -> bool:
    """Whether the signature of these octets is by the owner of the key (RFC 8032 5.1.7)."""
    try:
        Ed25519PublicKey.from_public_bytes(public_key).verify(signature, signed)
    except (InvalidSignature, ValueError):
        return False
    return True
