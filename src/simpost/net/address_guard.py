"""The address guard: protection against server-side request forgery (SSRF).

Accounts give URLs that simpost calls from inside the administrator's network. So names are
resolved first, and the connection goes to the checked address, which must be public.

The networks are a table of our own, since `is_global` of the standard library changes with its
patch level. Source: IANA's IPv4 and IPv6 Special-Purpose Address Registries and its IPv6 Address
Space.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
import time
from typing import Final
from urllib.parse import urlsplit

from simpost.errors import InvalidRequest
from simpost.net.resolver import NameResolver

MAX_URL = 2048
_LOCAL_NAMES = ("localhost", "local", "internal", "localdomain", "home.arpa")

_NOT_PUBLIC_V4: Final = tuple(
    ipaddress.IPv4Network(text)
    for text in (
        "0.0.0.0/8",  # this network
        "10.0.0.0/8",  # private
        "100.64.0.0/10",  # shared address space; 100.100.100.200 is a cloud's metadata service
        "127.0.0.0/8",  # loopback
        "168.63.129.16/32",  # a cloud's host agent, under a public number
        "169.254.0.0/16",  # link local; metadata services
        "172.16.0.0/12",  # private
        "192.0.0.0/24",  # protocol assignments; 192.0.0.192 is a cloud's metadata service
        "192.0.2.0/24",  # documentation
        "192.31.196.0/24",  # AS112
        "192.52.193.0/24",  # AMT
        "192.88.99.0/24",  # 6to4 relays
        "192.168.0.0/16",  # private
        "192.175.48.0/24",  # AS112
        "198.18.0.0/15",  # benchmarks
        "198.51.100.0/24",  # documentation
        "203.0.113.0/24",  # documentation
        "224.0.0.0/4",  # multicast
        "240.0.0.0/4",  # reserved, broadcast
    )
)
_GLOBAL_UNICAST_V6: Final = ipaddress.IPv6Network("2000::/3")
"""All addresses that IANA assigns. Not included: ::/96, ::ffff:0:0:0/96, 64:ff9b:1::/48, 5f00::/16,
fc00::/7, fe80::/10, fec0::/10 and multicast."""
_NOT_PUBLIC_V6: Final = tuple(
    ipaddress.IPv6Network(text)
    for text in (
        "2001::/23",  # protocol assignments; Teredo is checked before
        "2001:db8::/32",  # documentation
        "2620:4f:8000::/48",  # AS112
        "3fff::/20",  # documentation
    )
)
_MAPPED: Final = ipaddress.IPv6Network("::ffff:0:0/96")
_NAT64: Final = ipaddress.IPv6Network("64:ff9b::/96")
_SIX_TO_FOUR: Final = ipaddress.IPv6Network("2002::/16")
_TEREDO: Final = ipaddress.IPv6Network("2001::/32")

ADDRESSES_VALID_S: Final = 10.0
"""Seconds for which the addresses of a host, once checked, are used again without a look-up."""

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
SocketAddress = tuple[
    socket.AddressFamily,
    socket.SocketKind,
    int,
    str,
    tuple[str, int] | tuple[str, int, int, int],
]
"""As `getaddrinfo` returns it."""


class RefusedUrl(InvalidRequest):
    """simpost must not call this URL."""


class TooLongUrl(RefusedUrl):
    """The URL has more characters than simpost sends."""


def check_url(url: str, *, allow_private: bool) -> None:
    """Raise RefusedUrl unless this is an http(s) URL that may be called. Resolves no names."""
    if len(url) > MAX_URL:
        raise TooLongUrl(f"the URL has {len(url)} characters, {MAX_URL} at most")
    if not url.isascii() or not url.isprintable() or set(url) & set(' "<>\\^`{|}'):
        raise RefusedUrl("the URL has characters that must be percent-encoded")
    try:
        parts = urlsplit(url)
        host = (parts.hostname or "").rstrip(".")
        port = parts.port
    except ValueError:
        raise RefusedUrl("the URL is not valid") from None
    if parts.scheme not in ("http", "https"):
        raise RefusedUrl("the URL must begin with https:// or http://")
    if not host or port == 0:
        raise RefusedUrl("the URL has no host")
    if "@" in parts.netloc:
        raise RefusedUrl("the URL must not contain credentials")
    if not allow_private and _is_local(host):
        raise RefusedUrl("the URL leads to a private or local address")


def is_public(address: Address) -> bool:
    """Whether the address is globally unique and reachable."""
    if isinstance(address, ipaddress.IPv4Address):
        return not any(address in network for network in _NOT_PUBLIC_V4)
    inner = _embedded(address)
    if inner is not None:
        return is_public(inner)
    return address in _GLOBAL_UNICAST_V6 and not any(
        address in network for network in _NOT_PUBLIC_V6
    )


class GuardedResolver:
    """Resolves names for the calls of one owner, by default to public addresses only.

    Requests that begin at the same time share a look-up.
    """

    def __init__(self, names: NameResolver, owner: str, *, allow_private: bool = False) -> None:
        self._names = names
        self._owner = owner
        self._allow_private = allow_private
        self._known: dict[tuple[str, int], tuple[float, asyncio.Task[list[SocketAddress]]]] = {}

    async def addresses(self, host: str, port: int) -> list[SocketAddress]:
        """The allowed addresses of a host. Raises OSError if there are none."""
        try:
            found = [_socket_address(host, port)]
        except ValueError:
            return await asyncio.shield(self._look_up(host, port))
        return self._allowed(found)

    def _look_up(self, host: str, port: int) -> asyncio.Task[list[SocketAddress]]:
        """The look-up in progress, or one that ended a short time ago."""
        now_s = time.monotonic()
        self._known = {
            key: (until_s, task)
            for key, (until_s, task) in self._known.items()
            if not task.done() or (until_s > now_s and _has_succeeded(task))
        }
        _, task = self._known.get((host, port), (0, None))
        if task is None:
            task = asyncio.create_task(self._resolve(host, port))
            self._known[host, port] = now_s + ADDRESSES_VALID_S, task
        return task

    async def _resolve(self, host: str, port: int) -> list[SocketAddress]:
        found = await self._names.resolve(host, port, owner=self._owner)
        return self._allowed([_socket_address(text, port) for _, text in found])

    def _allowed(self, found: list[SocketAddress]) -> list[SocketAddress]:
        allowed = [each for each in found if self._allow_private or is_public(_address(each[4][0]))]
        if not allowed:
            raise OSError(None, "no public address")
        return allowed


def _has_succeeded(task: asyncio.Task[list[SocketAddress]]) -> bool:
    return not task.cancelled() and task.exception() is None


def _socket_address(text: str, port: int) -> SocketAddress:
    """What a socket connects to. Raises ValueError unless it is an address."""
    if _address(text).version == 4:
        return (socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", (text, port))
    return (socket.AF_INET6, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", (text, port, 0, 0))


def _is_local(host: str) -> bool:
    if host in _LOCAL_NAMES or host.endswith(tuple(f".{name}" for name in _LOCAL_NAMES)):
        return True
    try:
        return not is_public(_address(host))
    except ValueError:
        # Systems accept 127.1, 0x7f000001 and 2130706433 as 127.0.0.1.
        return host.rpartition(".")[2][:1].isdigit()


def _address(text: str) -> Address:
    return ipaddress.ip_address(text.partition("%")[0])


def _embedded(address: ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    """The IPv4 address that an IPv6 transition address leads to; `None` for other addresses."""
    if address in _MAPPED or address in _NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF)
    if address in _SIX_TO_FOUR:
        return ipaddress.IPv4Address(int(address) >> 80 & 0xFFFF_FFFF)
    if address in _TEREDO:
        return ipaddress.IPv4Address(~int(address) & 0xFFFF_FFFF)
    return None
