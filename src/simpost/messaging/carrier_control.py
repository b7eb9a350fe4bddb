"""The state of carriers for the administrator; pause, resume and drain."""

from __future__ import annotations

from simpost.cluster.facade import Cluster
from simpost.errors import UnknownCarrier
from simpost.messaging.carrier_status import CarrierStatus
from simpost.messaging.dispatch import Dispatch
from simpost.ports.carrier_callbacks import CallbackCarrier
from simpost.ports.exchanges import ExchangeCarrier


class CarrierControl:
    """Acts on all nodes. Every method that takes a name raises UnknownCarrier."""

    def __init__(self, dispatch: Dispatch, cluster: Cluster) -> None:
        self._dispatch = dispatch
        self._cluster = cluster

    def find_callback_carrier(self, name: str) -> CallbackCarrier | None:
        """The carrier with this name, if its API calls simpost."""
        lane = self._dispatch.lanes.get(name)
        carrier: object = lane.carrier if lane else None
        return carrier if isinstance(carrier, CallbackCarrier) else None

    def find_exchange_carrier(self, name: str) -> ExchangeCarrier | None:
        """The carrier with this name, if it is configured and shows its exchanges."""
        lane = self._dispatch.lanes.get(name)
        carrier: object = lane.carrier if lane else None
        return carrier if isinstance(carrier, ExchangeCarrier) else None

    async def list_all(self) -> list[CarrierStatus]:
        """All carriers, followed by those that are no longer configured but have queued parts."""
        return await self._dispatch.overview()

    async def status(self, name: str) -> CarrierStatus:
        """One carrier, on all nodes."""
        return await self._dispatch.status(self._known(name))

    async def pause(self, name: str) -> CarrierStatus:
        """Send nothing by the carrier until `resume`; its binds stay open."""
        await self._cluster.order(self._known(name), unbind=False)
        self._dispatch.pause(self._known(name))
        return await self._dispatch.status(name)

    async def resume(self, name: str) -> CarrierStatus:
        """Send by the carrier again."""
        await self._cluster.cancel_order(self._known(name))
        self._dispatch.resume(self._known(name))
        return await self._dispatch.status(name)

    async def drain(self, name: str) -> tuple[CarrierStatus, bool]:
        """Send nothing more, wait for responses, unbind.

        Returns the status, and whether all nodes have finished; those that have not go on.
        """
        await self._cluster.order(self._known(name), unbind=True)
        is_done = await self._dispatch.drain(self._known(name))
        status = await self._dispatch.status(name)
        return status, is_done and not status.remote_connections

    def _known(self, name: str) -> str:
        if name not in self._dispatch.lanes:
            raise UnknownCarrier
        return name
