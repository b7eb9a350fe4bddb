"""Notifications of other nodes: parts for a carrier of this node, or a change to hear of."""

from __future__ import annotations

from simpost.cluster.facade import Cluster
from simpost.messaging.dispatch import Dispatch
from simpost.ports.cluster import ACCOUNTS_CHANGED, RELOAD_ORDERED


class Notifications:
    """Wakes what a notification is for. Unknown ones are ignored."""

    def __init__(self, dispatch: Dispatch, cluster: Cluster) -> None:
        self._dispatch = dispatch
        self._cluster = cluster

    def receive(self, notification: str) -> None:
        """Handle the name of a carrier with queued parts, or one of the names in `ports.cluster`.

        Must not block: called by the connection that listens.
        """
        if lane := self._dispatch.lanes.get(notification):
            lane.wake()
        elif notification in (ACCOUNTS_CHANGED, RELOAD_ORDERED):
            self._cluster.on_change()
