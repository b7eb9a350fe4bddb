"""Shares: how many of a carrier's binds a node should have, so that all that live share the load.

Pure: who has what comes in, what to take and what to return goes out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from simpost.engine.nodes.things import bind_of


class Share(NamedTuple):
    takes: list[str]
    gives: list[str]


def share_of(
    node: str,
    wanted: Mapping[str, Sequence[int]],
    rivals: Mapping[str, int],
    leases: Mapping[str, str],
) -> Share:
    """Take what is free up to a fair share; return what is above it, one of a carrier at a time.

    `wanted` are the numbers of the binds of each carrier, `rivals` how many nodes want them, this
    one among them. A share is rounded up: nobody returns a bind that no other would take.
    """
    takes: list[str] = []
    gives: list[str] = []
    for carrier, numbers in wanted.items():
        things = [bind_of(carrier, number) for number in numbers]
        fair = -(-len(things) // max(1, rivals.get(carrier, 1)))
        mine = [thing for thing in things if leases.get(thing) == node]
        free = [thing for thing in things if thing not in leases]
        takes += free[: max(0, fair - len(mine))]
        gives += mine[fair : fair + 1]
    return Share(takes, gives)
