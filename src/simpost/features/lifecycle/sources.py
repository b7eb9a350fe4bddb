"""The sources of all accounts in memory, by the token in their URL."""

from __future__ import annotations

import asyncio
import hashlib
import secrets
from collections.abc import Sequence
from ipaddress import ip_address, ip_network
from typing import Final, NamedTuple

from simpost.domain.accounts import Account
from simpost.errors import InvalidRequest
from simpost.features.lifecycle.registry import ADAPTERS, Adapter, SourceKind, adapter_of
from simpost.observe import get_logger
from simpost.ports.store import LifecycleSource, LifecycleSourceStore
from simpost.runtime.clock import Clock

PATH: Final = "/lifecycle/"
"""URLs are this, the kind of the source and the token."""
_TOKEN_OCTETS: Final = 32
_ID_OCTETS: Final = 8

log = get_logger(__name__)


class NewSource(NamedTuple):
    """A source that was added; `token` is in its URL, and is not kept."""

    token: str
    source: LifecycleSource


class WantedSource(NamedTuple):
    """What to add; see `LifecycleSource`."""

    kind: SourceKind
    name: str = ""
    secret: str | None = None
    ip_allow: Sequence[str] = ()
    mapping: str | None = None


class KnownSource(NamedTuple):
    """A source with its adapter."""

    source: LifecycleSource
    adapter: Adapter

    def may_come_from(self, host: str) -> bool:
        """Whether an address is on the list of the source; an empty list allows all."""
        if not self.source.ip_allow:
            return True
        try:
            address = ip_address(host)
        except ValueError:
            return False
        address = getattr(address, "ipv4_mapped", None) or address
        return any(address in ip_network(network) for network in self.source.ip_allow)


class LifecycleSources:
    """All sources, reloaded when one is added or deleted, on any node."""

    def __init__(self, store: LifecycleSourceStore, clock_ms: Clock) -> None:
        self._store = store
        self._clock_ms = clock_ms
        self._by_digest: dict[bytes, KnownSource] = {}
        self._reloading = asyncio.Lock()

    async def reload(self) -> None:
        """Read all sources again, one call after another."""
        async with self._reloading:
            known = {}
            for source in await self._store.list_sources():
                if adapter := adapter_of(source):
                    known[source.digest] = KnownSource(source, adapter)
            self._by_digest = known

    def find(self, kind: str, token: str) -> KnownSource | None:
        """The source of a URL; `None` if there is none. The token has 256 random bits."""
        found = self._by_digest.get(digest_of(token))
        return found if found and found.source.kind == kind else None

    async def list_stored(self, account: Account) -> list[LifecycleSource]:
        """The sources of an account, the oldest first."""
        found = await self._store.list_sources()
        return [each for each in found if each.account_id == account.id]

    async def add(self, account: Account, wanted: WantedSource) -> NewSource | None:
        """Add a source; `None` if the account has too many. Raises InvalidRequest."""
        token = secrets.token_urlsafe(_TOKEN_OCTETS)
        source = LifecycleSource(
            account_id=account.id,
            id=secrets.token_hex(_ID_OCTETS),
            kind=wanted.kind,
            name=wanted.name,
            digest=digest_of(token),
            created_ms=self._clock_ms(),
            secret=wanted.secret,
            ip_allow=tuple(wanted.ip_allow),
            mapping=wanted.mapping,
        )
        _check(source)
        if not await self._store.add_source(source):
            return None
        log.info("lifecycle_source_added", account=account.access_code, source=source.id)
        await self.reload()
        return NewSource(token, source)

    async def delete(self, account: Account, source_id: str) -> bool:
        """Delete a source: its URL is unknown from then on. `False` if there is none."""
        if not await self._store.delete_source(account.id, source_id):
            return False
        log.info("lifecycle_source_deleted", account=account.access_code, source=source_id)
        await self.reload()
        return True


def _check(source: LifecycleSource) -> None:
    """Raise InvalidRequest for a mapping of another kind, or a secret that nothing would check."""
    is_mapping = source.kind == SourceKind.MAPPING
    if is_mapping != (source.mapping is not None):
        raise InvalidRequest("mapping is for the kind mapping, which needs it")
    adapter = adapter_of(source)
    assert adapter is not None, ADAPTERS
    if source.secret is not None and adapter.signature is None:
        raise InvalidRequest("deliveries of this source are not signed: give no secret")
    if source.secret is None and is_mapping and adapter.signature is not None:
        raise InvalidRequest("signatureHeader needs a secret")


def digest_of(token: str) -> bytes:
    """SHA-256 of a token. It is random, so that no slower hash is needed."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()
