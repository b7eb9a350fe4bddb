"""One POST that only asks whether a host answers it with 200."""

from __future__ import annotations

from typing import Final

import aiohttp

from simpost.net.address_guard import GuardedResolver

_TIMEOUT: Final = aiohttp.ClientTimeout(total=5.0)


async def responds_with_ok(url: str, body: bytes, resolver: GuardedResolver) -> bool:
    """Whether the host itself answers a POST of JSON with 200 within 5 seconds.

    Redirects are not followed. `check_url` must have accepted the URL: the resolver does not see
    an address that stands in it.
    """
    connector = aiohttp.TCPConnector(resolver=resolver, use_dns_cache=False, force_close=True)
    try:
        async with (
            aiohttp.ClientSession(
                connector=connector, timeout=_TIMEOUT, cookie_jar=aiohttp.DummyCookieJar()
            ) as session,
            session.post(
                url,
                data=body,
                headers={"Content-Type": "application/json", "User-Agent": "simpost"},
                allow_redirects=False,
            ) as response,
        ):
            return response.status == 200
    except (aiohttp.ClientError, TimeoutError, OSError, ValueError):
        return False
