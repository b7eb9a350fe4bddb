"""How many of a carrier's binds a node should own, so that the nodes share the load. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Final, NamedTuple

from simpost.cluster.lease_names import bind_lease


class BindRank(NamedTuple):
    """The position of a node among those that are configured with a carrier.

    Attributes:
        failed: failed attempts to bind since it was bound last; nodes with fewer go first.
        turn: 0 while it shares the binds; else it yields them, and of the nodes that yield the one
            with the lowest number shares again first.
    """

    failed: int
    turn: int


NOT_YIELDING: Final = BindRank(0, 0)


class BindShare(NamedTuple):
    """Names of the leases to acquire and to release."""

    acquire: list[str]
    release: list[str]


def allocate_binds(
    node: str,
    wanted: Mapping[str, Sequence[int]],
    ranks: Mapping[str, Mapping[str, BindRank]],
    leases: Mapping[str, str],
) -> BindShare:
    """Acquire free binds up to a fair share; release one bind of each carrier above it.

    `wanted` are the numbers of the binds of each carrier, `ranks` those of the nodes that want
    them, this node included. A share is rounded up: no bind is released that no node would acquire.
    """
    acquire: list[str] = []
    release: list[str] = []
    for carrier, numbers in wanted.items():
        binds = [bind_lease(carrier, number) for number in numbers]
        carrier_ranks = ranks[carrier]
        sharing = _sharing_nodes(carrier_ranks)
        own = [bind for bind in binds if leases.get(bind) == node]
        if node not in sharing:
            release += own  # none of them is bound
            continue
        fair = -(-len(binds) // len(sharing))
        free = [bind for bind in binds if bind not in leases]
        left_to_others = sum(
            max(0, fair - sum(leases.get(bind) == other for bind in binds))
            for other in sharing
            if carrier_ranks[other].failed < carrier_ranks[node].failed
        )
        acquire += free[left_to_others:][: max(0, fair - len(own))]
        release += own[fair : fair + 1]
    return BindShare(acquire, release)


def _sharing_nodes(ranks: Mapping[str, BindRank]) -> Collection[str]:
    """All nodes that do not yield; if all yield, the one that has done so for the longest time."""
    return [name for name, rank in ranks.items() if not rank.turn] or [
        min(ranks, key=lambda name: (ranks[name].turn, name))
    ]
