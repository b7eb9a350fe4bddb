"""The API keys in memory, and when they were used."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
from collections.abc import Iterable
from hmac import compare_digest
from typing import Final, NamedTuple

from simpost.domain.accounts import Account
from simpost.domain.api_keys import (
    ID_LENGTH,
    PREFIX,
    SECRET_OCTETS,
    ApiKey,
    KeyScope,
    digest_of,
    format_key,
    format_key_id,
)
from simpost.errors import StoreError
from simpost.observe import get_logger
from simpost.ports.store.api_keys import ApiKeyStore, ApiKeyUse
from simpost.runtime.clock import Clock
from simpost.runtime.component import Component
from simpost.runtime.scheduler import run_periodically

_WRITE_EVERY_S: Final = 10.0
_USE_ACCURACY_MS: Final = 60_000
_WRITTEN_AT_ONCE: Final = 500
_ID_OCTETS: Final = 16
_ID: Final = slice(len(PREFIX), len(PREFIX) + ID_LENGTH)

NO_KEY: Final = ApiKey(0, "", "", secrets.token_bytes(32), frozenset(), 0)
"""Stands for a key that does not exist."""

log = get_logger(__name__)


class NewApiKey(NamedTuple):
    """A key that was added; `text` is what its owner sends, and is not kept."""

    text: str
    key: ApiKey


class ApiKeys(Component):
    """All keys, reloaded when an account or a key changes. Writes their last use now and then."""

    def __init__(self, store: ApiKeyStore, clock_ms: Clock) -> None:
        self._store = store
        self._clock_ms = clock_ms
        self._by_id: dict[str, ApiKey] = {}
        self._used_ms: dict[str, int] = {}
        self._unwritten: dict[str, ApiKeyUse] = {}
        self._reloading = asyncio.Lock()

    async def reload(self) -> None:
        """Read all keys again.

        One call after another: a slow read must not bring back a key that was revoked since.
        """
        async with self._reloading:
            keys = await self._store.list_api_keys()
            self._by_id = {key.id: key for key in keys}
            self._used_ms = {id_: at for id_, at in self._used_ms.items() if id_ in self._by_id}
            self._unwritten = {id_: at for id_, at in self._unwritten.items() if id_ in self._by_id}

    def find(self, text: str) -> ApiKey:
        """The key whose id is in the text, not verified; `NO_KEY` if there is none."""
        return self._by_id.get(text[_ID], NO_KEY)

    def is_valid(self, key: ApiKey, text: str) -> bool:
        """Whether the text is this key, and it has not expired. Compares in constant time."""
        is_same = compare_digest(key.digest, digest_of(text))
        is_expired = key.expires_ms is not None and key.expires_ms <= self._clock_ms()
        return is_same and not is_expired and key is not NO_KEY

    def is_current(self, key: ApiKey) -> bool:
        """Whether the key has not been revoked or read again since it was found."""
        return self._by_id.get(key.id) is key

    def note_use(self, key: ApiKey) -> None:
        """Remember that the key was used now; it is written later, at most once a minute."""
        now_ms = self._clock_ms()
        if now_ms - self._used_ms.get(key.id, 0) >= _USE_ACCURACY_MS:
            self._used_ms[key.id] = now_ms
            self._unwritten[key.id] = ApiKeyUse(key.account_id, key.id, now_ms)

    async def list_stored(self, account: Account) -> list[ApiKey]:
        """The keys of an account, the oldest first, read again: other nodes may have changed one.

        Their last use is that of this node too.
        """
        await self.write_uses()
        await self.reload()
        return [key for key in self._by_id.values() if key.account_id == account.id]

    async def add(
        self, account: Account, name: str, scopes: Iterable[KeyScope], expires_ms: int | None
    ) -> NewApiKey | None:
        """Generate a key and save its digest; `None` if the account has too many."""
        key_id = format_key_id(secrets.token_bytes(_ID_OCTETS))
        text = format_key(key_id, secrets.token_bytes(SECRET_OCTETS))
        key = ApiKey(
            account_id=account.id,
            id=key_id,
            name=name,
            digest=digest_of(text),
            scopes=frozenset(scopes),
            created_ms=self._clock_ms(),
            expires_ms=expires_ms,
        )
        if not await self._store.add_api_key(key):
            return None
        text_of_scopes = " ".join(sorted(key.scopes))
        log.info("api_key_added", account=account.access_code, key=key_id, scopes=text_of_scopes)
        await self.reload()
        return NewApiKey(text, key)

    async def revoke(self, account: Account, key_id: str) -> bool:
        """Delete a key; `False` if the account has no such key. Other nodes reload at once."""
        if not await self._store.delete_api_key(account.id, key_id):
            return False
        log.info("api_key_revoked", account=account.access_code, key=key_id)
        await self.reload()
        return True

    async def run(self) -> None:
        """Write the last uses every few seconds until cancelled."""
        await run_periodically(self.write_uses, _WRITE_EVERY_S, name="api_key_uses")

    async def finish(self) -> None:
        """Write the last uses before the process ends; lose them if the store fails."""
        with contextlib.suppress(StoreError):
            await self.write_uses()

    async def write_uses(self) -> None:
        """Write the uses that are not written yet. They stay in memory if the store fails."""
        pending = list(self._unwritten.items())
        for start in range(0, len(pending), _WRITTEN_AT_ONCE):
            batch = pending[start : start + _WRITTEN_AT_ONCE]
            await self._store.note_api_key_uses([use for _, use in batch])
            for key_id, use in batch:
                if self._unwritten.get(key_id) is use:
                    del self._unwritten[key_id]
