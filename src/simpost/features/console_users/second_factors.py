"""Authenticators of users: switched on with a code, asked at each sign-in, reset if lost."""

from __future__ import annotations

from typing import Literal

from simpost.domain.console_users import ConsoleRole, ConsoleUser
from simpost.domain.totp import (
    generate_recovery_codes,
    generate_secret,
    matching_step,
    plain_code,
    recovery_digest,
)
from simpost.errors import InvalidRequest
from simpost.observe import get_logger
from simpost.ports.store.second_factors import SecondFactor, SecondFactorCheck, SecondFactorStore
from simpost.runtime.clock import Clock

log = get_logger(__name__)


class SecondFactors:
    """The authenticators of all users, on every node: nothing is cached."""

    def __init__(
        self,
        store: SecondFactorStore,
        required_of: Literal["none", "admins", "all"],
        clock_ms: Clock,
    ) -> None:
        self._store = store
        self._required_of = required_of
        self._clock_ms = clock_ms

    def is_required_of(self, user: ConsoleUser) -> bool:
        """Whether the settings require an authenticator of this user."""
        return self._required_of == "all" or (
            self._required_of == "admins" and user.role is ConsoleRole.ADMIN
        )

    def must_enrol(self, user: ConsoleUser) -> bool:
        """Whether the user must switch one on before anything else."""
        return not user.has_totp and self.is_required_of(user)

    async def find(self, user: ConsoleUser) -> SecondFactor | None:
        """The authenticator of the user, if it is on."""
        return await self._store.find_second_factor(user.name)

    async def begin(self, user: ConsoleUser) -> bytes:
        """A new secret, which counts once it is confirmed. Raises InvalidRequest if one does."""
        secret = generate_secret()
        if not await self._store.begin_totp(user.name, secret, now_ms=self._clock_ms()):
            raise InvalidRequest("an authenticator is on already")
        return secret

    async def find_unconfirmed(self, user: ConsoleUser) -> bytes | None:
        """The secret that is to be confirmed."""
        return await self._store.find_unconfirmed(user.name)

    def is_first_code(self, secret: bytes, code: str) -> bool:
        """Whether a code confirms this secret."""
        now_ms = self._clock_ms()
        step = matching_step(secret, plain_code(code), now_ms=now_ms, after_step=0)
        return step is not None

    async def confirm(self, user: ConsoleUser, code: str) -> list[str] | None:
        """Switch it on and end all sessions of the user.

        Returns the recovery codes, which are shown this one time; `None` if the code is wrong.
        """
        codes = generate_recovery_codes()
        digests = [recovery_digest(user.name, each) for each in codes]
        is_on = await self._store.confirm_totp(
            user.name, code, digests=digests, now_ms=self._clock_ms()
        )
        if not is_on:
            return None
        log.info("console_totp_on", user=user.name)
        return codes

    async def use(self, user: ConsoleUser, code: str) -> SecondFactorCheck:
        """Use up a code of the authenticator, or a recovery code."""
        check = await self._store.use_code(user.name, code, now_ms=self._clock_ms())
        if check is SecondFactorCheck.BLOCKED:
            log.warning("console_codes_blocked", user=user.name)
        return check

    async def renew_recovery_codes(self, user: ConsoleUser) -> list[str]:
        """New recovery codes; those before count no more."""
        codes = generate_recovery_codes()
        digests = [recovery_digest(user.name, each) for each in codes]
        if not await self._store.replace_recovery_codes(user.name, digests):
            raise InvalidRequest("no authenticator is on")
        return codes

    async def switch_off(self, user: ConsoleUser) -> None:
        """Delete the authenticator of a user who gave a code of it."""
        await self._store.delete_totp(user.name, ends_sessions=False)
        log.info("console_totp_off", user=user.name)

    async def reset(self, name: str) -> bool:
        """Delete the authenticator for an administrator, and end the sessions of the user."""
        is_deleted = await self._store.delete_totp(name, ends_sessions=True)
        if is_deleted:
            log.info("console_totp_reset", user=name)
        return is_deleted
