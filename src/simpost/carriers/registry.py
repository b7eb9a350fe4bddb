"""The driver of each type of carrier."""

from __future__ import annotations

from collections.abc import Callable, Collection

from simpost.carriers.http import HttpCarrier
from simpost.carriers.smpp import SmppCarrier
from simpost.config import CarrierSettings, SmppCarrierSettings
from simpost.ports.carrier import Carrier


def build_carrier(
    settings: CarrierSettings, owned: Collection[int] | None, clock_ms: Callable[[], int]
) -> Carrier:
    """Return a carrier, not started. `owned`: connections this node may use; `None` for all."""
    if isinstance(settings, SmppCarrierSettings):
        return SmppCarrier(settings, owned, clock_ms)
    return HttpCarrier(settings, owned, clock_ms)
