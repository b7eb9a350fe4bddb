"""Signatures of deliveries: HMAC over the raw body, compared in constant time."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
from collections.abc import Callable, Mapping
from typing import Final

import msgspec

_PREFIXES: Final = ("sha256=", "sha512=", "hmac-sha256=", "hmac-sha512=", "v1,", "v1=")


class SignatureRule(msgspec.Struct, frozen=True):
    """How a source signs.

    Attributes:
        headers: in lower case; the first that is there counts.
        digest: the hash, such as `sha256`.
        alternative: another form of the body that the source may have signed.
    """

    headers: tuple[str, ...]
    digest: str = "sha256"
    alternative: Callable[[bytes], bytes | None] | None = None


def is_signed(rule: SignatureRule, secret: str, body: bytes, headers: Mapping[str, str]) -> bool:
    """Whether a header has the signature of the body, in hex or base64, with or without prefix."""
    given = next((headers[name] for name in rule.headers if name in headers), "")
    signature = parse_signature(given, hashlib.new(rule.digest).digest_size)
    if signature is None:
        return False
    key = secret.encode()
    is_right = hmac.compare_digest(hmac.digest(key, body, rule.digest), signature)
    if is_right or rule.alternative is None:
        return is_right
    other = rule.alternative(body)
    return other is not None and hmac.compare_digest(
        hmac.digest(key, other, rule.digest), signature
    )


def parse_signature(given: str, octets: int) -> bytes | None:
    """The octets of a signature in any of its forms; `None` if it is none."""
    plain = given.strip()
    for prefix in _PREFIXES:
        if plain.lower().startswith(prefix):
            plain = plain[len(prefix) :]
            break
    try:
        found = bytes.fromhex(plain) if len(plain) == 2 * octets else _from_base64(plain)
    except ValueError:
        return None
    return found if found is not None and len(found) == octets else None


def _from_base64(plain: str) -> bytes | None:
    padded = plain.rstrip("=")
    padded += "=" * (-len(padded) % 4)
    try:
        return base64.b64decode(padded.translate(str.maketrans("-_", "+/")), validate=True)
    except (binascii.Error, ValueError):
        return None


def compact_with_escaped_slashes(body: bytes) -> bytes | None:
    r"""The JSON of a body as PHP writes it: compact, `/` as `\/`, other characters as `\uXXXX`."""
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        return None
    compact = json.dumps(document, separators=(",", ":"))
    return compact.replace("/", "\\/").encode()
