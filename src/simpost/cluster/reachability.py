"""Reach: the carriers this node tried in vain to bind to, whose binds it leaves to others.

Whoever was not once bound for as long as its patience stands back while another could have the
binds, and tries twice as long the next time. So a bind comes to a node that reaches its carrier;
and where none does, the nodes try one after the other, ever longer.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from typing import Final

from simpost.cluster.bind_allocation import NOT_YIELDING, BindRank
from simpost.observe import get_logger
from simpost.ports.carrier import ConnectionState, ConnectionStatus
from simpost.ports.cluster import CarrierReport

_MOST_DOUBLINGS: Final = 3
_REST: Final = 20
"""A node that alone is cut off stays away so many times as long as it will try next: of a carrier
with several binds its share is missing for a twentieth of the time at most."""
_BOUND: Final = (ConnectionState.READY, ConnectionState.THROTTLED)

log = get_logger(__name__)


@dataclass(slots=True)
class UnreachableCarrier:
    """What is known of a carrier to which this node was not bound when it should have been.

    Attributes:
        place: as the others are told it.
        alone: another was bound all the same.
        rests_until_s: then it asks for its share again although it was alone.
    """

    place: BindRank
    alone: bool
    rests_until_s: float


class Reachability:
    """Forgets nothing of a carrier until it is bound here, or changed."""

    def __init__(self, node: str, patience_s: float, time_s: Callable[[], float]) -> None:
        self._node = node
        self._patience_s = patience_s
        self._time_s = time_s
        self._unreachable: dict[str, UnreachableCarrier] = {}

    def place(self, carrier: str) -> BindRank:
        vain = self._unreachable.get(carrier)
        return vain.place if vain else NOT_YIELDING

    def forget(self, carriers: Iterable[str]) -> None:
        """They are other ones now, under the same name."""
        for name in carriers:
            self._unreachable.pop(name, None)

    def look(
        self,
        carrier: str,
        binds: Iterable[ConnectionStatus],
        unreachable_for_s: float,
        others: Collection[CarrierReport],
    ) -> None:
        """See how it is: its binds here, tried in vain for so long, and what the others say."""
        reached = any(_is_bound(each.connections) for each in others)
        vain = self._unreachable.get(carrier)
        if _is_bound(binds):
            self._unreachable.pop(carrier, None)
        elif others and unreachable_for_s >= self._tries_s(vain.place.failed if vain else 0):
            self._stand_back(carrier, unreachable_for_s, others, alone=reached)
        elif vain and reached and (not vain.alone or self._time_s() >= vain.rests_until_s):
            vain.place = BindRank(vain.place.failed, 0)

    def _stand_back(
        self,
        carrier: str,
        unreachable_for_s: float,
        others: Iterable[CarrierReport],
        *,
        alone: bool,
    ) -> None:
        failed = self.place(carrier).failed + 1
        turn = 1 + max(each.turn for each in others)
        rests_until_s = self._time_s() + _REST * self._tries_s(failed)
        self._unreachable[carrier] = UnreachableCarrier(
            BindRank(failed, turn), alone, rests_until_s
        )
        log.warning(
            "binds_yielded",
            node=self._node,
            carrier=carrier,
            unreachable_for_s=round(unreachable_for_s),
            failed=failed,
        )

    def _tries_s(self, failed: int) -> float:
        return float(self._patience_s * 2 ** min(failed, _MOST_DOUBLINGS))


def _is_bound(binds: Iterable[ConnectionStatus]) -> bool:
    return any(bind.state in _BOUND for bind in binds)
