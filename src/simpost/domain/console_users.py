"""Users of the console: roles, passwords and sessions.

A password is stored as its Argon2id digest (RFC 9106), a session as the SHA-256 of its token: a
copy of the store opens neither.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from enum import StrEnum
from typing import Final

import msgspec
from cryptography.exceptions import InvalidKey
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

MAX_USERS: Final = 1_000
"""Most users of an installation."""
MAX_SESSIONS: Final = 20
"""Most sessions of a user at the same time; beyond, the oldest ends."""
MIN_PASSWORD: Final = 12
MAX_PASSWORD: Final = 256
"""Characters of a password. The upper limit bounds the work of a sign-in."""
USER_NAME: Final = r"^[A-Za-z0-9][A-Za-z0-9_.@-]{0,62}$"
"""Pattern of the names of users; an e-mail address is one."""
_TOKEN: Final = re.compile(r"[A-Za-z0-9_-]{43}")
_TOKEN_OCTETS: Final = 32
_NAME_OCTETS: Final = 8
_ACT_ID: Final = re.compile(r"[0-9a-f]{32}")
_MEMORY_KIB, _PASSES, _LANES = 47_104, 1, 1
"""The first choice of the OWASP Password Storage Cheat Sheet for Argon2id: 46 MiB, one pass."""


class ConsoleRole(StrEnum):
    """What a user may do; each role may do what those before it may."""

    VIEWER = "viewer"
    SUPPORT = "support"
    SENDER = "sender"
    ADMIN = "admin"

    def includes(self, other: ConsoleRole) -> bool:
        """Whether this role may do what the other one may."""
        roles = list(ConsoleRole)
        return roles.index(self) >= roles.index(other)


class ConsoleUser(msgspec.Struct, frozen=True):
    """A user without the password.

    Attributes:
        account_id: the only account that the user sees; `None`: all accounts.
        password_digest: Argon2id in the PHC string format, with its salt and costs.
        has_totp: whether a code of an authenticator is asked after the password.
    """

    name: str
    role: ConsoleRole
    account_id: int | None
    password_digest: str
    created_ms: int
    has_totp: bool = False

    def __repr__(self) -> str:
        return f"ConsoleUser({self.name!r}, {self.role.value!r}, {self.account_id})"

    def may_see(self, account_id: int) -> bool:
        """Whether the account is one of those that the user sees."""
        return self.account_id is None or self.account_id == account_id


class ConsoleSession(msgspec.Struct, frozen=True):
    """A session of a signed-in user.

    Attributes:
        digest: SHA-256 of its token; its first octets name it in lists.
        seen_ms: of the latest request, accurate to a minute.
        address: of the client that signed in.
    """

    digest: bytes
    user: str
    created_ms: int
    seen_ms: int
    address: str

    @property
    def name(self) -> str:
        """What names it in lists, which opens nothing."""
        return self.digest[:_NAME_OCTETS].hex()

    def __repr__(self) -> str:
        return f"ConsoleSession({self.user!r}, {self.created_ms})"


class AuditRow(msgspec.Struct, frozen=True):
    """One act of a user: a write, or a text or number that was revealed.

    Attributes:
        account_id: the account whose data it concerns; `None`: the installation.
        action: such as `message.reveal`.
        target: the id of what was changed or revealed; never a text or a number.
    """

    id: bytes
    at_ms: int
    user: str
    account_id: int | None
    action: str
    target: str
    address: str


def password_digest(password: str) -> str:
    """The Argon2id digest as a PHC string. Takes 46 MiB and some 100 ms: not for the event loop."""
    kdf = Argon2id(
        salt=secrets.token_bytes(16),
        length=32,
        iterations=_PASSES,
        lanes=_LANES,
        memory_cost=_MEMORY_KIB,
    )
    return kdf.derive_phc_encoded(password.encode())


def is_password(password: str, digest: str) -> bool:
    """Whether the digest is of this password. As costly as `password_digest`; constant time."""
    try:
        Argon2id.verify_phc_encoded(password.encode(), digest)
    except InvalidKey:
        return False
    return True


def password_problem(password: str) -> str | None:
    """Why a new password is refused, without the password; `None` if it is fine."""
    if not MIN_PASSWORD <= len(password) <= MAX_PASSWORD:
        return f"must have {MIN_PASSWORD} to {MAX_PASSWORD} characters"
    if len(set(password)) < 5:
        return "must have at least 5 different characters"
    try:
        password.encode()
    except UnicodeEncodeError:
        return "must be valid Unicode"
    return None


def generate_password() -> str:
    """A password that nobody knows, of a user who has none: 256 random bits."""
    return secrets.token_urlsafe(_TOKEN_OCTETS)


def generate_token() -> str:
    """The token of a new session: 256 random bits."""
    return secrets.token_urlsafe(_TOKEN_OCTETS)


def token_digest(token: str) -> bytes | None:
    """The digest that the store keeps; `None` if no session can have this token."""
    return hashlib.sha256(token.encode()).digest() if _TOKEN.fullmatch(token) else None


def form_token(token: str) -> str:
    """The token of the forms of a session, against cross-site requests: no other session's."""
    return hmac.digest(token.encode(), b"simpost console form", "sha256").hex()


def is_form_token(given: str, token: str) -> bool:
    """Whether it is the form token of the session. Compares in constant time."""
    return hmac.compare_digest(given.encode(), form_token(token).encode())


def format_act(act_id: bytes, token: str) -> str:
    """The id of an act as a form of the session carries it, so that the act happens once."""
    return f"{act_id.hex()}.{_act_mark(act_id, token)}"


def parse_act(given: str, token: str) -> bytes | None:
    """The id of an act that `format_act` gave to this session. Compares in constant time."""
    text, _, mark = given.partition(".")
    if not _ACT_ID.fullmatch(text):
        return None
    act_id = bytes.fromhex(text)
    is_own = hmac.compare_digest(mark.encode(), _act_mark(act_id, token).encode())
    return act_id if is_own else None


def _act_mark(act_id: bytes, token: str) -> str:
    return hmac.digest(token.encode(), b"simpost console act " + act_id, "sha256").hex()
