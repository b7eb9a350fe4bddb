"""Elsewhere: what the other nodes say of carriers whose binds they own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from simpost.ports.carrier import ConnectionStatus
from simpost.ports.cluster import CarrierReport, NodeRow


class RemoteCarriers:
    """Empty where there is one node only."""

    def __init__(self) -> None:
        self.nodes: Sequence[NodeRow] = ()
        """Those that live, without this one."""

    def is_available(self, carrier: str) -> bool:
        """Whether a message had better go by it, for one of them."""
        return any(report.is_available for _, report in self._reports(carrier))

    def should_fail_over(self, carrier: str) -> bool:
        """Whether none of them has a bind by which it goes."""
        return all(report.should_fail_over for _, report in self._reports(carrier))

    def connections(self, carrier: str) -> list[tuple[str, ConnectionStatus]]:
        """Each connection they own, with the name of the node."""
        return [
            (name, one) for name, report in self._reports(carrier) for one in report.connections
        ]

    def leased(self, carrier: str) -> int:
        return sum(report.held for _, report in self._reports(carrier))

    def _reports(self, carrier: str) -> Iterator[tuple[str, CarrierReport]]:
        for node in self.nodes:
            report = node.report.carriers.get(carrier)
            if report and report.connections:
                yield node.name, report
