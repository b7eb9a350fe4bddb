"""How the nodes of a cluster share a carrier: each connection is owned by one node at a time.

A carrier whose limits hold for all nodes together offers this: an SMSC that allows so many binds,
an HTTP API that allows so many requests a second. It divides the limit between numbered
connections, and no node uses a connection that it does not own.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Protocol


class ConnectionOwnership(Protocol):
    """The numbered connections of one carrier, as far as this node may use them."""

    @property
    def connection_numbers(self) -> tuple[int, ...]:
        """All that the settings allow, whoever owns them."""
        ...

    @property
    def open_connections(self) -> frozenset[int]:
        """Those this node may still be using, those it is giving up included."""
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
