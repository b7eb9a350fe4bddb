"""Where webhooks may go: never to addresses only we can reach.

A URL comes from a caller and is called from inside the operator's network, so names are resolved
first and a connection is made to the checked address only (server-side request forgery).
"""

from __future__ import annotations

import ipaddress
import socket
from typing import Any
from urllib.parse import urlsplit

from aiohttp import DefaultResolver
from aiohttp.abc import AbstractResolver, ResolveResult

from simpost.errors import InvalidRequest

MAX_URL = 2048
_LOCAL_NAMES = ("localhost", "local", "internal", "localdomain", "home.arpa")
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class RefusedUrl(InvalidRequest):
    """The URL cannot be a webhook."""


def check_url(url: str, *, allow_private: bool) -> None:
    """Raise RefusedUrl unless this is an http(s) URL that may be called. Resolves no names."""
    if len(url) > MAX_URL:
        raise RefusedUrl(f"the URL has {len(url)} characters, {MAX_URL} at most")
    if not url.isascii() or not url.isprintable() or set(url) & set(' "<>\\^`{|}'):
        raise RefusedUrl("the URL has characters that must be percent-encoded")
    try:
        parts = urlsplit(url)
        host = (parts.hostname or "").rstrip(".")
        port = parts.port
    except ValueError:
        raise RefusedUrl("the URL cannot be read") from None
    if parts.scheme not in ("http", "https"):
        raise RefusedUrl("the URL must begin with https:// or http://")
    if not host or port == 0:
        raise RefusedUrl("the URL names no host")
    if "@" in parts.netloc:
        raise RefusedUrl("the URL must not hold credentials")
    if not allow_private and _is_local(host):
        raise RefusedUrl("the URL leads to a private or local address")


def is_public(address: Address) -> bool:
    """Whether the whole Internet means the same host by this address."""
    if isinstance(address, ipaddress.IPv6Address):
        inner = _embedded(address)
        if inner is not None:
            return is_public(inner)
    return address.is_global and not address.is_multicast


class PublicResolver(AbstractResolver):
    """Resolves names to public addresses only; a connection then goes to one of those."""

    def __init__(self) -> None:
        self._inner = DefaultResolver()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        found = await self._inner.resolve(host, port, family)
        public = [each for each in found if is_public(_address(each["host"]))]
        if not public:
            raise OSError(None, "no public address")
        return public

    async def close(self) -> None:
        await self._inner.close()


def _is_local(host: str) -> bool:
    if host in _LOCAL_NAMES or host.endswith(tuple(f".{name}" for name in _LOCAL_NAMES)):
        return True
    try:
        return not is_public(_address(host))
    except ValueError:
        # Systems read 127.1, 0x7f000001 and 2130706433 as 127.0.0.1, though they are no names.
        return host.rpartition(".")[2][:1].isdigit()


def _address(text: str) -> Address:
    return ipaddress.ip_address(text.partition("%")[0])


def _embedded(address: ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    """The IPv4 address that packets to this one end up at, through one of the transitions."""
    if address in _NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF)
    teredo: Any = address.teredo
    return address.ipv4_mapped or address.sixtofour or (teredo[1] if teredo else None)
