"""Links to the page on which a traveller chooses what to get: short, signed, and valid for good.

A link names the account, the eSIM and the category of the message that it was sent with. It needs
no row in the store. It allows to choose for that eSIM, and nothing else.
"""

from __future__ import annotations

import base64
import binascii
import hmac
from hashlib import sha256
from typing import Final

import msgspec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from simpost.domain.messages import Category

PATH: Final = "/o/"
_CATEGORIES: Final = (Category.PROMOTION, Category.NOTICE, Category.SUPPORT, Category.SERVICE)
"""A link has the place in this list: never change the order."""
_MAC_OCTETS: Final = 9
_MOST_CHARACTERS: Final = 120
_CATEGORY_BITS: Final = 0b11
_IS_NUMBER: Final = 0b100
"""Of the first octet: the eSIM follows as its count of digits and an integer."""
_COUNT_SHIFT: Final = 3
"""Of the first octet: above are the octets that the account takes."""


class LinkTarget(msgspec.Struct, frozen=True):
    """What a link is about."""

    account_id: int
    esim_tran_no: str
    category: Category


class OptOutLinks:
    """Makes and reads links. `public_url` is the address of this service for travellers."""

    def __init__(self, public_url: str, secrets_key: str) -> None:
        self._prefix = public_url.rstrip("/") + PATH if public_url else ""
        derived = HKDF(SHA256(), length=32, salt=None, info=b"simpost: opt-out links")
        self._key = derived.derive(base64.urlsafe_b64decode(secrets_key))

    def url_for(self, account_id: int, esim_tran_no: str, category: Category) -> str | None:
        """The link for a message; `None` for a code, and without a public URL."""
        if not self._prefix or category not in _CATEGORIES:
            return None
        return self._prefix + self.token_for(LinkTarget(account_id, esim_tran_no, category))

    def token_for(self, target: LinkTarget) -> str:
        """The end of the link: 24 characters for an eSIM with a number of 14 digits."""
        payload = _packed(target)
        return base64.urlsafe_b64encode(payload + self._mac(payload)).rstrip(b"=").decode()

    def parse(self, token: str) -> LinkTarget | None:
        """What the end of a link is about; `None` unless this service made it."""
        if len(token) > _MOST_CHARACTERS or not token.isascii():
            return None
        try:
            octets = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
        except binascii.Error:
            return None
        payload, mac = octets[:-_MAC_OCTETS], octets[-_MAC_OCTETS:]
        if not payload or not hmac.compare_digest(self._mac(payload), mac):
            return None
        target = _unpacked(payload)
        return target if self.token_for(target) == token else None

    def _mac(self, payload: bytes) -> bytes:
        return hmac.digest(self._key, payload, sha256)[:_MAC_OCTETS]


def _packed(target: LinkTarget) -> bytes:
    account = _integer(target.account_id)
    head = _CATEGORIES.index(target.category) | len(account) << _COUNT_SHIFT
    name = target.esim_tran_no
    if name.isascii() and name.isdigit():
        return bytes([head | _IS_NUMBER, *account, len(name), *_integer(int(name))])
    return bytes([head, *account, *name.encode()])


def _unpacked(payload: bytes) -> LinkTarget:
    """The target of octets that `_packed` has made."""
    head = payload[0]
    end = 1 + (head >> _COUNT_SHIFT)
    account_id, rest = int.from_bytes(payload[1:end], "big"), payload[end:]
    if head & _IS_NUMBER:
        name = str(int.from_bytes(rest[1:], "big")).zfill(rest[0])
    else:
        name = rest.decode()
    return LinkTarget(account_id, name, _CATEGORIES[head & _CATEGORY_BITS])


def _integer(value: int) -> bytes:
    return value.to_bytes((value.bit_length() + 7) // 8, "big")
