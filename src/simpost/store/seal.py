"""Secrets at rest: encrypted and authenticated, readable only with the key from the settings."""

from __future__ import annotations

from cryptography.fernet import Fernet, InvalidToken

from simpost.errors import StoreError


class Seal:
    """Seals secrets with one key, each bound to the name it belongs to."""

    def __init__(self, key: str) -> None:
        try:
            self._fernet = Fernet(key)
        except ValueError:
            raise StoreError(
                "the seal key must be 32 octets in URL-safe base64; `simpost init` makes one"
            ) from None

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
