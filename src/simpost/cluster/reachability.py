"""Which carriers this node could not bind to, so that it yields their binds to other nodes.

A node that was not bound once for `yield_after_s` yields the binds while another node wants them,
and tries twice as long the next time. So a bind moves to a node that reaches the carrier. If no
node does, the nodes try one after the other, for longer each time.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from typing import Final

from simpost.cluster.bind_allocation import NOT_YIELDING, BindRank
from simpost.observe import get_logger
from simpost.ports.carrier import ConnectionState, ConnectionStatus
from simpost.ports.cluster import CarrierReport

_MAX_DOUBLINGS: Final = 3
_RETRY_FACTOR: Final = 20
"""A node that alone cannot reach a carrier retries after 20 times the length of its next attempt:
of a carrier with several binds its share is missing for at most a twentieth of the time."""
_BOUND: Final = (ConnectionState.READY, ConnectionState.THROTTLED)

log = get_logger(__name__)


@dataclass(slots=True)
class UnreachableCarrier:
    """A carrier that this node was not bound to although it owned binds.

    Attributes:
        rank: as reported to the other nodes.
        others_bound: whether another node was bound at the same time.
        retry_at_s: when to share the binds again although others are bound.
    """

    rank: BindRank
    others_bound: bool
    retry_at_s: float


class Reachability:
    """The unreachable carriers of this node, until it is bound or their settings change."""

    def __init__(self, node: str, yield_after_s: float, time_s: Callable[[], float]) -> None:
        self._node = node
        self._yield_after_s = yield_after_s
        self._time_s = time_s
        self._unreachable: dict[str, UnreachableCarrier] = {}

    def rank(self, carrier: str) -> BindRank:
        """The rank of this node for the binds of a carrier."""
        unreachable = self._unreachable.get(carrier)
        return unreachable.rank if unreachable else NOT_YIELDING

    def forget(self, carrier: str) -> None:
        """The carrier has other settings now: what is known of it no longer applies."""
        self._unreachable.pop(carrier, None)

    def update(
        self,
        carrier: str,
        connections: Iterable[ConnectionStatus],
        unreachable_for_s: float,
        others: Collection[CarrierReport],
    ) -> None:
        """Decide whether to yield, from the connections here and the reports of the others."""
        others_bound = any(_is_bound(each.connections) for each in others)
        known = self._unreachable.get(carrier)
        if _is_bound(connections):
            self._unreachable.pop(carrier, None)
        elif others and unreachable_for_s >= self._attempt_s(known.rank.failed if known else 0):
            self._yield_binds(carrier, unreachable_for_s, others, others_bound=others_bound)
        elif (
            known
            and others_bound
            and (not known.others_bound or self._time_s() >= known.retry_at_s)
        ):
            known.rank = BindRank(known.rank.failed, 0)

    def _yield_binds(
        self,
        carrier: str,
        unreachable_for_s: float,
        others: Iterable[CarrierReport],
        *,
        others_bound: bool,
    ) -> None:
        failed = self.rank(carrier).failed + 1
        turn = 1 + max(each.turn for each in others)
        retry_at_s = self._time_s() + _RETRY_FACTOR * self._attempt_s(failed)
        self._unreachable[carrier] = UnreachableCarrier(
            BindRank(failed, turn), others_bound, retry_at_s
        )
        log.warning(
            "binds_yielded",
            node=self._node,
            carrier=carrier,
            unreachable_for_s=round(unreachable_for_s),
            failed=failed,
        )

    def _attempt_s(self, failed: int) -> float:
        """How long to try to bind, by the number of failed attempts."""
        return float(self._yield_after_s * 2 ** min(failed, _MAX_DOUBLINGS))


def _is_bound(connections: Iterable[ConnectionStatus]) -> bool:
    return any(one.state in _BOUND for one in connections)
