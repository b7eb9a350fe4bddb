"""How the nodes of a cluster share a carrier: each connection is owned by one node at a time.

A carrier whose limits hold for all nodes together offers this: an SMSC that limits binds,
an HTTP API that limits requests per second. It divides the limit between numbered
connections, and no node uses a connection that it does not own.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Protocol


class ConnectionOwnership(Protocol):
    """The numbered connections of one carrier, as far as this node may use them."""

    @property
    def connection_numbers(self) -> tuple[int, ...]:
        """The numbers of all connections that the settings allow, owned by any node."""
        ...

    @property
    def open_connections(self) -> frozenset[int]:
        """Connections this node may still use, including those it is closing."""
        ...

    @property
    def unreachable_for_s(self) -> float:
        """Seconds for which none of the owned connections could be used; 0 while one can."""
        ...

    async def set_owned_connections(self, numbers: Collection[int], within_s: float) -> None:
        """Use these and no others. Returns once the others are closed, at most `within_s` later.

        Parts unanswered on a connection when it must close are reported as in doubt.
        """
        ...
