"""The SMPP logins in memory."""

from __future__ import annotations

import asyncio
import secrets
from hmac import compare_digest
from typing import Final, NamedTuple

from simpost.domain.accounts import Account, AccountChange
from simpost.domain.smpp_logins import (
    SmppLogin,
    generate_password,
    generate_salt,
    generate_system_id,
    password_digest,
)
from simpost.messaging.accounts import Accounts
from simpost.observe import get_logger
from simpost.ports.store.smpp_logins import SmppLoginStore
from simpost.runtime.clock import Clock

NO_LOGIN: Final = SmppLogin(0, "", generate_salt(), secrets.token_bytes(32), 0)
"""Stands for a login that does not exist: its check takes as long as that of another one."""

log = get_logger(__name__)


class NewSmppLogin(NamedTuple):
    """A login that was added; `password` is not kept."""

    password: str
    login: SmppLogin


class SmppLogins:
    """All logins, reloaded when an account or a login changes."""

    def __init__(self, store: SmppLoginStore, accounts: Accounts, clock_ms: Clock) -> None:
        self._store = store
        self._accounts = accounts
        self._clock_ms = clock_ms
        self._by_id: dict[str, SmppLogin] = {}
        self._reloading = asyncio.Lock()

    async def reload(self) -> None:
        """Read all logins again, one call after another as API keys are."""
        async with self._reloading:
            logins = await self._store.list_smpp_logins()
            self._by_id = {login.system_id: login for login in logins}

    def find(self, system_id: str) -> SmppLogin:
        """The login, not verified; `NO_LOGIN` if there is none."""
        return self._by_id.get(system_id, NO_LOGIN)

    def account_of(self, login: SmppLogin) -> Account | None:
        """Its account; `None` if that is disabled, or the login was revoked since it was found."""
        known = self._by_id.get(login.system_id)
        account = self._accounts.by_id(login.account_id)
        is_same = known is not None and known.digest == login.digest
        return account if account and account.enabled and is_same else None

    async def is_valid(self, login: SmppLogin, password: str) -> bool:
        """Whether it is the password of the login. Compares in constant time, in a thread."""
        digest = await asyncio.to_thread(password_digest, password, login.salt)
        return compare_digest(digest, login.digest) and login is not NO_LOGIN

    async def list_stored(self, account: Account) -> list[SmppLogin]:
        """The logins of an account, the oldest first, read again: another node may have changed."""
        await self.reload()
        return [login for login in self._by_id.values() if login.account_id == account.id]

    async def add(
        self, account: Account, system_id: str | None, ip_allow: tuple[str, ...]
    ) -> NewSmppLogin | None:
        """Generate a password and save its digest; the account keeps events from now on.

        `system_id`: `None` for a generated one. `None` if the account has too many logins. Raises
        InvalidRequest if the system_id is taken.
        """
        if not account.events:
            await self._accounts.change(
                AccountChange(id=account.id, access_code=account.access_code, events=True)
            )
        password, salt = generate_password(), generate_salt()
        login = SmppLogin(
            account_id=account.id,
            system_id=system_id or generate_system_id(),
            salt=salt,
            digest=await asyncio.to_thread(password_digest, password, salt),
            created_ms=self._clock_ms(),
            ip_allow=ip_allow,
        )
        if not await self._store.add_smpp_login(login):
            return None
        log.info("smpp_login_added", account=account.access_code, system_id=login.system_id)
        await self.reload()
        return NewSmppLogin(password, login)

    async def revoke(self, account: Account, system_id: str) -> bool:
        """Delete a login; `False` if the account has no such login. Other nodes reload at once."""
        if not await self._store.delete_smpp_login(account.id, system_id):
            return False
        log.info("smpp_login_revoked", account=account.access_code, system_id=system_id)
        await self.reload()
        return True
