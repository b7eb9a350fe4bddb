"""The carriers as the other nodes report them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from simpost.ports.carrier import ConnectionStatus
from simpost.ports.cluster import CarrierReport, NodeRow


class RemoteCarriers:
    """Reports of nodes that own connections of a carrier; none on a single node."""

    def __init__(self) -> None:
        self.nodes: Sequence[NodeRow] = ()
        """The other nodes that are alive."""

    def is_available(self, carrier: str) -> bool:
        """Whether routing should prefer the carrier because of another node."""
        return any(report.is_available for _, report in self._reports(carrier))

    def should_fail_over(self, carrier: str) -> bool:
        """Whether no other node can send queued messages by the carrier."""
        return all(report.should_fail_over for _, report in self._reports(carrier))

    def connections(self, carrier: str) -> list[tuple[str, ConnectionStatus]]:
        """Each connection of another node, with the name of the node."""
        return [
            (name, one) for name, report in self._reports(carrier) for one in report.connections
        ]

    def leased(self, carrier: str) -> int:
        """How many parts the other nodes have leased for the carrier."""
        return sum(report.leased for _, report in self._reports(carrier))

    def _reports(self, carrier: str) -> Iterator[tuple[str, CarrierReport]]:
        for node in self.nodes:
            report = node.report.carriers.get(carrier)
            if report and report.connections:
                yield node.name, report
