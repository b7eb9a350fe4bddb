"""HTTP calls to other hosts: guarded addresses, bounded responses, and whether it was sent."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

import aiohttp

from simpost.net.address_guard import GuardedResolver, check_url
from simpost.net.resolver import NameResolver

MAX_RESPONSE_OCTETS: Final = 65_536
_MAX_CONNECTIONS: Final = 1000
"""Connections of one client. Its owner limits the requests."""
_IDLE_S: Final = 15.0
"""Seconds after which an idle connection is closed, before most servers close it. A request on a
connection that the server is closing gets no response and may or may not have been read."""
_ADDRESSES_VALID_S: Final = 10
"""Seconds for which the addresses of a host, once checked, are used again without a look-up."""


class NotSent(Exception):
    """Nothing was sent: there was no connection to the host."""


class NoResponse(Exception):
    """The request may have been received, and there is no complete response."""


class HttpResponse(NamedTuple):
    """A response; the body is cut after `MAX_RESPONSE_OCTETS`."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class HttpClient:
    """POSTs to one host. Must be created and closed on the event loop that uses it.

    Connections go to the addresses that were checked, so a name that changes its address cannot
    lead to one that is not allowed.
    """

    def __init__(
        self,
        owner: str,
        names: NameResolver,
        *,
        allow_private: bool,
        connect_timeout_s: float,
        response_timeout_s: float,
    ) -> None:
        self._allow_private = allow_private
        resolver = GuardedResolver(names, owner, allow_private=allow_private)
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(
                resolver=resolver,
                ttl_dns_cache=_ADDRESSES_VALID_S,
                limit=_MAX_CONNECTIONS,
                keepalive_timeout=_IDLE_S,
            ),
            timeout=aiohttp.ClientTimeout(
                total=connect_timeout_s + response_timeout_s,
                connect=connect_timeout_s,
                sock_read=response_timeout_s,
            ),
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            headers={"User-Agent": "simpost", "Accept-Encoding": "identity"},
        )

    async def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> HttpResponse:
        """POST and read the response. Redirects are not followed.

        Raises:
            RefusedUrl: the URL leads to an address that is not allowed.
            NotSent: the host could not be reached.
            NoResponse: the connection was cut, or the time limit passed, after connecting.
        """
        check_url(
            url, allow_private=self._allow_private
        )  # the resolver is not called for an address
        try:
            async with self._session.post(
                url, data=body, headers=headers, allow_redirects=False
            ) as response:
                content = await _read(response)
                return HttpResponse(response.status, response.headers, content)
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
            raise NotSent(str(error) or "the connection timed out") from error
        except TimeoutError as error:
            raise NoResponse("no response within the time limit") from error
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise NoResponse(str(error) or type(error).__name__) from error

    async def close(self) -> None:
        """Close all connections, those in use included."""
        await self._session.close()


async def _read(response: aiohttp.ClientResponse) -> bytes:
    """The body, or its beginning; then the connection is not used again."""
    chunks = bytearray()
    async for chunk in response.content.iter_any():
        chunks += chunk
        if len(chunks) > MAX_RESPONSE_OCTETS:
            response.close()
            break
    return bytes(chunks[:MAX_RESPONSE_OCTETS])
