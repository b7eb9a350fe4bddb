"""The accounts in memory, with their rate limits."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable

from simpost.cluster.shared_rate_limit import SharedRateLimits
from simpost.domain.accounts import Account, AccountChange
from simpost.domain.rates import TokenBucket
from simpost.errors import UnknownAccount
from simpost.ports.store import AccountStore


def generate_secret() -> str:
    """A secret of 256 random bits in 43 characters."""
    return secrets.token_urlsafe(32)


class Accounts:
    """All accounts, reloaded when one changes.

    `shared` are the rate limits that nodes share; `None` where this process has its own.
    """

    def __init__(
        self,
        store: AccountStore,
        monotonic_s: Callable[[], float] = time.monotonic,
        shared: SharedRateLimits | None = None,
    ) -> None:
        self._store = store
        self._shared = shared
        self._monotonic_s = monotonic_s
        self._by_code: dict[str, Account] = {}
        self._by_id: dict[int, Account] = {}
        self._buckets: dict[int, TokenBucket] = {}

    async def reload(self) -> None:
        """Read all accounts again. A rate limit that did not change keeps its tokens."""
        accounts = await self._store.list_accounts()
        self._by_code = {account.access_code: account for account in accounts}
        self._by_id = {account.id: account for account in accounts}
        self._buckets = {account.id: self._bucket(account) for account in accounts}

    def get(self, access_code: str) -> Account | None:
        """The account with this access code; `None` when it is unknown or disabled."""
        account = self._by_code.get(access_code)
        return account if account and account.enabled else None

    def by_id(self, account_id: int) -> Account | None:
        """The account with this id, enabled or not; `None` when it is unknown."""
        return self._by_id.get(account_id)

    def all(self) -> list[Account]:
        """All accounts, disabled ones included."""
        return list(self._by_code.values())

    async def list_stored(self) -> list[Account]:
        """All accounts by access code, read again: another node may have changed one."""
        await self.reload()
        return sorted(self._by_code.values(), key=lambda account: account.access_code)

    async def find_stored(self, access_code: str) -> Account:
        """The account, enabled or not, read again. Raises UnknownAccount."""
        await self.reload()
        account = self._by_code.get(access_code)
        if account is None:
            raise UnknownAccount
        return account

    def admit(self, account: Account) -> float:
        """Count one request. Returns 0 when it may pass, else seconds to be given to `draw`."""
        if self._shared and account.requests_per_s:
            return 0.0 if self._shared.take(account) else 1.0
        return self._buckets[account.id].take(self._monotonic_s())

    async def draw(self, account: Account, wait_s: float) -> float:
        """Try again after `admit` returned `wait_s`: 0 when the request may pass, else the wait.

        With shared rate limits this asks the database. Raises StoreError.
        """
        if self._shared and account.requests_per_s:
            return await self._shared.draw(account)
        return wait_s

    async def add(self, account: Account) -> Account:
        """Add an account and return it. Raises InvalidRequest when the access code is taken."""
        await self._store.add_account(account)
        await self.reload()
        return self._by_code[account.access_code]

    async def change(self, change: AccountChange) -> Account:
        """Change an account and return it as the store has it now."""
        await self._store.change_account(change)
        await self.reload()
        return self._by_id[change.id]

    def _bucket(self, account: Account) -> TokenBucket:
        known = self._buckets.get(account.id)
        rate = account.requests_per_s
        if known and known.rate_per_s == rate:
            return known
        if self._shared:
            self._shared.discard(account)
        return TokenBucket(rate, burst=max(1.0, rate), now_s=self._monotonic_s())
