"""The URL of the database, as libpq writes it, and the options of our own in it."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from typing import NamedTuple
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from simpost.errors import StoreError

SCHEMES = ("postgresql", "postgres")
_POOLED = "pgbouncer"
_VERIFIED = "verify-full"
_TARGET = "target_session_attrs"


class DatabaseUrl(NamedTuple):
    """How to connect.

    Attributes:
        url: what asyncpg takes, secrets included.
        is_pooled: a pooler may give each transaction another session.
        listen_url: where to listen for what other nodes say; none where that cannot be.
        shown: hosts and database, without user, password and options.
    """

    url: str
    is_pooled: bool
    listen_url: str | None
    shown: str


def parse(url: str, listen_url: str = "") -> DatabaseUrl:
    """Raises StoreError when it is no such URL; the error does not show it.

    `pgbouncer=true` among the options says that a pooler in transaction mode is in between. Of
    several hosts the one that takes writes is meant, unless `target_session_attrs` says otherwise.
    """
    plain, is_pooled = _without_ours(url)
    direct = _without_ours(listen_url)[0] if listen_url else None if is_pooled else plain
    return DatabaseUrl(plain, is_pooled, direct, _shown(plain))


def each_host(url: str) -> list[str]:
    """A URL for each of the hosts that one names."""
    parts = urlsplit(url)
    user, at, hosts = parts.netloc.rpartition("@")
    if "," in hosts:
        return [urlunsplit(parts._replace(netloc=f"{user}{at}{host}")) for host in hosts.split(",")]
    options = dict(parse_qsl(parts.query, keep_blank_values=True))
    names = options.get("host", "").split(",")
    ports = options.get("port", "").split(",")
    if len(names) == 1:
        return [url]
    if len(ports) != len(names):
        ports = ports[:1] * len(names)
    options = {name: value for name, value in options.items() if name not in {"host", "port"}}
    return [
        urlunsplit(
            parts._replace(
                query=urlencode({**options, "host": name, **({"port": port} if port else {})})
            )
        )
        for name, port in zip(names, ports, strict=True)
    ]


def unverified_hosts(url: str, environment: Mapping[str, str]) -> list[str]:
    """The hosts beyond this machine whose certificate is not verified: only verify-full does."""
    found = []
    for each in each_host(url):
        parts = urlsplit(each)
        options = dict(parse_qsl(parts.query, keep_blank_values=True))
        host = options.get("host") or parts.hostname or environment.get("PGHOST", "")
        mode = options.get("sslmode") or environment.get("PGSSLMODE", "")
        if mode != _VERIFIED and not _is_local(host):
            found.append(host)
    return found


def _is_local(host: str) -> bool:
    """A socket of this machine, or loopback; asyncpg takes a socket or localhost for no host."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host in ("", "localhost") or host.startswith("/")


def _without_ours(url: str) -> tuple[str, bool]:
    try:
        parts = urlsplit(url)
        options = parse_qsl(parts.query, keep_blank_values=True)
    except ValueError:
        raise StoreError("the database's URL cannot be read") from None
    if parts.scheme not in SCHEMES:
        raise StoreError("the database's URL must begin with postgresql://")
    is_pooled = any(
        name == _POOLED and value.lower() in ("true", "1", "yes") for name, value in options
    )
    kept = [(name, value) for name, value in options if name != _POOLED]
    if "," in parts.netloc + dict(kept).get("host", "") and _TARGET not in dict(kept):
        kept.append((_TARGET, "read-write"))
    return urlunsplit(parts._replace(query=urlencode(kept))), is_pooled


def _shown(url: str) -> str:
    parts = urlsplit(url)
    hosts = parts.netloc.rpartition("@")[2] or dict(parse_qsl(parts.query)).get("host", "")
    return f"postgresql://{hosts}/{parts.path.lstrip('/')}"
