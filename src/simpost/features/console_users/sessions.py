"""Sessions of signed-in users: begun with a new token, found by it, ended by age or by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from simpost.domain.console_users import (
    ConsoleSession,
    ConsoleUser,
    generate_token,
    token_digest,
)
from simpost.ports.store.console import CONSOLE_STEP, ConsoleStore, SignedIn
from simpost.runtime.clock import Clock

if TYPE_CHECKING:
    from simpost.config.console import ConsoleSettings

_TOUCH_MS: Final = 60_000
_MINUTE_MS, _HOUR_MS = 60_000, 3_600_000


class Sessions:
    """The sessions of all users, on every node: nothing is cached."""

    def __init__(self, store: ConsoleStore, settings: ConsoleSettings, clock_ms: Clock) -> None:
        self._store = store
        self._clock_ms = clock_ms
        self._idle_ms = settings.idle_minutes * _MINUTE_MS
        self._session_ms = settings.session_hours * _HOUR_MS

    async def begin(
        self, user: ConsoleUser, address: str, *, gave_code: bool = False
    ) -> str | None:
        """The token of a new session.

        `None` if the password of the user has changed, or an authenticator was switched on and no
        code was given.
        """
        token, now_ms = generate_token(), self._clock_ms()
        digest = token_digest(token)
        assert digest
        session = ConsoleSession(digest, user.name, now_ms, now_ms, address)
        is_begun = await self._store.add_session(
            session, expected_digest=user.password_digest, gave_code=gave_code
        )
        return token if is_begun else None

    async def find(self, token: str, *, is_use: bool) -> SignedIn | None:
        """The session of a token and its user; `None` if there is none, or it has ended.

        `is_use`: a person asks, so that the session is not idle.
        """
        digest, now_ms = token_digest(token), self._clock_ms()
        found = await self._store.find_session(digest) if digest else None
        if found is None or not self._is_open(found.session, now_ms):
            return None
        if is_use and now_ms - found.session.seen_ms >= _TOUCH_MS:
            await self._store.touch_session(found.session.digest, now_ms=now_ms)
        return found

    async def list_open(self, user: ConsoleUser) -> list[ConsoleSession]:
        """The open sessions of a user, the newest first."""
        now_ms = self._clock_ms()
        found = await self._store.list_sessions(user.name)
        return [each for each in found if self._is_open(each, now_ms)]

    async def delete_old(self) -> None:
        """Delete sessions that ended by their age."""
        now_ms = self._clock_ms()
        ages = {
            "created_before_ms": now_ms - self._session_ms,
            "seen_before_ms": now_ms - self._idle_ms - _TOUCH_MS,
        }
        while await self._store.delete_old_sessions(**ages) >= CONSOLE_STEP:
            pass

    def _is_open(self, session: ConsoleSession, now_ms: int) -> bool:
        is_young = now_ms < session.created_ms + self._session_ms
        return is_young and now_ms < session.seen_ms + self._idle_ms + _TOUCH_MS
