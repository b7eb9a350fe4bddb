"""Checks of credentials and addresses that both APIs share.

An unknown access code is checked against a random secret, so that timing and response are those of
a wrong secret.
"""

from __future__ import annotations

import ipaddress
import secrets
from collections.abc import Sequence
from functools import lru_cache
from hmac import compare_digest
from typing import TypeAlias

from starlette.types import Scope

from simpost.domain.accounts import Account
from simpost.messaging.accounts import Accounts

Network: TypeAlias = ipaddress.IPv4Network | ipaddress.IPv6Network

NOBODY = Account(id=0, access_code="", secret=secrets.token_urlsafe(32))
"""Stands for an account that does not exist."""


def look_up(accounts: Accounts, access_code: bytes) -> Account:
    """The account, or `NOBODY`."""
    return accounts.get(access_code.decode("ascii", "replace")) or NOBODY


def holds_secret(account: Account, secret: bytes) -> bool:
    """Whether this is the account's secret. Runs in constant time."""
    return compare_digest(account.secret.encode(), secret) and account is not NOBODY


def account_pace(account: Account) -> str:
    """The account's rate limit as a sentence."""
    return f"This account may send {account.requests_per_s:g} requests per second."


def may_come_from(account: Account, scope: Scope) -> bool:
    """Whether the caller's address is on the account's allow list; an empty list allows all."""
    client = scope.get("client")
    return is_allowed(account.ip_allow, client[0] if client else "")


def is_allowed(networks: tuple[str, ...], host: str) -> bool:
    """Whether an address is in one of the networks; an empty list allows all."""
    return not networks or _is_within(host, _networks(networks))


def _is_within(host: str, networks: Sequence[Network]) -> bool:
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped:
        address = address.ipv4_mapped
    return any(address in network for network in networks)


@lru_cache(maxsize=1024)
def _networks(allowed: tuple[str, ...]) -> tuple[Network, ...]:
    return tuple(ipaddress.ip_network(each, strict=False) for each in allowed)
