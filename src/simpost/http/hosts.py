"""Host names that a server accepts: protection against DNS rebinding.

A web page can point its own name at 127.0.0.1 and read the responses of a local server. Such
requests have that name in `Host`. An address cannot be rebound, so addresses are always accepted.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable
from http import HTTPStatus
from typing import Final

_HOST: Final = re.compile(
    rb"(\[[0-9A-Fa-f:.]+\]|(?:[A-Za-z0-9._~!$&'()*+;=-]|%[0-9A-Fa-f]{2})*)(?::[0-9]{0,5})?"
)
"""uri-host with an optional port (RFC 9110 7.2), without the comma that joins two of them."""
_LOOPBACK_NAMES: Final = ("localhost", ".localhost")
_MAX_KNOWN: Final = 256

ANY: Final = "*"


class HostRules:
    """Accepted names; a name that begins with a dot accepts all names below it.

    `known` caches accepted values of `Host`, so that the usual value costs one look-up.
    """

    def __init__(self, names: Iterable[str] = (ANY,)) -> None:
        allowed = frozenset(name.lower().rstrip(".").encode() for name in names)
        self._is_open = ANY.encode() in allowed
        self._names = frozenset(name for name in allowed if not name.startswith(b"."))
        self._suffixes = tuple(name for name in allowed if name.startswith(b"."))
        self.known: set[bytes] = set()

    @classmethod
    def of(cls, listen_host: str, names: Iterable[str] = ()) -> HostRules:
        """The given and loopback names; without any: loopback names on loopback, else all."""
        given = tuple(names)
        if given:
            return cls((*given, *_LOOPBACK_NAMES))
        return cls((*_LOOPBACK_NAMES, listen_host) if is_loopback(listen_host) else (ANY,))

    def fault(self, value: bytes) -> HTTPStatus | None:
        """The status that refuses a value of `Host`; `None` if it is accepted."""
        found = _HOST.fullmatch(value.strip(b" \t"))
        if found is None:
            return HTTPStatus.BAD_REQUEST
        if not self._accepts(found[1].lower().rstrip(b".")):
            return HTTPStatus.MISDIRECTED_REQUEST
        if len(self.known) < _MAX_KNOWN:
            self.known.add(value)
        return None

    def _accepts(self, name: bytes) -> bool:
        is_named = name in self._names or name.endswith(self._suffixes)
        return self._is_open or is_named or _is_address(name)


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach a server that listens on this host."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _is_address(name: bytes) -> bool:
    try:
        ipaddress.ip_address(name.decode("ascii").strip("[]"))
    except ValueError:
        return False
    return True
