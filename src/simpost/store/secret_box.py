"""Secrets at rest: encrypted and authenticated, readable only with the key from the settings."""

from __future__ import annotations

import base64
import binascii

from cryptography.exceptions import InvalidTag
from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.ciphers.aead import AESSIV
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from simpost.errors import StoreError


class SecretBox:
    """Seals secrets with one key, each bound to the name it belongs to."""

    def __init__(self, key: str) -> None:
        try:
            self._fernet = Fernet(key)
        except ValueError:
            raise StoreError(
                "the seal key must be 32 octets in URL-safe base64; `simpost init` makes one"
            ) from None
        derived = HKDF(SHA256(), length=64, salt=None, info=b"simpost: fields of a document")
        self._fields = AESSIV(derived.derive(base64.urlsafe_b64decode(key)))

    def close_field(self, name: str, text: str) -> str:
        """The sealed text of a field, the same each time (AES-SIV, RFC 5297).

        So a row that was saved before can be compared without being opened. `name` must say whose
        field it is: equal texts under other names look different.
        """
        sealed = self._fields.encrypt(text.encode(), [name.encode()])
        return base64.b64encode(sealed).decode()

    def open_field(self, name: str, sealed: str) -> str:
        """Raises StoreError when the key or the name is another."""
        try:
            text = self._fields.decrypt(base64.b64decode(sealed, validate=True), [name.encode()])
        except (InvalidTag, binascii.Error, ValueError):
            raise StoreError(f"the sealed field {name!r} cannot be opened") from None
        return text.decode()

    def close(self, name: str, secret: str) -> str:
        """The sealed secret; opens under the same name only."""
        return self._fernet.encrypt(f"{name}\0{secret}".encode()).decode()

    def open(self, name: str, sealed: str) -> str:
        """The secret in clear. Raises StoreError when the key or the name is another."""
        try:
            owner, _, secret = self._fernet.decrypt(sealed).decode().partition("\0")
        except InvalidToken:
            raise StoreError(
                "the seal key is not the one this store was sealed with; nothing was changed"
            ) from None
        if owner != name:
            raise StoreError(f"the sealed secret of {name!r} was made for another name")
        return secret
