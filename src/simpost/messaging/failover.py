"""Moves queued messages of an unavailable or removed carrier to the next carrier of their route.

A message moves as a whole, and only while none of its parts was sent or is in doubt: a part that
may have arrived is never sent by another carrier, and a handset does not join parts of two
carriers. The route is looked up again, so changed routes apply to queued messages.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable

import msgspec

from simpost.config import Settings
from simpost.domain.messages import Category
from simpost.domain.options import Options
from simpost.messaging.accounts import Accounts
from simpost.messaging.dispatch import Dispatch
from simpost.messaging.plan import SendOptions, SendPlan, plan_for_carrier
from simpost.messaging.routes import Routing
from simpost.observe import get_logger, metrics
from simpost.observe.metrics import Sample
from simpost.ports.carrier import CarrierCapabilities
from simpost.ports.store import QueuedMessage, Reroute, Store
from simpost.runtime.clock import Clock
from simpost.runtime.component import Component, count_samples
from simpost.runtime.scheduler import always, run_periodically

_INTERVAL_S = 1.0
_STEP = 100
"""Messages per page; a page without a move is the last one of its run."""

log = get_logger(__name__)


class Failover(Component):
    """Runs on the leader.

    Attributes:
        rerouted: messages by the carrier they were queued for and the one they are queued for now.
    """

    def __init__(
        self,
        store: Store,
        accounts: Accounts,
        dispatch: Dispatch,
        routing: Routing,
        *,
        clock_ms: Clock,
        is_leader: Callable[[], bool] = always,
    ) -> None:
        self.routing = routing
        self._store = store
        self._accounts = accounts
        self._dispatch = dispatch
        self._clock_ms = clock_ms
        self._is_leader = is_leader
        self.rerouted: Counter[tuple[str, str]] = Counter()
        self._cursors: dict[str, QueuedMessage | None] = {}

    async def run(self) -> None:
        await run_periodically(self.run_once, _INTERVAL_S, name="failover", when=self._is_leader)

    async def reconfigure(self, settings: Settings) -> None:
        self.routing = self._dispatch.routing(settings)

    def samples(self) -> Iterable[Sample]:
        return count_samples(metrics.REROUTED, self.rerouted)

    async def run_once(self) -> None:
        """Move the messages of carriers that should fail over or are no longer configured."""
        lanes = self._dispatch.lanes
        for name in list(lanes):
            if self._dispatch.should_fail_over(name) and any(
                map(self._dispatch.is_available, self._neighbours(name))
            ):
                await self._move_queued(name)
        for name in await self._store.routing.carriers_with_backlog():
            if name not in lanes:
                await self._move_queued(name)

    def _neighbours(self, name: str) -> set[str]:
        """The other carriers of all routes with this one."""
        routes = [route.carriers for route in self.routing.routes if name in route.carriers]
        return {other for carriers in routes for other in carriers} - {name}

    async def _move_queued(self, name: str) -> None:
        """Move page after page, from where the last run stopped, until a page has no move."""
        after = self._cursors.pop(name, None)
        while page := await self._store.routing.queued_messages(name, after=after, limit=_STEP):
            found = [await self._reroute_for(one, name) for one in page if one.may_move]
            moves = [move for move in found if move]
            moved = (
                await self._store.routing.reroute(moves, now_ms=self._clock_ms()) if moves else 0
            )
            for carrier, count in Counter(move.carrier for move in moves).items():
                self.rerouted[name, carrier] += count
                log.warning("rerouted", carrier=name, to=carrier, messages=count)
                if lane := self._dispatch.lanes.get(carrier):
                    lane.wake()
            after = page[-1]
            if not moved or len(page) < _STEP:
                self._cursors[name] = after if len(page) == _STEP else None
                break

    async def _reroute_for(self, one: QueuedMessage, name: str) -> Reroute | None:
        """Where the message can go unchanged; `None` when it stays."""
        account = self._accounts.by_id(one.account_id)
        esim = await self._store.catalogue.find_esim(
            one.account_id, esim_tran_no=one.esim_tran_no, iccid=None
        )
        if account is None or esim is None:
            return None
        lane = self._dispatch.lanes.get(name)
        for carrier in self.routing.pick(account.access_code, esim):
            if carrier.name == name or (lane and not self._dispatch.is_available(carrier.name)):
                continue
            for sender in _senders(one, lane.carrier.capabilities if lane else None):
                options = _send_options(one, sender)
                plan = plan_for_carrier(carrier, esim, one.text, Category(one.category), options)
                if isinstance(plan, SendPlan) and _has_same_parts(plan, one):
                    return Reroute(
                        one.account_id,
                        one.message_id,
                        carrier.name,
                        plan.sender,
                        _with_receipt(one, asked=plan.options.receipt),
                    )
        return None


def _senders(one: QueuedMessage, origin: CarrierCapabilities | None) -> tuple[str | None, ...]:
    """The senders to try at the next carrier; `None` is the carrier's own.

    A message with the own sender of its first carrier takes the own one of the next. If the first
    carrier was removed, its own sender is unknown: the sender is kept where it is allowed.
    """
    if not one.sender or (origin and one.sender == origin.sender):
        return (None,)
    return (one.sender,) if origin else (one.sender, None)


def _send_options(one: QueuedMessage, sender: str | None) -> SendOptions:
    return SendOptions(
        sender=sender,
        message_class=one.options.message_class,
        receipt=one.options.receipt,
        binary=one.encoding == "binary",
        ports=one.options.ports,
        template=one.options.template,
    )


def _with_receipt(one: QueuedMessage, *, asked: bool) -> Options | None:
    """The options with another `receipt`; `None` when the options stay the same."""
    if one.options.receipt == asked:
        return None
    return msgspec.structs.replace(one.options, receipt=asked)


def _has_same_parts(plan: SendPlan, one: QueuedMessage) -> bool:
    """Whether the plan has the parts that were committed; it may differ in the receipt."""
    own = one.options  # the text is sent on as it is, so its replacements stay
    theirs = msgspec.structs.replace(plan.options, replaced=own.replaced, receipt=own.receipt)
    return (
        plan.parts == one.parts
        and plan.encoding == one.encoding
        and theirs == own
        and plan.destination == one.destination
    )
