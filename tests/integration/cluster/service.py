"""The native and the compatible API at two nodes of one database, or at one node twice."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterable

from tests.integration.cluster.cluster import Centre, Cluster, OneNode, ask, until

PUBLIC_URL = "https://sms.example"
_SERVER = f'public_url = "{PUBLIC_URL}"\nallow_private_webhooks = true'
_MORE = """
[policy.daily_limit]
promotion = 0
notice = 0
[[open_hours]]
hours = ["00:00-24:00"]
"""


class Service:
    """What is done at one node is asked at the other; `take` gives an eSIM that no test used.

    Attributes:
        here, there: the nodes; the one of the embedded store twice.
    """

    def __init__(self, nodes: list[OneNode], centre: Centre, esims: Iterable[str]) -> None:
        self.here, self.there = nodes[0], nodes[-1]
        self.centre = centre
        self._esims = iter(esims)
        self._names = itertools.count()

    def take(self) -> tuple[str, str]:
        """An eSIM and the number of its handset."""
        esim = next(self._esims)
        return esim, f"66{esim[-10:]}"

    def name(self) -> str:
        """A name that no other test uses."""
        return f"name-{next(self._names)}"


def start_service(cluster: Cluster, centre: Centre, nodes: int, esims: int) -> Service:
    """Each node has a bind of its own."""
    started = [
        cluster.start(f"node-{number}", binds=nodes, server=_SERVER, more=_MORE)
        for number in range(nodes)
    ]
    filled = cluster.fill(started[0], esims=esims)
    until(lambda: all(node.bound() for node in started))
    until(lambda: ask(started[-1], "GET", "messages")[0] == 200)
    return Service(started, centre, filled)


def promote(node: OneNode, esim: str) -> str:
    """The code of the refusal of a promotion; empty when it is accepted."""
    body = {"esimTranNo": esim, "text": "Sale", "category": "promotion"}
    return str(ask(node, "POST", "messages", body)[1].get("code", ""))


def seconds_until(found) -> float:
    """Seconds until the first question that is answered with true is asked."""
    since_s = time.monotonic()

    def asked_s():
        sent_s = time.monotonic()
        return found() and sent_s - since_s

    return until(asked_s)
