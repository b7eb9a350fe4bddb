"""When a broadcast pauses itself. Pure."""

from __future__ import annotations

from typing import Final

from simpost.domain.broadcasts import Broadcast, PauseReason

MIN_COUNTED: Final = 50
"""Recipients that a share must be of, before it can pause a broadcast."""
_MOST_COUNTED: Final = 400


def slide(seen: int, bad: int, more: int, more_bad: int) -> tuple[int, int]:
    """Add to the latest ones. From 400 on they are halved: of the older ones less and less counts.

    So trouble that begins after a million good ones is seen as early as at the start.
    """
    seen, bad = seen + more, bad + more_bad
    while seen > _MOST_COUNTED:
        seen, bad = (seen + 1) // 2, (bad + 1) // 2
    return seen, bad


def pause_rule(broadcast: Broadcast) -> PauseReason | None:
    """The rule that pauses a broadcast with these counts, if any."""
    one, recent = broadcast, broadcast.recent
    if _exceeds(recent.refused, recent.decided, one.stop_percent):
        return PauseReason.REFUSED_SHARE
    if _exceeds(recent.failed, recent.reported, one.stop_failed_percent):
        return PauseReason.FAILED_SHARE
    if _exceeds(recent.opted_out, recent.accepted, one.stop_opted_out_percent):
        return PauseReason.OPTED_OUT_SHARE
    if one.most_parts is not None and recent.parts >= one.most_parts:
        return PauseReason.PARTS_LIMIT
    if one.most_cost is not None and recent.cost >= one.most_cost:
        return PauseReason.COST_LIMIT
    return None


def _exceeds(bad: int, seen: int, percent: int | None) -> bool:
    return percent is not None and seen >= MIN_COUNTED and 100 * bad > percent * seen
