"""SMPP logins: the system_id and password with which a client of an account binds to simpost.

SMPP 3.4 5.2.1 and 5.2.2 limit them to 15 and 8 characters. A generated password has 47 random
bits, too few for a quick digest: scrypt (RFC 7914) makes each guess of a stolen copy costly.
"""

from __future__ import annotations

import hashlib
import secrets
from typing import Final

import msgspec

MAX_SMPP_LOGINS: Final = 20
"""Most logins that an account has at the same time."""
PASSWORD_LENGTH: Final = 8
_SALT_OCTETS: Final = 16
_DIGITS: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_GENERATED_ID_LENGTH: Final = 10
SYSTEM_ID: Final = r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,14}$"
"""Pattern of the system_ids that an administrator gives."""
_COST, _BLOCK_SIZE, _PARALLEL = 2**14, 8, 1
"""16 MiB and some 40 ms a guess."""


class SmppLogin(msgspec.Struct, frozen=True):
    """A login without its password.

    Attributes:
        system_id: unique in this installation.
        salt, digest: of the password.
        ip_allow: networks in CIDR notation that it may bind from; empty: any.
    """

    account_id: int
    system_id: str
    salt: bytes
    digest: bytes
    created_ms: int
    ip_allow: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return f"SmppLogin({self.account_id}, {self.system_id!r})"


def generate_system_id() -> str:
    """A system_id that nobody has."""
    return _random(_GENERATED_ID_LENGTH)


def generate_password() -> str:
    """A password of PASSWORD_LENGTH random letters and digits: the longest that SMPP 3.4 allows."""
    return _random(PASSWORD_LENGTH)


def generate_salt() -> bytes:
    return secrets.token_bytes(_SALT_OCTETS)


def password_digest(password: str, salt: bytes) -> bytes:
    """The digest of a password. Takes some 40 ms: not for the event loop."""
    return hashlib.scrypt(
        password.encode(), salt=salt, n=_COST, r=_BLOCK_SIZE, p=_PARALLEL, dklen=32
    )


def _random(length: int) -> str:
    return "".join(secrets.choice(_DIGITS) for _ in range(length))
