"""Searches of the log: what leads them, what each message is checked for, and how far one reads.

A search is led by the index of the filter that selects least: reference, then eSIM, then state,
else the time. The other filters are checked with the key of each message, so that they need no
index, which every message would pay for. The ids of carriers have none that the embedded store
keeps after the receipt: without a reference or an eSIM the search walks through the parts. A walk
costs 0.2 us for a part; the index cost 8 us of CPU time for a message (500,000 random ids).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from simpost.ports.store import MessageFilter
from simpost.store.records.columns import CODE

MOST_EXAMINED: Final = 5_000
"""Most messages that one search checks: about 20 ms."""
CHUNK: Final = 1_000
"""Ids that are read at a time, and most messages with a prefix that are sorted by their time."""
MOST_WALKED: Final = 200_000
"""Parts that one search for a carrier's id walks through: 50 ms, in PostgreSQL 300 ms."""
_AFTER_ALL: Final = "\x7f"
"""Above every character of a reference, which are printable ASCII."""


class Checks(NamedTuple):
    """What a message must have besides what leads the search; `None` means any."""

    esim_tran_no: str | None
    iccid: str | None
    state: int | None
    reason: str | None
    category: str | None
    template: str | None
    prefix: str | None
    prefix_end: str | None
    broadcast: bytes | None
    carrier_id: str | None


def checks_of(which: MessageFilter) -> Checks | None:
    """The filters that do not lead the search; `None` if the leading ones are all."""
    state = None if which.state is None else CODE[which.state]
    by_reference = which.reference is not None or which.reference_prefix is not None
    walks = is_walk(which)
    checks = Checks(
        which.esim_tran_no if by_reference else None,
        which.iccid if by_reference else None,
        state if by_reference or walks else None,
        which.reason,
        which.category,
        which.template,
        which.reference_prefix,
        None if which.reference_prefix is None else which.reference_prefix + _AFTER_ALL,
        which.broadcast,
        None if walks else which.carrier_message_id,
    )
    return None if all(check is None for check in checks) else checks


def is_walk(which: MessageFilter) -> bool:
    """Whether a search walks through the parts for a carrier's id."""
    leading = (which.reference, which.reference_prefix, which.esim_tran_no, which.iccid)
    return which.carrier_message_id is not None and all(each is None for each in leading)


class SearchProgress:
    """What a search has found so far, and whether it goes on."""

    def __init__(self, limit: int) -> None:
        self.found: list[bytes] = []
        self.examined_to: bytes | None = None
        self._limit = limit
        self._examined = 0

    def add(self, examined: Sequence[bytes], found: Sequence[bytes]) -> bool:
        """Add a chunk; returns whether to read the next one, below the last id of this one."""
        self.found += found
        self._examined += len(examined)
        if len(self.found) >= self._limit or len(examined) < CHUNK:
            del self.found[self._limit :]
            return False
        if self._examined >= MOST_EXAMINED:
            self.examined_to = examined[-1]
            return False
        return True
