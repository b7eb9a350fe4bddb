"""What was revealed stays revealed for a while, in the session that revealed it."""

from __future__ import annotations

import hmac
from typing import Final

GRANT_MS: Final = 30 * 60_000
"""How long texts are shown after a row in the audit log."""


def grant(token: str, what: str, now_ms: int) -> str:
    """What a page carries to show the texts of `what`: worthless without the session's token."""
    return _sign(token, what, now_ms + GRANT_MS)


def is_granted(given: str, token: str, what: str, now_ms: int) -> bool:
    """Whether it is a grant of this session for `what` that has not ended. In constant time."""
    until = given.partition(".")[0]
    if not (until.isascii() and until.isdigit() and len(until) <= 15) or int(until) <= now_ms:
        return False
    return hmac.compare_digest(given.encode(), _sign(token, what, int(until)).encode())


def _sign(token: str, what: str, until_ms: int) -> str:
    words = f"simpost console shows {what} until {until_ms}"
    return f"{until_ms}.{hmac.digest(token.encode(), words.encode(), 'sha256').hex()}"
