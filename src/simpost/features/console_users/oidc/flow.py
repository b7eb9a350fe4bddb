"""A sign-in while the user is at the provider, sealed in a cookie of the browser.

Nothing is stored, so that sign-ins that are never finished cost nothing, and any node with the same
`secrets_key` goes on. RFC 7636 (PKCE), OpenID Connect Core 3.1.2.1 (state, nonce).
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import os
import secrets
from typing import Final

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

VALID_MS: Final = 600_000
"""How long the user may take at the provider."""
MAX_SEALED: Final = 3_800
"""Characters of a sealed flow: browsers keep cookies of up to 4,096 octets."""
MAX_WANTED: Final = 1_000
_NONCE_OCTETS: Final = 12
_AAD: Final = b"simpost: console oidc flow"


class SignInFlow(msgspec.Struct, frozen=True, array_like=True):
    """A sign-in that has begun.

    Attributes:
        id: of its row in the audit log, so that it signs in once.
        state, nonce: what the response and the ID token must have.
        verifier: the secret of PKCE.
        wanted: the page that the user goes on to.
    """

    id: bytes
    state: str
    nonce: str
    verifier: str
    redirect_uri: str
    wanted: str
    until_ms: int

    def __repr__(self) -> str:
        return f"SignInFlow({self.id.hex()!r})"

    @property
    def challenge(self) -> str:
        """The challenge of PKCE with the method S256 (RFC 7636 4.2)."""
        return _encode(hashlib.sha256(self.verifier.encode()).digest())

    def has_state(self, given: str) -> bool:
        """Whether a response is one to this sign-in. Compares in constant time."""
        return hmac.compare_digest(given.encode(), self.state.encode())


def begin_flow(flow_id: bytes, redirect_uri: str, wanted: str, now_ms: int) -> SignInFlow:
    """A new sign-in with random state, nonce and verifier of 256 bits each."""
    state, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(3))
    until_ms = now_ms + VALID_MS
    return SignInFlow(flow_id, state, nonce, verifier, redirect_uri, wanted, until_ms)


class SealedFlows:
    """Seals and opens flows with AES-256-GCM; the key is derived from `secrets_key`."""

    def __init__(self, secrets_key: str) -> None:
        derived = HKDF(SHA256(), length=32, salt=None, info=_AAD)
        self._cipher = AESGCM(derived.derive(base64.urlsafe_b64decode(secrets_key)))

    def seal(self, flow: SignInFlow) -> str:
        """The value of a cookie."""
        nonce = os.urandom(_NONCE_OCTETS)
        return _encode(nonce + self._cipher.encrypt(nonce, msgspec.json.encode(flow), _AAD))

    def open(self, sealed: str, now_ms: int) -> SignInFlow | None:
        """The flow of a cookie; `None` if it is none of ours, or it took too long."""
        if not 0 < len(sealed) <= MAX_SEALED:
            return None
        try:
            octets = base64.b64decode(
                sealed + "=" * (-len(sealed) % 4), altchars=b"-_", validate=True
            )
            plain = self._cipher.decrypt(octets[:_NONCE_OCTETS], octets[_NONCE_OCTETS:], _AAD)
            flow = msgspec.json.decode(plain, type=SignInFlow)
        except (binascii.Error, ValueError, InvalidTag):
            return None
        return flow if now_ms < flow.until_ms else None


def _encode(octets: bytes) -> str:
    return base64.urlsafe_b64encode(octets).decode().rstrip("=")
