"""The metrics of a lane and of the connections of its carrier."""

from __future__ import annotations

from collections.abc import Iterator

from simpost.messaging.lane import Lane
from simpost.observe import metrics
from simpost.observe.metrics import Sample
from simpost.ports.carrier import ConnectionState, ConnectionStatus


def lane_samples(name: str, lane: Lane) -> Iterator[Sample]:
    """The metrics of one carrier of this node."""
    yield Sample(metrics.LEASED, (name,), lane.leased)
    yield Sample(metrics.AVAILABLE, (name,), lane.is_available)
    yield Sample(metrics.PAUSED, (name,), lane.carrier.is_paused)
    for one in lane.carrier.connections():
        yield from _connection(name, one)


def _connection(name: str, one: ConnectionStatus) -> Iterator[Sample]:
    labels = (name, str(one.number), one.kind)
    for state in ConnectionState:
        yield Sample(metrics.CONNECTION_STATE, (*labels, state), one.state is state)
    yield Sample(metrics.MAX_UNANSWERED, labels, one.max_unanswered)
    yield Sample(metrics.UNANSWERED, labels, one.unanswered)
    yield Sample(metrics.RATE_LIMIT, labels, one.allowed_per_s)
    if one.last_heard_ms is not None:
        yield Sample(metrics.LAST_HEARD, labels, one.last_heard_ms / 1000)
