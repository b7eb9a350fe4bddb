"""Authenticators of console users, and their recovery codes."""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum
from typing import NamedTuple, Protocol


class SecondFactorCheck(Enum):
    """What became of a code."""

    WRONG = "wrong"
    BLOCKED = "blocked"
    """Too many were wrong: none counts at the moment."""
    TOTP = "totp"
    RECOVERY = "recovery"

    @property
    def is_right(self) -> bool:
        """Whether it counts; it will not count again."""
        return self in (SecondFactorCheck.TOTP, SecondFactorCheck.RECOVERY)


class SecondFactor(NamedTuple):
    """The authenticator of a user, without its secret.

    Attributes:
        confirmed_ms: since when it counts.
        recovery_codes: how many were not used.
    """

    confirmed_ms: int
    recovery_codes: int


class SecondFactorStore(Protocol):
    """Keeps secrets sealed and recovery codes as digests.

    An authenticator counts once it was confirmed by a code. A code counts once.
    """

    async def begin_totp(self, user: str, secret: bytes, *, now_ms: int) -> bool:
        """Save a secret that is to be confirmed, in place of one that was not.

        `False` if the user has an authenticator, or there is no such user.
        """
        ...

    async def find_unconfirmed(self, user: str) -> bytes | None:
        """The secret that is to be confirmed."""
        ...

    async def confirm_totp(
        self, user: str, code: str, *, digests: Sequence[bytes], now_ms: int
    ) -> bool:
        """Let the secret count from now on, and end all sessions of the user.

        `digests` are those of new recovery codes. `False` if the code is not of the secret.
        """
        ...

    async def find_second_factor(self, user: str) -> SecondFactor | None:
        """The authenticator of the user, if one counts."""
        ...

    async def use_code(self, user: str, code: str, *, now_ms: int) -> SecondFactorCheck:
        """Use up a code of the authenticator, or a recovery code. Wrong ones are counted."""
        ...

    async def replace_recovery_codes(self, user: str, digests: Sequence[bytes]) -> bool:
        """Replace all recovery codes; `False` if the user has no authenticator."""
        ...

    async def delete_totp(self, user: str, *, ends_sessions: bool) -> bool:
        """Delete the authenticator and the recovery codes; `False` if there was none."""
        ...
