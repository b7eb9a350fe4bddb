"""How the nodes of a cluster share a carrier: each connection is owned by one node at a time.

A carrier whose limits hold for all nodes together offers this: an SMSC that limits binds,
an HTTP API that limits requests per second. It divides the limit between numbered
connections, and no node uses a connection that it does not own.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Protocol


class ConnectionOwnership(Protocol):
    """The numbered connections of one carrier, and which of them this node owns."""

    @property
    def connection_numbers(self) -> tuple[int, ...]:
        """The numbers of all connections in the settings, whichever node owns them."""
        ...

    @property
    def open_connections(self) -> frozenset[int]:
        """Numbers of the connections that this node has open, including those it is closing."""
        ...

    @property
    def unreachable_for_s(self) -> float:
        """Seconds since an owned connection could last be used; 0 while one can be."""
        ...

    async def set_owned_connections(self, numbers: Collection[int], within_s: float) -> None:
        """Use these connections only. Returns when the others are closed, at most `within_s` later.

        Parts without a response on a connection that must close are reported as in doubt.
        """
        ...
