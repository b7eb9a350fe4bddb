"""What is lost and what comes twice when a gateway is killed in the middle of its load."""

from __future__ import annotations

import threading
import time
from typing import Any

from bench.gateways import Contestant, Simpost, Terms
from bench.runner import drive_it
from bench.texts import part_name

_AT_SHARE = 0.4
_QUIET_S = 5.0
_PATIENCE_S = 120


def kill_and_count(contestant: Contestant, terms: Terms, messages: int) -> dict[str, Any]:
    """Kill -9 once the sink has seen two fifths; start again; count when nothing comes any more.

    `lost` are parts of accepted messages that never came, `repeated` those that came more than
    once, and of simpost `repeated_unmarked` are those whose log does not say so.
    """
    watch = threading.Thread(target=_kill_at, args=(contestant, int(_AT_SHARE * messages)))
    watch.start()
    load = drive_it(contestant, terms, contestant.requests(range(messages)))
    watch.join()
    contestant.start()
    accepted = {part_name(number, part) for number in load.accepted for part in range(terms.parts)}
    _until_quiet(contestant, accepted)
    seen = contestant.sink.seen()
    repeated = [name for name, times in seen.items() if times > 1]
    figures = {
        "accepted": len(load.accepted),
        "seen": len(seen),
        "lost": len(accepted - seen.keys()),
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


def _until_quiet(contestant: Contestant, accepted: set[int]) -> None:
    """Until nothing new has come for five seconds and nothing is missing, or two minutes.

    What a killed node held is taken over only when its lease has ended.
    """
    ends = time.monotonic() + _PATIENCE_S
    stats, since = contestant.sink.stats(), time.monotonic()
    while time.monotonic() < ends:
        time.sleep(0.1)
        if (now := contestant.sink.stats()) != stats:
            stats, since = now, time.monotonic()
        if (
            time.monotonic() - since > _QUIET_S
            and stats["acknowledged"] == stats["reported"]
            and accepted <= contestant.sink.seen().keys()
        ):
            return
