"""Reload: the configuration is read again while messages pass, and none is lost by it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import msgspec

from simpost.config import CarrierSettings, Settings
from simpost.errors import ConfigError
from simpost.messaging.dispatch import Dispatch
from simpost.messaging.failover import Failover
from simpost.messaging.from_settings import numbers_of, repeats_of, retry_policy_of, routing_of
from simpost.messaging.inbound import InboundService
from simpost.messaging.intake import Intake
from simpost.messaging.maintenance import Maintenance
from simpost.observe import get_logger
from simpost.ports.carrier import Carrier
from simpost.ports.cluster import ConfigReadResult, Reloaded

_AT_ONCE = ("routes", "messages", "events", "numbers")
_AT_START = ("server", "store", "node", "log", "tracing")
_MOST_PROBLEMS = 20
_MOST_LETTERS = 500
"""What is kept of a problem: other nodes are told, with every beat."""

log = get_logger(__name__)


class Reload:
    """Brings a running service to what its file says now.

    New carriers are there before a route leads to them, and a removed one ends after the last
    route has left it: it finishes what it was given, and what waits for it goes by the routes that
    are left (see `Failover`). A file that is not right changes nothing.
    """

    def __init__(
        self,
        settings: Settings,
        reread: Callable[[], Settings],
        make: Callable[[CarrierSettings], Carrier],
        *,
        dispatch: Dispatch,
        intake: Intake,
        maintenance: Maintenance,
        failover: Failover,
        inbound: InboundService,
    ) -> None:
        self.last: ConfigReadResult | None = None
        """How the file was read last; none before the first time."""
        self._settings = settings
        self._reread = reread
        self._make = make
        self._dispatch = dispatch
        self._intake = intake
        self._maintenance = maintenance
        self._failover = failover
        self._inbound = inbound
        self._one_at_a_time = asyncio.Lock()

    def check(self) -> None:
        """Raises ConfigError with all that is wrong with the file."""
        self._reread()

    async def run(self) -> Reloaded:
        """Raises ConfigError with all that is wrong with the file; then nothing is changed."""
        async with self._one_at_a_time:
            try:
                done = await self._run()
            except ConfigError as error:
                self._refused(str(error).splitlines())
                raise
            except Exception:
                self._refused(["reading it again failed; the log says more"])
                raise
            self.last = ConfigReadResult(done)
        log.warning("configuration_reloaded", **msgspec.structs.asdict(done))
        return done

    async def run_and_log(self) -> None:
        """For a signal, whom nobody can answer."""
        try:
            await self.run()
        except ConfigError as error:
            log.error("configuration_refused", problems=str(error).splitlines())

    def _refused(self, problems: list[str]) -> None:
        self.last = ConfigReadResult(
            None, [each[:_MOST_LETTERS] for each in problems[:_MOST_PROBLEMS]]
        )

    async def _run(self) -> Reloaded:
        wanted = self._reread()
        done = await self._apply(wanted)
        self._settings = self._settings.model_copy(
            update={
                "carriers": wanted.carriers,
                "routes": wanted.routes,
                "messages": wanted.messages,
                "events": wanted.events,
                "numbers": wanted.numbers,
            }
        )
        return done

    async def _apply(self, wanted: Settings) -> Reloaded:
        before = {carrier.name: carrier for carrier in self._settings.carriers}
        after = {carrier.name: carrier for carrier in wanted.carriers}
        added = [name for name in after if name not in before]
        removed = [name for name in before if name not in after]
        changed = [name for name in after if name in before and after[name] != before[name]]
        for carrier in [self._make(after[name]) for name in added]:
            self._dispatch.add(carrier)
        for name in added:
            await self._dispatch.open(name)
        await asyncio.gather(*(self._change(before[name], after[name]) for name in changed))
        self._route(wanted)
        await asyncio.gather(*(self._dispatch.remove(name) for name in removed))
        return Reloaded(
            added=added,
            changed=changed,
            removed=removed,
            sections=[name for name in _AT_ONCE if self._differs(wanted, name)],
            needs_restart=[name for name in _AT_START if self._differs(wanted, name)],
        )

    async def _change(self, before: CarrierSettings, after: CarrierSettings) -> None:
        if before.type == after.type:
            await self._dispatch.reconfigure(after.name, after)
            return
        await self._dispatch.remove(after.name)
        self._dispatch.add(self._make(after))
        await self._dispatch.open(after.name)

    def _route(self, wanted: Settings) -> None:
        """From here on messages go by the new routes, at one stroke."""
        messages = wanted.messages
        routing = routing_of(wanted.routes, self._dispatch)
        self._intake.routing = routing
        self._intake.validity_s = messages.validity_s
        self._failover.routing = routing
        self._inbound.router.numbers = numbers_of(wanted)
        self._maintenance.repeats = repeats_of(messages)
        self._maintenance.receipt_grace_ms = 1000 * messages.receipt_grace_s
        self._maintenance.keep_days = messages.keep_days
        self._maintenance.keep_events_days = wanted.events.keep_days
        self._dispatch.set_retry_policy(retry_policy_of(messages))

    def _differs(self, wanted: Settings, section: str) -> bool:
        return bool(getattr(wanted, section) != getattr(self._settings, section))
