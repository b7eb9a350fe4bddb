"""API keys of accounts: what they may be used for, and how they are written.

A key is `sp_live_<id>_<secret><checksum>`. The prefix and the checksum let scanners find keys in
repositories and logs without a look at the store. The id is public; the secret is 256 random bits.
"""

from __future__ import annotations

import hashlib
import re
from enum import StrEnum
from typing import Final
from zlib import crc32

import msgspec

PREFIX: Final = "sp_live_"
ID_LENGTH: Final = 10
SECRET_OCTETS: Final = 32
MAX_API_KEYS: Final = 100
"""Most keys that an account has at the same time."""

_DIGITS: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_SECRET_LENGTH: Final = 43
_CHECKSUM_LENGTH: Final = 6
_FORM = re.compile(
    rf"{PREFIX}([0-9A-Za-z]{{{ID_LENGTH}}})_[0-9A-Za-z]{{{_SECRET_LENGTH + _CHECKSUM_LENGTH}}}"
)


class KeyScope(StrEnum):
    """What a key may be used for; `simpost.api.shared.scopes` has the scope of each endpoint."""

    MESSAGES_WRITE = "messages:write"
    MESSAGES_READ = "messages:read"
    EVENTS_READ = "events:read"
    TEMPLATES = "templates"
    PREFERENCES = "preferences"
    WEBHOOKS = "webhooks"
    CODES = "codes"
    LIFECYCLE = "lifecycle"
    AUTOMATIONS = "automations"
    BROADCASTS = "broadcasts"
    CONVERSATIONS = "conversations"
    MCP = "mcp"
    SUPPLIER = "supplier"
    ADMIN = "admin"


class ApiKey(msgspec.Struct, frozen=True):
    """A key without its secret.

    Attributes:
        id: unique in this installation; part of the key.
        digest: SHA-256 of the whole key.
        expires_ms: from then on the key is refused; `None`: never.
        last_used_ms: accurate to about a minute; `None` if it was never used.
    """

    account_id: int
    id: str
    name: str
    digest: bytes
    scopes: frozenset[KeyScope]
    created_ms: int
    expires_ms: int | None = None
    last_used_ms: int | None = None

    def __repr__(self) -> str:
        return f"ApiKey({self.account_id}, {self.id!r})"


def format_key(key_id: str, secret: bytes) -> str:
    """The key of this id, with the checksum that `key_id_of` verifies."""
    text = f"{PREFIX}{key_id}_{_base62(int.from_bytes(secret), _SECRET_LENGTH)}"
    return text + _checksum(text)


def format_key_id(random: bytes) -> str:
    """An id of ID_LENGTH letters and digits, from random octets."""
    return _base62(int.from_bytes(random) % len(_DIGITS) ** ID_LENGTH, ID_LENGTH)


def key_id_of(key: str) -> str | None:
    """The id that a key has in it; `None` if it is not a key or its checksum is wrong."""
    found = _FORM.fullmatch(key)
    if found is None or _checksum(key[:-_CHECKSUM_LENGTH]) != key[-_CHECKSUM_LENGTH:]:
        return None
    return found[1]


def digest_of(key: str) -> bytes:
    """SHA-256 of the key. Its secret is random, so that no slower hash is needed."""
    return hashlib.sha256(key.encode()).digest()


def _checksum(text: str) -> str:
    return _base62(crc32(text.encode()), _CHECKSUM_LENGTH)


def _base62(number: int, length: int) -> str:
    digits = []
    for _ in range(length):
        number, digit = divmod(number, len(_DIGITS))
        digits.append(_DIGITS[digit])
    return "".join(reversed(digits))
