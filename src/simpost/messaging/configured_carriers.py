"""The carriers as the configuration names them: opened, reconfigured and removed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from simpost.config import CarrierSettings, Settings
from simpost.messaging.dispatch import Dispatch
from simpost.ports.carrier import Carrier
from simpost.runtime.component import Component


class ConfiguredCarriers(Component):
    """Adds a lane to dispatch for each carrier of the settings.

    It applies new settings first, so that new carriers exist before routes select them. Carriers
    that are no longer configured keep their lanes until `RemovedCarriers` ends them.
    """

    def __init__(
        self,
        dispatch: Dispatch,
        make: Callable[[CarrierSettings], Carrier],
        carriers: Sequence[CarrierSettings],
    ) -> None:
        self._dispatch = dispatch
        self._make = make
        self._settings: dict[str, CarrierSettings] = {one.name: one for one in carriers}
        for one in carriers:
            dispatch.add(make(one))

    async def reconfigure(self, settings: Settings) -> None:
        """Open new carriers, and reconnect those with other settings."""
        before = self._settings
        after: dict[str, CarrierSettings] = {one.name: one for one in settings.carriers}
        added = [name for name in after if name not in before]
        changed = [name for name in after if name in before and after[name] != before[name]]
        for carrier in [self._make(after[name]) for name in added]:
            self._dispatch.add(carrier)
        for name in added:
            await self._dispatch.open(name)
        await asyncio.gather(*(self._change(before[name], after[name]) for name in changed))
        self._settings = after

    async def _change(self, before: CarrierSettings, after: CarrierSettings) -> None:
        if before.type == after.type:
            await self._dispatch.reconfigure_carrier(after.name, after)
            return
        await self._dispatch.remove(after.name)
        self._dispatch.add(self._make(after))
        await self._dispatch.open(after.name)


class RemovedCarriers(Component):
    """Ends the lanes of carriers that are no longer configured.

    It applies new settings last, when no route selects such a carrier any more. The carrier
    finishes the parts it has. Messages queued for it move to the remaining routes (`Failover`).
    """

    def __init__(self, dispatch: Dispatch) -> None:
        self._dispatch = dispatch

    async def reconfigure(self, settings: Settings) -> None:
        """Drain and close the carriers that the settings no longer have."""
        kept = {one.name for one in settings.carriers}
        removed = [name for name in self._dispatch.lanes if name not in kept]
        await asyncio.gather(*(self._dispatch.remove(name) for name in removed))
