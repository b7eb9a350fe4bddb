"""Seals texts at rest with AES-GCM (NIST SP 800-38D), each bound to its row.

A row has the id of its key in the column `text_key`; `NULL` means that its text is not sealed. A
sealed text is a random nonce of 96 bits, the ciphertext and a tag of 128 bits, in base64 where a
column has texts.
"""

from __future__ import annotations

import binascii
import contextlib
import hmac
import os
from base64 import urlsafe_b64decode
from collections.abc import Sequence
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from simpost.config.text_keys import KEY_OCTETS, OWN_KEY, TextKey
from simpost.domain.messages import Category
from simpost.domain.texts import TextAbsence
from simpost.observe import get_logger

_CODE: Final = Category.CODE
_NONCE_OCTETS: Final = 12

log = get_logger(__name__)


class TextSeal:
    """Seals with the first key, and opens with all.

    A key derived from `secrets_key` is always there: it seals one-time codes when no key is set.
    """

    def __init__(self, secrets_key: str, keys: Sequence[TextKey] = ()) -> None:
        self._own = AESGCM(_derive(secrets_key, b"simpost: texts"))
        self._digest_key = _derive(secrets_key, b"simpost: digests of codes")
        self._reported: set[str] = set()
        self._sealing: dict[str, AESGCM] = {}
        self.use(keys)

    def use(self, keys: Sequence[TextKey]) -> None:
        """Replace the keys of the settings, while other threads seal and open.

        A text that is being sealed may have chosen a key that is no longer there: it seals once
        more, and opens again when the key is back.
        """
        self._keys = {OWN_KEY: self._own} | {key.id: AESGCM(key.octets) for key in keys}
        self._sealing = self._sealing | self._keys
        self.key_id = keys[0].id if keys else None
        """The key of all texts; `None` when only one-time codes are sealed."""
        self.code_key_id = self.key_id or OWN_KEY
        self._reported.clear()

    def has(self, key_id: str) -> bool:
        """Whether texts that this key sealed can be opened."""
        return key_id in self._keys

    def opens(self, key_id: str, place: bytes, sealed: str | bytes) -> bool:
        """Whether a text can be opened. Nothing is logged."""
        with contextlib.suppress(KeyError, InvalidTag, ValueError):
            octets = binascii.a2b_base64(sealed, strict_mode=True)
            self._keys[key_id].decrypt(octets[:_NONCE_OCTETS], octets[_NONCE_OCTETS:], place)
            return True
        return False

    def key_for(self, category: str) -> str | None:
        """The id of the key for a message of this category; `None`: it is not sealed."""
        return self.code_key_id if category == _CODE else self.key_id

    def seal(self, key_id: str, place: bytes, text: str) -> str:
        sealed = self.seal_octets(key_id, place, text.encode())
        return binascii.b2a_base64(sealed, newline=False).decode("ascii")

    def seal_octets(self, key_id: str, place: bytes, octets: bytes) -> bytes:
        """`place` names the column and its row: the result opens with the same place only."""
        nonce = os.urandom(_NONCE_OCTETS)
        return nonce + self._sealing[key_id].encrypt(nonce, octets, place)

    def open(self, key_id: str, place: bytes, sealed: str) -> str | TextAbsence:
        """The text, or why it cannot be opened."""
        try:
            octets = binascii.a2b_base64(sealed.encode("ascii"), strict_mode=True)
        except (binascii.Error, UnicodeEncodeError):
            return TextAbsence.DAMAGED
        opened = self.open_octets(key_id, place, octets)
        return opened if isinstance(opened, TextAbsence) else opened.decode()

    def open_octets(self, key_id: str, place: bytes, sealed: bytes) -> bytes | TextAbsence:
        key = self._keys.get(key_id)
        if key is None:
            return self._absence(TextAbsence.KEY_MISSING, key_id)
        try:
            return key.decrypt(sealed[:_NONCE_OCTETS], sealed[_NONCE_OCTETS:], place)
        except (InvalidTag, ValueError):
            return self._absence(TextAbsence.DAMAGED, key_id)

    def digest(self, place: bytes, text: str) -> bytes:
        """A keyed digest (HMAC-SHA256), by which a text is compared without being opened."""
        return hmac.digest(self._digest_key, place + b"\0" + text.encode(), "sha256")

    def _absence(self, absence: TextAbsence, key_id: str) -> TextAbsence:
        """Report a key once: a page of rows must not be a page of log lines."""
        if key_id not in self._reported:
            self._reported.add(key_id)
            log.error("text_not_opened", cause=absence, key=key_id)
        return absence


def request_digest_key(secrets_key: str) -> bytes:
    """The key of digests of requests, which are stored with request ids."""
    return _derive(secrets_key, b"simpost: digests of requests")


def place_of(table: bytes, account_id: int, row_id: bytes, number: int = 0) -> bytes:
    """The place of a text: its table, its row, and the number of the part."""
    return b"%b %d %b %d" % (table, account_id, row_id, number)


def _derive(secrets_key: str, purpose: bytes) -> bytes:
    derived = HKDF(SHA256(), length=KEY_OCTETS, salt=None, info=purpose)
    return derived.derive(urlsafe_b64decode(secrets_key))
