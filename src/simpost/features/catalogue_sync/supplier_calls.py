"""Requests of accounts that only their supplier can serve, passed on unchanged."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from typing import Final

from simpost.config import Settings
from simpost.config.sources import SourceSettings
from simpost.domain.accounts import Account
from simpost.features.catalogue_sync.suppliers import supplier_headers
from simpost.net.address_guard import RefusedUrl
from simpost.net.http_client import HttpClient, HttpResponse, NoResponse, NotSent
from simpost.net.resolver import NameResolver
from simpost.observe import get_logger
from simpost.runtime.component import Component

MOST_AT_ONCE: Final = 32
"""Requests of one source that are under way on a node; more are refused at once."""
MAX_RESPONSE_OCTETS: Final = 4 * 1024 * 1024
_MOST_STATUS: Final = 599

log = get_logger(__name__)


class SupplierBusy(Exception):
    """Nothing was sent: too many requests are under way, or there is no connection."""


class SupplierSilent(Exception):
    """The request was sent, and there is no whole response: it may have been carried out."""


class SupplierCalls(Component):
    """Passes on what accounts ask of their supplier, with the credentials of the source.

    A request is tried once: an order must not be placed twice.
    """

    def __init__(self, sources: Sequence[SourceSettings], names: NameResolver) -> None:
        self._names = names
        self._clients: dict[str, HttpClient] = {}
        self._under_way: dict[str, int] = {}
        self._use(sources)

    def _use(self, sources: Sequence[SourceSettings]) -> None:
        passing = [each for each in sources if each.pass_through]
        self._sources: dict[tuple[str, str], SourceSettings] = {
            (each.type, each.account): each for each in passing
        }
        self._types: set[str] = {each.type for each in passing}

    async def run(self) -> None:
        """Close the connections when cancelled."""
        try:
            await asyncio.Event().wait()
        finally:
            await self._close()

    async def reconfigure(self, settings: Settings) -> None:
        """Apply new sources. Requests that are under way are cut: they are answered as silent."""
        self._use(settings.sources)
        await self._close()

    def passes(self, kind: str) -> bool:
        """Whether any source of this type passes requests on."""
        return kind in self._types

    def find(self, kind: str, account: Account) -> SourceSettings | None:
        """The source of this type that passes on what the account asks."""
        return self._sources.get((kind, account.access_code))

    async def call(
        self,
        source: SourceSettings,
        account: Account,
        path: str,
        body: bytes,
        request_id: str | None,
        *,
        method: str = "POST",
        query: str = "",
        accept: str = "",
    ) -> HttpResponse:
        """The response of the supplier. Raises SupplierBusy and SupplierSilent."""
        under_way = self._under_way.get(source.name, 0)
        if under_way >= MOST_AT_ONCE:
            raise SupplierBusy(f"{MOST_AT_ONCE} requests to the supplier are under way.")
        self._under_way[source.name] = under_way + 1
        begun_s, result = time.monotonic(), "cancelled"
        try:
            headers = supplier_headers(source, body, request_id)
            if accept:
                headers["Accept"] = accept
            url = f"{source.url}/{path}{query and '?'}{query}"
            response = await self._client(source).request(method, url, body, headers)
            result = f"HTTP {response.status}"
            if response.status > _MOST_STATUS:
                raise SupplierSilent(f"The supplier answered {result}, which is no status.")
            if len(response.body) > MAX_RESPONSE_OCTETS:
                raise SupplierSilent(f"The response has more than {MAX_RESPONSE_OCTETS} octets.")
        except (NotSent, RefusedUrl) as error:
            result = "not sent"
            raise SupplierBusy(str(error)) from None
        except NoResponse as error:
            result = "no response"
            raise SupplierSilent(str(error)) from None
        finally:
            self._under_way[source.name] -= 1
            log.info(
                "passed_on",
                account_id=account.id,
                source=source.name,
                method=method,
                path=path,
                result=result,
                ms=round(1000 * (time.monotonic() - begun_s)),
            )
        return response

    def _client(self, source: SourceSettings) -> HttpClient:
        client = self._clients.get(source.name)
        if client is None:
            client = self._clients[source.name] = HttpClient(
                f"source {source.name}",
                self._names,
                allow_private=source.allow_private,
                connect_timeout_s=source.timeout_s,
                response_timeout_s=source.timeout_s,
                keep_octets=MAX_RESPONSE_OCTETS + 1,
            )
        return client

    async def _close(self) -> None:
        clients, self._clients = self._clients, {}
        for client in clients.values():
            await client.close()
