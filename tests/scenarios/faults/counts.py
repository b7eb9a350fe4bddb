"""Counts messages: accepted, shown by handsets, repeated and lost."""

from __future__ import annotations

import asyncio
import json
import time
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

from tests.scenarios.faults.load import Load, name_in
from tests.scenarios.faults.service import PATIENCE_S, Node, Site

_OPEN = ("accepted", "scheduled", "held", "sending", "in_doubt", "sent")


@dataclass(frozen=True)
class Count:
    """Messages, by the names of their texts.

    Attributes:
        refused: answers that said no.
        unanswered: requests to which no answer came.
        delivered: accepted, and shown whole by a handset.
        lost: accepted, and not shown whole by any.
        repeated: of which a part was submitted more than once.
        unmarked: of those, where the log has fewer attempts marked as repeats than there were.
        untrue: accepted, and in the end not called delivered by the log.
    """

    accepted: int
    refused: int
    unanswered: int
    delivered: int
    lost: int
    repeated: int
    unmarked: int
    untrue: int

    def check(self) -> None:
        """The promise: nothing is lost, and what was repeated was in doubt and says so."""
        assert self.accepted, "nothing was accepted"
        assert (self.lost, self.unmarked, self.untrue) == (0, 0, 0), self


class Handsets:
    """Everything that handsets ever showed; they themselves keep their last 50 texts each."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._texts: dict[int, dict[str, Any]] = {}

    def look(self) -> None:
        """To be called before any handset got 50 texts more."""
        for handset in self._site.centre.ask("handsets?limit=1000&messages=50"):
            self._texts |= {text["id"]: text for text in handset["messages"]}

    @property
    def whole(self) -> set[str]:
        return {name_in(text["text"]) for text in self._texts.values() if text["complete"]}

    def submits(self) -> dict[str, int]:
        """How many parts the message centre took of each text."""
        taken: dict[str, int] = defaultdict(int)
        for text in self._texts.values():
            taken[name_in(text["text"])] += len(text["messageIds"])
        return taken


async def count(load: Load, handsets: Handsets, site: Site, **about: object) -> Count:
    """Once nothing is on its way any more; `about` is printed with it."""
    return await asyncio.to_thread(_count, load, handsets, site, about)


def _count(load: Load, handsets: Handsets, site: Site, about: dict[str, object]) -> Count:
    node = site.nodes[0]
    _wait_for_ends(load, handsets, node)
    whole, submits = handsets.whole, handsets.submits()
    logged = {name_in(each["text"]): each for each in _messages(node)}
    repeated = {
        name: taken - logged[name]["partCount"]
        for name, taken in submits.items()
        if taken > logged[name]["partCount"]
    }
    found = Count(
        accepted=len(load.accepted),
        refused=load.refused.total(),
        unanswered=len(load.unanswered),
        delivered=len(load.accepted.keys() & whole),
        lost=len(load.accepted.keys() - whole),
        repeated=len(repeated),
        unmarked=sum(
            times > _repeats(node, logged[name]["id"]) for name, times in repeated.items()
        ),
        untrue=sum(logged[name]["state"] != "delivered" for name in load.accepted),
    )
    if found.untrue:
        _tell(load, node, logged)
    refusals = {f"{api} {status}": times for (api, status), times in load.refused.items()}
    print(json.dumps({**about, **asdict(found), "refusals": refusals}))  # noqa: T201  shown by `make scenarios`
    return found


def _tell(load: Load, node: Node, logged: dict[str, dict[str, Any]]) -> None:
    """Two messages, in full, of those that the log does not call delivered."""
    odd = [name for name in load.accepted if logged[name]["state"] != "delivered"]
    for name in odd[:2]:
        print(json.dumps(node.ask(f"/v1/messages/{logged[name]['id']}")))  # noqa: T201


def _wait_for_ends(load: Load, handsets: Handsets, node: Node) -> None:
    """Until everything is shown and ended, or patience is: the counts tell then what has not."""
    ends_s = time.monotonic() + PATIENCE_S
    while time.monotonic() < ends_s:
        handsets.look()
        if load.accepted.keys() <= handsets.whole and not _is_any_open(load, node):
            handsets.look()
            return
        time.sleep(0.5)


def _is_any_open(load: Load, node: Node) -> bool:
    """Whether an accepted message has no end yet.

    What a caller was refused may have none either, if its commit went through unseen.
    """
    return any(
        name_in(each["text"]) in load.accepted
        for state in _OPEN
        for each in _messages(node, f"&state={state}")
    )


def _messages(node: Node, which: str = "") -> Iterable[dict[str, Any]]:
    page = node.ask(f"/v1/messages?limit=200{which}")
    yield from page["messages"]
    while page["next"]:
        page = node.ask(f"/v1/messages?limit=200{which}&cursor={page['next']}")
        yield from page["messages"]


def _repeats(node: Node, message_id: str) -> int:
    attempts = node.ask(f"/v1/messages/{message_id}")["attempts"]
    return sum(attempt["repeat"] for attempt in attempts)
