"""What is lost and what comes twice when a gateway is killed in the middle of its load."""

from __future__ import annotations

import threading
import time
from typing import Any

from bench.contestants import Contestant, Simpost, Terms
from bench.running import drive_it
from bench.texts import part_name

_AT_SHARE = 0.4
_QUIET_S = 5.0
_PATIENCE_S = 120


def kill_and_count(contestant: Contestant, terms: Terms, messages: int) -> dict[str, Any]:
    """Kill -9 once the sink has seen two fifths; start again; count when nothing comes any more.

    `lost` are accepted messages of which a part never came; `repeated` are parts that came more
    than once, and of simpost `repeated_unmarked` are those whose log does not say so.
    """
    watch = threading.Thread(target=_kill_at, args=(contestant, int(_AT_SHARE * messages)))
    watch.start()
    load = drive_it(contestant, terms, contestant.requests(range(messages)))
    watch.join()
    contestant.start()
    _until_quiet(contestant)
    seen = contestant.sink.seen()
    lost = [
        number
        for number in load.accepted
        if any(part_name(number, part) not in seen for part in range(terms.parts))
    ]
    repeated = [name for name, times in seen.items() if times > 1]
    figures = {
        "accepted": len(load.accepted),
        "seen": len(seen),
        "lost": len(lost),
        "repeated": len(repeated),
        "window": terms.window,
    }
    if isinstance(contestant, Simpost):
        figures["repeated_unmarked"] = sum(not contestant.says_repeated(one) for one in repeated)
    return figures


def _kill_at(contestant: Contestant, submits: int) -> None:
    ends = time.monotonic() + _PATIENCE_S
    while contestant.sink.stats()["submits"] < submits and time.monotonic() < ends:
        time.sleep(0.005)
    contestant.kill()


def _until_quiet(contestant: Contestant) -> None:
    """Until nothing new has come for five seconds with everything acknowledged."""
    ends = time.monotonic() + _PATIENCE_S
    stats, since = contestant.sink.stats(), time.monotonic()
    while time.monotonic() < ends:
        time.sleep(0.1)
        if (now := contestant.sink.stats()) != stats:
            stats, since = now, time.monotonic()
        if time.monotonic() - since > _QUIET_S and stats["acknowledged"] == stats["reported"]:
            return
