"""The carriers of this node, as far as the cluster controls them."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping
from typing import Protocol

from simpost.cluster.remote_carriers import RemoteCarriers
from simpost.ports.carrier import Carrier


class LocalLane(Protocol):
    """The state of one carrier on this node."""

    @property
    def carrier(self) -> Carrier:
        """The driver, which has the connections."""
        ...

    @property
    def leased(self) -> int:
        """How many parts this node has leased for the carrier."""
        ...

    @property
    def is_available(self) -> bool:
        """Whether routing should prefer this carrier now."""
        ...

    @property
    def should_fail_over(self) -> bool:
        """Whether queued parts should go by another carrier."""
        ...


class LocalCarriers(Protocol):
    """What a node needs of dispatch. `messaging.dispatch.Dispatch` implements it.

    The methods that take a name raise KeyError when this node has no such carrier, except
    `set_owned_connections`, which then does nothing.
    """

    @property
    def lanes(self) -> Mapping[str, LocalLane]:
        """The carriers by name."""
        ...

    @property
    def remote_carriers(self) -> RemoteCarriers:
        """The reports of the other nodes; the node updates them after each heartbeat."""
        ...

    @property
    def is_started(self) -> bool:
        """Whether the carriers were opened, so that orders can be carried out."""
        ...

    def pause(self, name: str) -> None:
        """Send nothing by a carrier until `resume`."""
        ...

    def resume(self, name: str) -> None:
        """Send by a carrier again."""
        ...

    def drain_later(self, name: str) -> asyncio.Task[None]:
        """Pause a carrier, wait for its responses, unbind: in a task."""
        ...

    async def set_owned_connections(
        self, name: str, numbers: Collection[int], within_s: float
    ) -> None:
        """Use these connections of a carrier and give up the others; see `ConnectionOwnership`."""
        ...
