"""Passwords: digests and checks in threads, of which few run and few wait."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from simpost.domain.console_users import is_password, password_digest, password_problem
from simpost.errors import InvalidRequest

MAX_WAITING: Final = 20
"""Sign-ins that wait for a check of their password; further ones are refused at once."""
_AT_ONCE: Final = 2
"""Checks at the same time: each takes 46 MiB."""


class SignInBusy(InvalidRequest):
    """Too many people sign in at the moment."""


class Passwords:
    """Makes and checks the digests of passwords, a bounded number at a time."""

    def __init__(self) -> None:
        self._checks = asyncio.Semaphore(_AT_ONCE)
        self._waiting = 0
        self._no_digest = ""

    async def digest(self, password: str) -> str:
        """The digest of a new password. Raises InvalidRequest if it is refused, SignInBusy."""
        if problem := password_problem(password):
            raise InvalidRequest(f"the password {problem}")
        async with self._checking():
            return await asyncio.to_thread(password_digest, password)

    async def is_right(self, password: str, digest: str | None) -> bool:
        """Whether the digest is of this password. `None` takes as long. Raises SignInBusy."""
        async with self._checking():
            if not self._no_digest:
                self._no_digest = await asyncio.to_thread(
                    password_digest, secrets.token_urlsafe(32)
                )
            is_right = await asyncio.to_thread(is_password, password, digest or self._no_digest)
        return is_right and digest is not None

    @asynccontextmanager
    async def _checking(self) -> AsyncIterator[None]:
        if self._waiting >= MAX_WAITING:
            raise SignInBusy
        self._waiting += 1
        try:
            async with self._checks:
                yield
        finally:
            self._waiting -= 1
