"""Adds users, signs them in and out, and writes what they did."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from simpost.domain.console_users import (
    USER_NAME,
    AuditRow,
    ConsoleRole,
    ConsoleSession,
    ConsoleUser,
    format_act,
)
from simpost.errors import UnknownConsoleUser
from simpost.features.console_users.oidc.sign_in import OidcSignIn
from simpost.features.console_users.passwords import Passwords, SignInBusy
from simpost.features.console_users.second_factors import SecondFactors
from simpost.features.console_users.sessions import Sessions
from simpost.features.console_users.tickets import (
    GivenCode,
    SignInStep,
    SignInTickets,
    parse_ticket,
)
from simpost.observe import get_logger
from simpost.ports.store import Store
from simpost.ports.store.console import CONSOLE_STEP, SignedIn
from simpost.ports.store.second_factors import SecondFactorCheck
from simpost.runtime.clock import Clock
from simpost.runtime.component import Component
from simpost.runtime.scheduler import always, run_periodically

if TYPE_CHECKING:
    from simpost.config.console import ConsoleSettings

BY_ADMIN_API: Final = "(admin API)"
"""In the audit log, in place of a user: who has the `admin_token`."""
_DELETE_INTERVAL_S: Final = 60.0
_DAY_MS: Final = 86_400_000

_NAME = re.compile(USER_NAME.removesuffix("$") + r"\Z")

log = get_logger(__name__)


class ConsoleUsers(Component):
    """The users of the console, on every node: nothing is cached.

    Attributes:
        takes_passwords: whether a password signs in.
        oidc: sign-in by a provider; `None` if none is configured.
    """

    def __init__(
        self,
        store: Store,
        settings: ConsoleSettings,
        *,
        secrets_key: str,
        new_id: Callable[[], bytes],
        clock_ms: Clock,
        is_leader: Callable[[], bool] = always,
    ) -> None:
        self._store = store.console
        self.second_factors = SecondFactors(store.second_factors, settings.require_totp, clock_ms)
        self._tickets = SignInTickets(secrets_key)
        self._new_id = new_id
        self._clock_ms = clock_ms
        self._is_leader = is_leader
        self._sessions = Sessions(store.console, settings, clock_ms)
        self._passwords = Passwords()
        self.takes_passwords = settings.password_sign_in
        self.oidc = (
            OidcSignIn(settings, secrets_key=secrets_key, new_id=new_id, clock_ms=clock_ms)
            if settings.oidc_issuer
            else None
        )
        self._keep_audit_ms = settings.keep_audit_days * _DAY_MS
        self._trying: set[tuple[str, str]] = set()

    async def run(self) -> None:
        """Delete ended sessions and old rows of the audit log, every minute on the leader."""
        try:
            await run_periodically(
                self.delete_old, _DELETE_INTERVAL_S, name="console_sessions", when=self._is_leader
            )
        finally:
            if self.oidc:
                await self.oidc.close()

    async def delete_old(self) -> None:
        """Delete sessions that ended by their age, and audit rows that are older than kept."""
        await self._sessions.delete_old()
        now_ms = self._clock_ms()
        while await self._store.delete_audit(before_ms=now_ms - self._keep_audit_ms) >= (
            CONSOLE_STEP
        ):
            pass

    async def add(
        self, name: str, role: ConsoleRole, account_id: int | None, password: str
    ) -> ConsoleUser | None:
        """Add a user; `None` if there are too many.

        Raises InvalidRequest if the name is taken or the password is refused.
        """
        user = ConsoleUser(
            name, role, account_id, await self._passwords.digest(password), self._clock_ms()
        )
        if not await self._store.add_user(user):
            return None
        log.info("console_user_added", user=name, role=role.value)
        return user

    async def list_all(self) -> list[ConsoleUser]:
        """All users, by name."""
        return await self._store.list_users()

    async def set_password(self, name: str, password: str) -> None:
        """Replace the password and end the sessions. Raises UnknownConsoleUser, InvalidRequest."""
        if not await self._store.set_password(name, await self._passwords.digest(password)):
            raise UnknownConsoleUser
        log.info("console_password_changed", user=name)

    async def remove(self, name: str) -> None:
        """Delete the user and end the sessions. Raises UnknownConsoleUser."""
        if not await self._store.delete_user(name):
            raise UnknownConsoleUser
        log.info("console_user_removed", user=name)

    async def reset_totp(self, name: str) -> bool:
        """Delete the authenticator and end the sessions; `False` if there was none.

        Raises UnknownConsoleUser.
        """
        user = await self._known(name)
        await self._write(BY_ADMIN_API, "totp.reset", name, user.account_id, "-")
        return await self.second_factors.reset(name)

    async def find_user(self, name: str) -> ConsoleUser | None:
        """The user with this name; `None` if there is none, or no user can have it."""
        return await self._store.find_user(name) if _NAME.match(name) else None

    async def _known(self, name: str) -> ConsoleUser:
        user = await self.find_user(name)
        if user is None:
            raise UnknownConsoleUser
        return user

    @contextmanager
    def one_at_a_time(self, name: str, network: str) -> Iterator[None]:
        """Refuse a second sign-in by the same name and network while the first has no response.

        Otherwise delays of wrong passwords would not slow down an attacker. Raises SignInBusy.
        """
        key = (name, network)
        if key in self._trying:
            raise SignInBusy
        self._trying.add(key)
        try:
            yield
        finally:
            self._trying.remove(key)

    async def sign_in(self, name: str, password: str, address: str) -> SignInStep | None:
        """A new session, or the ticket of its second step; `None`: name or password is wrong.

        An unknown name takes as long as a wrong password. Raises SignInBusy.
        """
        user = await self.find_user(name)
        digest = user.password_digest if user else None
        if not await self._passwords.is_right(password, digest) or not user:
            return None
        if user.has_totp:
            return SignInStep(ticket=self._tickets.ticket_for(user, self._clock_ms()))
        token = await self._begin_session(user, address, "sign_in")
        return SignInStep(token) if token else None

    async def sign_in_identified(
        self, name: str, flow_id: bytes, address: str
    ) -> SignInStep | None:
        """The same for a user whom the provider identified; `None`: this flow signed in before.

        The row of the audit log has the id of the flow, on all nodes. Raises UnknownConsoleUser.
        """
        user = await self.find_user(name)
        if user is None:
            raise UnknownConsoleUser
        if not await self.audit(user, "sign_in.oidc", name, address=address, act_id=flow_id):
            return None
        if user.has_totp:
            return SignInStep(ticket=self._tickets.ticket_for(user, self._clock_ms()))
        token = await self._sessions.begin(user, address)
        return SignInStep(token) if token else None

    async def give_code(self, ticket: str, code: str, address: str) -> GivenCode:
        """The second step: a new session for a ticket and a code that is right."""
        given = parse_ticket(ticket)
        user = await self.find_user(given.name) if given else None
        if not given or not user or not self._tickets.is_of(given, user, self._clock_ms()):
            return GivenCode(None)
        check = await self.second_factors.use(user, code)
        if not check.is_right:
            await self.audit(user, "sign_in.wrong_code", user.name, address=address)
            return GivenCode(user, check)
        is_recovery = check is SecondFactorCheck.RECOVERY
        action = "sign_in.recovery_code" if is_recovery else "sign_in"
        token = await self._begin_session(user, address, action, gave_code=True)
        return GivenCode(user if token else None, check, token)

    async def begin_session_again(self, user: ConsoleUser, address: str) -> str | None:
        """A new session for a user who has just confirmed an authenticator by its code."""
        return await self._begin_session(user, address, "sign_in", gave_code=True)

    async def _begin_session(
        self, user: ConsoleUser, address: str, action: str, *, gave_code: bool = False
    ) -> str | None:
        token = await self._sessions.begin(user, address, gave_code=gave_code)
        if token is None:
            return None
        await self.audit(user, action, user.name, address=address)
        return token

    async def find_session(self, token: str, *, is_use: bool = True) -> SignedIn | None:
        """The session of a token and its user; see `Sessions.find`."""
        return await self._sessions.find(token, is_use=is_use)

    async def list_sessions(self, user: ConsoleUser) -> list[ConsoleSession]:
        """The open sessions of a user, the newest first."""
        return await self._sessions.list_open(user)

    async def end_session(self, user: ConsoleUser, digest: bytes, address: str) -> bool:
        """End a session of the user; `False` if there is no such session."""
        is_ended = await self._store.delete_session(user.name, digest)
        if is_ended:
            await self.audit(user, "sign_out", user.name, address=address)
        return is_ended

    async def sessions_of(self, name: str) -> list[ConsoleSession]:
        """The open sessions of the user with this name. Raises UnknownConsoleUser."""
        return await self.list_sessions(await self._known(name))

    async def end_session_by_admin(self, name: str, session_name: str) -> bool:
        """End a session; `False` if there is no such session. Raises UnknownConsoleUser."""
        user = await self._known(name)
        for each in await self.list_sessions(user):
            if each.name == session_name:
                await self._write(BY_ADMIN_API, "session.end", name, user.account_id, "-")
                return await self._store.delete_session(name, each.digest)
        return False

    async def audit(
        self,
        user: ConsoleUser,
        action: str,
        target: str,
        *,
        account_id: int | None = None,
        address: str,
        act_id: bytes | None = None,
    ) -> bool:
        """Write one act. Await it before the act: what cannot be written must not happen.

        With the `act_id` of a form: `False` if the act was written before, so that it happens once.
        """
        concerned = user.account_id if account_id is None else account_id
        return await self._write(user.name, action, target, concerned, address, act_id)

    async def _write(
        self,
        user: str,
        action: str,
        target: str,
        account_id: int | None,
        address: str,
        act_id: bytes | None = None,
    ) -> bool:
        at_ms, id_ = self._clock_ms(), act_id or self._new_id()
        row = AuditRow(id_, at_ms, user, account_id, action, target, address)
        return await self._store.add_audit(row)

    def begin_act(self, token: str) -> str:
        """What the form of an act carries, for a session; `parse_act` reads it."""
        return format_act(self._new_id(), token)

    async def list_audit(
        self, user: ConsoleUser, *, before: bytes | None, limit: int
    ) -> list[AuditRow]:
        """The newest acts that concern the accounts that the user sees."""
        return await self._store.list_audit(user.account_id, before=before, limit=limit)
