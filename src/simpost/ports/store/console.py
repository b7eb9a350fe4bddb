"""Users of the console, their sessions, and the audit log of what they did."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple, Protocol

from simpost.domain.console_users import AuditRow, ConsoleSession, ConsoleUser

CONSOLE_STEP: Final = 500
"""Most rows that one call deletes."""


class SignedIn(NamedTuple):
    """A session and its user."""

    session: ConsoleSession
    user: ConsoleUser


class ConsoleStore(Protocol):
    """Keeps users without their passwords and sessions without their tokens.

    Nothing is cached: a session that was ended is refused by every node at once.
    """

    async def add_user(self, user: ConsoleUser) -> bool:
        """Save a user; `False` if there are MAX_USERS. Raises InvalidRequest if the name exists."""
        ...

    async def list_users(self) -> list[ConsoleUser]:
        """All users, by name."""
        ...

    async def find_user(self, name: str) -> ConsoleUser | None:
        """The user with this name."""
        ...

    async def set_password(self, name: str, password_digest: str) -> bool:
        """Replace the password and end all sessions of the user; `False` if there is none."""
        ...

    async def delete_user(self, name: str) -> bool:
        """Delete a user with the authenticator, and end the sessions; `False` if there is none."""
        ...

    async def add_session(
        self, session: ConsoleSession, *, expected_digest: str, gave_code: bool = False
    ) -> bool:
        """Save a session, and end the oldest beyond MAX_SESSIONS.

        `gave_code`: the user gave a second factor too. `False` if the user does not have the
        password of that digest any more, or has an authenticator and gave no code.
        """
        ...

    async def find_session(self, digest: bytes) -> SignedIn | None:
        """The session and its user. The caller checks its age."""
        ...

    async def touch_session(self, digest: bytes, *, now_ms: int) -> None:
        """Write the time of the latest request."""
        ...

    async def list_sessions(self, user: str) -> list[ConsoleSession]:
        """The sessions of a user, the newest first."""
        ...

    async def delete_session(self, user: str, digest: bytes) -> bool:
        """End a session of the user; `False` if there is no such session."""
        ...

    async def delete_old_sessions(self, *, created_before_ms: int, seen_before_ms: int) -> int:
        """Delete up to CONSOLE_STEP sessions that ended by their age; returns how many."""
        ...

    async def add_audit(self, row: AuditRow) -> bool:
        """Write one act of a user; `False` if there is a row with this id: nothing is written."""
        ...

    async def list_audit(
        self, account_id: int | None, *, before: bytes | None, limit: int
    ) -> list[AuditRow]:
        """The newest rows with ids below `before`; of one account, or all with `None`."""
        ...

    async def delete_audit(self, *, before_ms: int) -> int:
        """Delete up to CONSOLE_STEP rows that are older; returns how many."""
        ...

    async def find_by_carrier_id(
        self, carriers: Sequence[str], carrier_message_id: str
    ) -> list[tuple[int, bytes]]:
        """Account and message of parts with this id of a carrier, those that the index has.

        Those that wait for a receipt, in both stores; in PostgreSQL those that ended, too.
        """
        ...
