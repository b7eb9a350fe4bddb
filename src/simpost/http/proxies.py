"""The client behind trusted proxies (`X-Forwarded-For`, `X-Forwarded-Proto`)."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from typing import Final, TypeAlias

Network: TypeAlias = ipaddress.IPv4Network | ipaddress.IPv6Network

UNKNOWN: Final = "unknown"
"""The client if a trusted proxy gave no valid address. No allow list contains it."""


class TrustedProxies:
    """Networks of trusted proxies, and the most proxies in a chain."""

    def __init__(self, networks: Iterable[str], hops: int = 1) -> None:
        self._networks = tuple(ipaddress.ip_network(each, strict=False) for each in networks)
        self._hops = hops

    def trusts(self, host: str) -> bool:
        """Whether the peer is a trusted proxy."""
        return (address := _address(host)) is not None and self._is_proxy(address)

    def client(self, peer: str, forwarded_for: bytes) -> str:
        """The client of a request from a trusted peer.

        Each proxy appends the address of its own peer. So the list is read from its end, while the
        writer of an entry is trusted, and for `hops` entries at most.
        """
        client = peer
        named = forwarded_for.decode("latin-1").split(",")
        for _ in range(self._hops):
            if not named or not self.trusts(client):
                break
            found = _address(_without_port(named.pop().strip()))
            if found is None:
                return UNKNOWN
            client = str(found)
        return client

    def _is_proxy(self, address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
        return any(address in network for network in self._networks)


def scheme_of(forwarded_proto: bytes, otherwise: str) -> str:
    """The scheme that the outermost proxy received; `otherwise` if it is not http or https."""
    named = forwarded_proto.partition(b",")[0].strip().lower()
    return named.decode() if named in (b"http", b"https") else otherwise


def _without_port(text: str) -> str:
    if text.startswith("["):
        return text[1:].partition("]")[0]
    return text.partition(":")[0] if text.count(":") == 1 else text


def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped:
        return address.ipv4_mapped
    return address
