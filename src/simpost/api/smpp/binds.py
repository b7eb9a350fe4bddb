"""Decides binds: password, address, number of binds; wrong ones are counted and throttled."""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Final

from simpost.api.shared.credentials import is_allowed
from simpost.api.shared.wrong_credentials import UNKNOWN, WrongCredentials, network_of
from simpost.domain.rates import TokenBucket
from simpost.messaging.smpp_logins import NO_LOGIN, SmppLogins
from simpost.observe import get_logger
from simpost.smpp import Bind, Status

API: Final = "smpp"
"""The label of metrics and log lines."""
FAILURES_AT_ONCE: Final = 20
"""Wrong passwords of an address, or for a system_id, before binds are refused unchecked."""
FAILURES_PER_S: Final = 0.2
MAX_REMEMBERED: Final = 10_000
"""Addresses and system_ids in memory; beyond, the one that was used longest ago is evicted."""
_CHECKS_AT_ONCE: Final = 2
"""Passwords checked at the same time: each takes a processor and 16 MiB."""

log = get_logger(__name__)


class BindThrottle:
    """How many more wrong passwords an address may try, and how many a system_id may be tried with.

    A client that bound before, from the same address, is not stopped by what others try with its
    system_id.
    """

    def __init__(self, monotonic_s: Callable[[], float] = time.monotonic) -> None:
        self._monotonic_s = monotonic_s
        self._failed: OrderedDict[str, TokenBucket] = OrderedDict()
        self._bound: OrderedDict[tuple[str, str], None] = OrderedDict()

    def may_try(self, address: str, system_id: str) -> bool:
        """Whether the password is checked at all."""
        keys = [f"address {address}"]
        if (address, system_id) not in self._bound:
            keys.append(f"system_id {system_id}")
        now_s = self._monotonic_s()
        buckets = (self._failed.get(key) for key in keys)
        return all(bucket is None or not bucket.wait_s(now_s) for bucket in buckets)

    def note_failure(self, address: str, system_id: str) -> None:
        """Count a wrong password."""
        now_s = self._monotonic_s()
        for key in (f"address {address}", f"system_id {system_id}"):
            bucket = self._failed.pop(key, None)
            bucket = bucket or TokenBucket(FAILURES_PER_S, FAILURES_AT_ONCE, now_s)
            bucket.take(now_s)
            self._failed[key] = bucket
        while len(self._failed) > MAX_REMEMBERED:
            self._failed.popitem(last=False)

    def note_success(self, address: str, system_id: str) -> None:
        """Remember that a client of this address knows the password."""
        self._bound.pop((address, system_id), None)
        self._bound[address, system_id] = None
        if len(self._bound) > MAX_REMEMBERED:
            self._bound.popitem(last=False)


class BindCheck:
    """Decides binds. `bound_count` is the number of binds that an account has on this node."""

    def __init__(
        self,
        logins: SmppLogins,
        bound_count: Callable[[int], int],
        *,
        max_binds: int,
    ) -> None:
        self.max_binds = max_binds
        self.wrong = WrongCredentials()
        self.throttle = BindThrottle()
        self._logins = logins
        self._bound_count = bound_count
        self._checks = asyncio.Semaphore(_CHECKS_AT_ONCE)

    async def check(self, bind: Bind, peer: str) -> int:
        """The command_status of the response to a bind.

        Only a client that has proved the password learns more than ESME_RINVPASWD.
        """
        host = peer.rpartition(":")[0]
        address = network_of(host)
        login = self._logins.find(bind.system_id)
        async with self._checks:
            if not self.throttle.may_try(address, bind.system_id):
                return Status.ESME_RBINDFAIL
            is_valid = await self._logins.is_valid(login, bind.password)
        account = self._logins.account_of(login) if is_valid else None
        if account is None:
            self._note_wrong(address, bind.system_id, is_known=login is not NO_LOGIN)
            return Status.ESME_RINVPASWD
        self.throttle.note_success(address, login.system_id)
        if not (is_allowed(account.ip_allow, host) and is_allowed(login.ip_allow, host)):
            log.warning("smpp_bind_refused", system_id=login.system_id, reason="address")
            return Status.ESME_RBINDFAIL
        if self._bound_count(account.id) >= self.max_binds:
            log.warning("smpp_bind_refused", system_id=login.system_id, reason="too_many_binds")
            return Status.ESME_RALYBND
        return Status.ESME_ROK

    def _note_wrong(self, address: str, system_id: str, *, is_known: bool) -> None:
        self.throttle.note_failure(address, system_id)
        self.wrong.count(API, address, system_id if is_known else UNKNOWN)
