"""Shares: how many of a carrier's binds a node should have, so that the load is shared.

Pure: who has what comes in, what to take and what to return goes out.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Final, NamedTuple

from simpost.cluster.lease_names import bind_of


class BindRank(NamedTuple):
    """Where a node stands among those that know a carrier.

    Attributes:
        failed: how often it tried in vain since it was bound there; who failed less goes first.
        turn: 0 while it shares; else it stands back, in a row from the least number on.
    """

    failed: int
    turn: int


NOT_YIELDING: Final = BindRank(0, 0)


class BindShare(NamedTuple):
    acquire: list[str]
    release: list[str]


def share_of(
    node: str,
    wanted: Mapping[str, Sequence[int]],
    places: Mapping[str, Mapping[str, BindRank]],
    leases: Mapping[str, str],
) -> BindShare:
    """Take what is free up to a fair share; return what is above it, one of a carrier at a time.

    `wanted` are the numbers of the binds of each carrier, `places` the nodes that want them, this
    one among them. A share is rounded up: nobody returns a bind that no other would take.
    """
    acquire: list[str] = []
    release: list[str] = []
    for carrier, numbers in wanted.items():
        things = [bind_of(carrier, number) for number in numbers]
        known = places[carrier]
        sharers = _sharers(known)
        mine = [thing for thing in things if leases.get(thing) == node]
        if node not in sharers:
            release += mine  # none of them is bound
            continue
        fair = -(-len(things) // len(sharers))
        free = [thing for thing in things if thing not in leases]
        before = sum(
            max(0, fair - sum(leases.get(thing) == other for thing in things))
            for other in sharers
            if known[other].failed < known[node].failed
        )
        acquire += free[before:][: max(0, fair - len(mine))]
        release += mine[fair : fair + 1]
    return BindShare(acquire, release)


def _sharers(places: Mapping[str, BindRank]) -> Collection[str]:
    """All that do not stand back; where all do, the one that has done so for longest."""
    return [name for name, place in places.items() if not place.turn] or [
        min(places, key=lambda name: (places[name].turn, name))
    ]
