"""Orders of the administrator: a carrier that is paused or drained is so on every node."""

from __future__ import annotations

from collections.abc import Iterable

from simpost.cluster.local_carriers import LocalCarriers
from simpost.ports.cluster import CarrierOrder


class CarrierOrders:
    """The orders in force on this node."""

    def __init__(self, carriers: LocalCarriers) -> None:
        self._carriers = carriers
        self._in_force: dict[str, bool] = {}
        """By carrier; whether it is also to unbind."""

    def note_order(self, carrier: str, *, unbind: bool) -> None:
        """An order was given on this node; its caller carries it out here."""
        self._in_force[carrier] = unbind

    def note_cancelled(self, carrier: str) -> None:
        """An order was cancelled on this node; its caller resumes the carrier here."""
        self._in_force.pop(carrier, None)

    def apply(self, orders: Iterable[CarrierOrder]) -> None:
        """Carry out all orders of the cluster; resume carriers that no longer have one."""
        lanes = self._carriers.lanes
        wanted = {order.carrier: order.unbind for order in orders if order.carrier in lanes}
        for name, unbind in wanted.items():
            if self._in_force.get(name) is unbind:
                continue
            if unbind:
                self._carriers.drain_later(name)
            else:
                self._carriers.pause(name)
        for name in self._in_force.keys() - wanted.keys():
            if name in lanes:
                self._carriers.resume(name)
        self._in_force = wanted
