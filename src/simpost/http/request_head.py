"""Checks of a request's head that RFC 9110 and 9112 require besides the grammar."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import Any, Final

from simpost.http.hosts import HostRules

CONNECTION: Final = b"connection"
EXPECT: Final = b"expect"
FORWARDED_FOR: Final = b"x-forwarded-for"
FORWARDED_PROTO: Final = b"x-forwarded-proto"
HOST: Final = b"host"
_TRANSFER_ENCODING: Final = b"transfer-encoding"
_CONTENT_LENGTH: Final = b"content-length"
WATCHED: Final = frozenset(
    {
        CONNECTION,
        EXPECT,
        FORWARDED_FOR,
        FORWARDED_PROTO,
        HOST,
        _CONTENT_LENGTH,
        _TRANSFER_ENCODING,
    }
)
"""Headers that the server reads; the values of a repeated one are joined."""

NEVER_TRAILERS: Final = frozenset({CONNECTION, b"proxy-connection"})
"""Trailers that the parser would apply to the next request, maybe that of another client."""

_UPGRADE: Final = frozenset({b"upgrade", b"http2-settings"})


def head_fault(
    parser: Any, version: str, url: bytes, watched: Mapping[bytes, bytes], hosts: HostRules
) -> HTTPStatus | None:
    """The status that refuses the request; `None` if the head is valid."""
    if version not in ("1.1", "1.0"):
        return HTTPStatus.HTTP_VERSION_NOT_SUPPORTED
    host = watched.get(HOST)
    if host not in hosts.known and (fault := _host_fault(host, version, hosts)):
        return fault
    if _TRANSFER_ENCODING in watched and (fault := _framing_fault(watched, version)):
        return fault
    if EXPECT in watched and watched[EXPECT].strip().lower() != b"100-continue":
        return HTTPStatus.EXPECTATION_FAILED
    if parser.get_method() == b"CONNECT":  # with any target: the parser would stop after it
        return HTTPStatus.NOT_IMPLEMENTED
    return None if url.startswith(b"/") else _target_fault(url, hosts)


def _host_fault(host: bytes | None, version: str, hosts: HostRules) -> HTTPStatus | None:
    """Requires one valid `Host` (RFC 9112 3.2); HTTP/1.0 requests may have none."""
    if host is None:
        return None if version == "1.0" else HTTPStatus.BAD_REQUEST
    return hosts.fault(host)


def _target_fault(url: bytes, hosts: HostRules) -> HTTPStatus | None:
    """Checks the host of an absolute target like `Host` (RFC 9112 3.2.2)."""
    scheme, is_absolute, rest = url.partition(b"://")
    if not is_absolute:
        return None if url == b"*" else HTTPStatus.BAD_REQUEST
    host = re.split(rb"[/?#]", rest, maxsplit=1)[0]
    if scheme.lower() not in (b"http", b"https") or not host:
        return HTTPStatus.BAD_REQUEST
    return hosts.fault(host)


def _framing_fault(watched: Mapping[bytes, bytes], version: str) -> HTTPStatus | None:
    """Accepts only `chunked`, without Content-Length (RFC 9112 6.1)."""
    if version == "1.0" or _CONTENT_LENGTH in watched:
        return HTTPStatus.BAD_REQUEST
    coding = watched[_TRANSFER_ENCODING].strip(b" \t").lower()
    return None if coding == b"chunked" else HTTPStatus.NOT_IMPLEMENTED


def without_upgrade(parser: Any, url: bytes, headers: Iterable[tuple[bytes, bytes]]) -> bytes:
    """The head without the request to upgrade, which a server may ignore (RFC 9110 7.8)."""
    pieces = [parser.get_method(), b" ", url, f" HTTP/{parser.get_http_version()}\r\n".encode()]
    for name, value in headers:
        kept = value
        if name == CONNECTION:
            tokens = [token.strip() for token in value.split(b",")]
            kept = b", ".join(token for token in tokens if token.lower() not in _UPGRADE)
        if name not in _UPGRADE and (kept or name != CONNECTION):
            pieces += (name, b": ", kept, b"\r\n")
    return b"".join((*pieces, b"\r\n"))
