"""The keys of `text_key`: `ID:KEY`, several separated by commas."""

from __future__ import annotations

import base64
import binascii
import re
from typing import Final, NamedTuple

_ID: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,31}")
OWN_KEY: Final = "secrets_key"
"""Id of the key that is derived from `secrets_key`."""
KEY_OCTETS: Final = 32
MOST_KEYS: Final = 8


class TextKey(NamedTuple):
    """A key that seals texts. Its octets never get into a log line or an error."""

    id: str
    octets: bytes

    def __repr__(self) -> str:
        return f"TextKey({self.id!r})"


def parse_text_keys(text: str) -> tuple[TextKey, ...]:
    """The keys in their order; none of an empty text. Raises ValueError, which shows no key."""
    keys = tuple(_parse(each) for each in text.split(",")) if text.strip() else ()
    ids = [key.id for key in keys]
    for key_id in ids:
        if ids.count(key_id) > 1:
            raise ValueError(f"has two keys with the id {key_id!r}")
    if len(keys) > MOST_KEYS:
        raise ValueError(f"must have at most {MOST_KEYS} keys")
    return keys


def _parse(text: str) -> TextKey:
    key_id, colon, key = text.strip().partition(":")
    if not colon or not _ID.fullmatch(key_id):
        raise ValueError(
            "must be ID:KEY, or several separated by commas; an id has up to 32 letters, digits, "
            "'.', '_' and '-'"
        )
    if key_id == OWN_KEY:
        raise ValueError(f"must not use the id {OWN_KEY!r}: it is reserved")
    try:
        octets = base64.b64decode(key.translate(_URL_SAFE), validate=True)
    except (binascii.Error, ValueError):
        octets = b""
    if len(octets) != KEY_OCTETS:
        raise ValueError(
            f"key {key_id!r} must be {KEY_OCTETS} octets in base64, as `openssl rand -base64 "
            f"{KEY_OCTETS}` prints them"
        )
    return TextKey(key_id, octets)


_URL_SAFE: Final = str.maketrans("-_", "+/")
