"""One-time passwords by time: TOTP (RFC 6238) on HOTP (RFC 4226), and recovery codes.

SHA-1, six digits and steps of 30 s, which every authenticator app knows.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import secrets
from typing import Final
from urllib.parse import quote, urlencode

SECRET_OCTETS: Final = 20
"""Octets of a new secret, as RFC 4226 section 4 recommends."""
DIGITS: Final = 6
STEP_MS: Final = 30_000
DRIFT_STEPS: Final = 1
"""Steps before and after now whose codes count too: clocks of phones differ (RFC 6238 5.2)."""
MAX_FAILURES: Final = 10
"""Wrong codes of a user in a row; then no code counts until BLOCKED_MS have passed."""
BLOCKED_MS: Final = 900_000
RECOVERY_CODES: Final = 10
_RECOVERY_OCTETS: Final = 10
_GROUP: Final = 4
_CODE: Final = re.compile(r"[0-9]{6}")
_ISSUER: Final = "simpost"


def generate_secret() -> bytes:
    """The secret of a new authenticator."""
    return secrets.token_bytes(SECRET_OCTETS)


def hotp(secret: bytes, counter: int, digits: int = DIGITS) -> str:
    """The code of a counter (RFC 4226 section 5.3)."""
    digest = hmac.digest(secret, counter.to_bytes(8, "big"), "sha1")
    offset = digest[-1] & 0x0F
    number = int.from_bytes(digest[offset : offset + 4], "big") & 0x7FFF_FFFF
    return str(number % 10**digits).zfill(digits)


def step_of(now_ms: int) -> int:
    """The number of the step, which is the counter of its code."""
    return now_ms // STEP_MS


def matching_step(secret: bytes, code: str, *, now_ms: int, after_step: int) -> int | None:
    """The step of this code, if it is near now and after the last one that was used.

    Compares with the code of every step in constant time.
    """
    now, found = step_of(now_ms), None
    for step in range(max(0, now - DRIFT_STEPS), now + DRIFT_STEPS + 1):
        is_equal = hmac.compare_digest(hotp(secret, step).encode(), code.encode())
        if is_equal and step > after_step:
            found = step
    return found


def plain_code(given: str) -> str:
    """A code of an app or a recovery code without the spaces and hyphens between its groups."""
    return re.sub(r"[\s-]+", "", given).lower()


def is_totp_code(code: str) -> bool:
    """Whether it has the form of a code of an authenticator."""
    return _CODE.fullmatch(code) is not None


def secret_text(secret: bytes) -> str:
    """The secret in Base32 (RFC 4648), as apps take it."""
    return base64.b32encode(secret).decode().rstrip("=")


def otpauth_uri(user: str, secret: bytes) -> str:
    """The URI that a QR code has for an authenticator app."""
    facts = {
        "secret": secret_text(secret),
        "issuer": _ISSUER,
        "algorithm": "SHA1",
        "digits": DIGITS,
        "period": STEP_MS // 1000,
    }
    return f"otpauth://totp/{_ISSUER}:{quote(user, safe='')}?{urlencode(facts)}"


def generate_recovery_codes() -> list[str]:
    """New codes of 80 random bits each, in groups of four letters and digits."""
    return [_grouped(secrets.token_bytes(_RECOVERY_OCTETS)) for _ in range(RECOVERY_CODES)]


def recovery_digest(user: str, code: str) -> bytes:
    """What the store keeps of a recovery code; the same with other spaces, hyphens and case."""
    return hashlib.sha256(f"{user}\0{plain_code(code)}".encode()).digest()


def _grouped(octets: bytes) -> str:
    text = base64.b32encode(octets).decode().lower()
    return "-".join(text[at : at + _GROUP] for at in range(0, len(text), _GROUP))
