"""Orders: a carrier that the administrator paused or drained is so on every node."""

from __future__ import annotations

from collections.abc import Iterable

from simpost.cluster.local_carriers import LocalCarriers
from simpost.ports.cluster import CarrierOrder


class CarrierOrders:
    """Those that hold here, by the name of the carrier: whether it is to unbind as well."""

    def __init__(self, carriers: LocalCarriers) -> None:
        self._carriers = carriers
        self._holding: dict[str, bool] = {}

    def given_here(self, carrier: str, *, unbind: bool) -> None:
        """Whoever gave it carries it out here."""
        self._holding[carrier] = unbind

    def taken_back_here(self, carrier: str) -> None:
        self._holding.pop(carrier, None)

    def apply(self, orders: Iterable[CarrierOrder]) -> None:
        """Carry out what is new among all orders there are; resume what is not ordered any more."""
        lanes = self._carriers.lanes
        wanted = {order.carrier: order.unbind for order in orders if order.carrier in lanes}
        for name, unbind in wanted.items():
            if self._holding.get(name) is unbind:
                continue
            if unbind:
                self._carriers.drain_later(name)
            else:
                self._carriers.pause(name)
        for name in self._holding.keys() - wanted.keys():
            if name in lanes:
                self._carriers.resume(name)
        self._holding = wanted
