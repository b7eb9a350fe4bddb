"""The stops in memory, and the administrator's changes of them."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

from simpost.domain.accounts import Account
from simpost.domain.esims import Esim
from simpost.domain.messages import Category
from simpost.domain.policy.stops import Stop, StopScope
from simpost.domain.reasons import Reason
from simpost.errors import UnknownStop
from simpost.messaging.plan import Refusal
from simpost.messaging.policy.places import countries_of
from simpost.observe import get_logger, metrics
from simpost.observe.metrics import Sample
from simpost.ports.store import StopStore
from simpost.runtime.clock import Clock
from simpost.runtime.component import Component

log = get_logger(__name__)


class Stops(Component):
    """All stops, reloaded when one changes on any node; `active` has them, oldest first."""

    def __init__(self, store: StopStore, clock_ms: Clock) -> None:
        self._store = store
        self._clock_ms = clock_ms
        self.active: list[Stop] = []
        self._by_account: dict[int | None, list[Stop]] = {}

    async def reload(self) -> None:
        """Read all stops again."""
        self.active = await self._store.list_stops()
        self._by_account = {}
        for stop in self.active:
            self._by_account.setdefault(stop.scope.account_id, []).append(stop)

    def samples(self) -> Iterable[Sample]:
        """The present values of its metrics."""
        return (Sample(metrics.STOPS, (), len(self.active)),)

    def find_refusal(self, account: Account, esim: Esim, category: Category) -> Refusal | None:
        """The refusal by a stop that applies to a message; `None` if none does.

        If several apply, it is the oldest of those for all accounts, else that of the account.
        """
        if not self.active:
            return None
        countries = partial(countries_of, esim)
        for account_id in (None, account.id):
            for stop in self._by_account.get(account_id, ()):
                if stop.applies(account.id, category, countries):
                    return Refusal(Reason.SENDING_STOPPED, stop.reason)
        return None

    def is_stopped(self, account_id: int, category: Category) -> bool:
        """Whether a stop refuses all messages of the account and category, to every country."""
        return self._find(account_id, category) is not None

    def find_reason(self, account_id: int, category: Category) -> str:
        """Why all messages of the account and category are refused; empty if they are not."""
        stop = self._find(account_id, category)
        return "" if stop is None else stop.reason

    def _find(self, account_id: int, category: Category) -> Stop | None:
        """The oldest stop of all messages of the account and category."""
        for stop in self.active:
            if stop.scope.country is None and stop.applies(account_id, category, tuple):
                return stop
        return None

    async def list_stored(self) -> list[Stop]:
        """All stops, oldest first, read again: another node may have changed one."""
        await self.reload()
        return self.active

    async def add(self, scope: StopScope, reason: str, *, codes: bool) -> Stop:
        """Stop the scope. A stop that it has already gets the new reason and time.

        A stop of the category `code` stops codes.
        """
        codes = codes or scope.category is Category.CODE
        stop = Stop(scope, codes, reason, self._clock_ms())
        await self._store.save_stop(stop)
        await self.reload()
        log.warning("sending_stopped", **_logged(scope), codes=codes)
        return stop

    async def remove(self, scope: StopScope) -> None:
        """Resume what the stop of exactly this scope stopped. Raises UnknownStop."""
        if not await self._store.delete_stop(scope):
            raise UnknownStop
        await self.reload()
        log.warning("sending_resumed", **_logged(scope))


def _logged(scope: StopScope) -> dict[str, str | int | None]:
    return {"account_id": scope.account_id, "category": scope.category, "country": scope.country}
