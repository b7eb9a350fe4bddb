"""Tickets between the two steps of a sign-in: the password was right, the code is awaited.

A ticket is no session and opens no page. It is not stored: it has the name of the user, its end,
and a MAC (HMAC-SHA256) over both and the digest of the password, so that a new password ends it.
"""

from __future__ import annotations

import base64
import hmac
from typing import Final, NamedTuple

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from simpost.domain.console_users import ConsoleUser
from simpost.ports.store.second_factors import SecondFactorCheck

VALID_MS: Final = 300_000
_MAX_LENGTH: Final = 200


class SignInStep(NamedTuple):
    """How far a sign-in is.

    Attributes:
        token: of the new session; empty if there is none yet.
        ticket: for the code of the authenticator, which is asked next; else empty.
    """

    token: str = ""
    ticket: str = ""


class GivenCode(NamedTuple):
    """What became of the second step of a sign-in.

    Attributes:
        user: whose ticket it is; `None`: of nobody, or it has ended.
        token: of the new session; `None` if there is none.
    """

    user: ConsoleUser | None
    check: SecondFactorCheck = SecondFactorCheck.WRONG
    token: str | None = None


class SignInTicket(NamedTuple):
    """What a ticket says; nothing of it is proven before `SignInTickets.is_of`."""

    until_ms: int
    mac: str
    name: str


class SignInTickets:
    """Makes and checks tickets, on every node with the same `secrets_key`."""

    def __init__(self, secrets_key: str) -> None:
        derived = HKDF(SHA256(), length=32, salt=None, info=b"simpost: console sign-in")
        self._key = derived.derive(base64.urlsafe_b64decode(secrets_key))

    def ticket_for(self, user: ConsoleUser, now_ms: int) -> str:
        """A ticket that ends in five minutes."""
        until_ms = now_ms + VALID_MS
        return f"{until_ms}.{self._mac(user, until_ms)}.{user.name}"

    def is_of(self, ticket: SignInTicket, user: ConsoleUser, now_ms: int) -> bool:
        """Whether the ticket is of this user and password, and has not ended."""
        mac = self._mac(user, ticket.until_ms)
        return hmac.compare_digest(ticket.mac.encode(), mac.encode()) and now_ms < ticket.until_ms

    def _mac(self, user: ConsoleUser, until_ms: int) -> str:
        facts = f"{until_ms}\0{user.name}\0{user.password_digest}"
        return hmac.digest(self._key, facts.encode(), "sha256").hex()


def parse_ticket(given: str) -> SignInTicket | None:
    """The parts of a ticket; `None` if it is none."""
    until, _, rest = given.partition(".")
    mac, _, name = rest.partition(".")
    if len(given) > _MAX_LENGTH or not (until.isascii() and until.isdigit()) or not name:
        return None
    return SignInTicket(int(until), mac, name)
