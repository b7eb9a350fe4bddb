"""A whole process with the SMPP port, the simulator behind it, and clients written by others."""

from __future__ import annotations

import socket
import ssl
import urllib.request
from contextlib import contextmanager
from typing import Any

import smpplib.client

from bench.processes import HOST, free_ports
from tests.integration.cluster.cluster import ACCESS_CODE, Centre, Cluster, OneNode, until

OWN = '[[numbers]]\nnumber = "4455"\n'
PATIENCE_S = 60
"""Longest wait for a PDU; it only ends a test that hangs."""


class Served:
    """One node with an account, its eSIMs, and SMPP logins.

    Attributes:
        port: the SMPP port.
    """

    def __init__(self, cluster: Cluster, centre: Centre, *, esims: int, smpp: str = "") -> None:
        self.cluster = cluster
        self.centre = centre
        self.smpp = smpp
        self.node, self.port = self.start("one")
        self._esims = iter(cluster.fill(self.node, esims=esims, requestsPerSecond=0))
        until(self.node.bound)

    def start(self, name: str, *options: str) -> tuple[OneNode, int]:
        """Another node, and its SMPP port."""
        (port,) = free_ports(1)
        more = f"{OWN}[smpp_server]\nenabled = true\nport = {port}\n{self.smpp}"
        return self.cluster.start(name, *options, more=more, **self.settings), port

    settings: dict[str, Any] = {"carrier": 'senders = ["*"]'}  # noqa: RUF012  never changed

    def kill(self) -> None:
        """`kill -9`, and a new process in its place."""
        self.node.process.kill()
        self.cluster.nodes.remove(self.node)
        self.node, self.port = self.start("one")
        until(self.node.bound)

    def take(self) -> tuple[str, str]:
        """An eSIM that no other test uses, and its number."""
        esim = next(self._esims)
        return esim, f"66{esim[-10:]}"

    def login(self, account: str = ACCESS_CODE, **given: Any) -> tuple[str, str]:
        """A new login: system_id and password."""
        added = self.node.operate("POST", f"accounts/{account}/smpp-logins", given)
        return added["systemId"], added["password"]

    def message(self, message_id: str) -> Any:
        return self.node.message(message_id)

    def metrics(self) -> str:
        """The text of /metrics."""
        url, token = f"{self.node.url}/metrics", self.cluster.token
        request = urllib.request.Request(url, headers={"Authorization": f"Bearer {token}"})
        with urllib.request.urlopen(request, timeout=PATIENCE_S) as answer:
            return str(answer.read().decode())

    def wait_final(self, message_id: str) -> Any:
        """The message once nothing more happens to it."""
        found = {"delivered", "failed", "expired", "rejected", "cancelled"}
        return until(lambda: (each := self.message(message_id))["state"] in found and each)


class Esme:
    """smpplib, bound; keeps what it is sent.

    Attributes:
        responses: PDUs of submit_sm_resp.
        delivered: PDUs of deliver_sm.
    """

    def __init__(self, port: int, tls: ssl.SSLContext | None = None) -> None:
        self.responses: list[Any] = []
        self.delivered: list[Any] = []
        self.client = smpplib.client.Client(
            HOST, port, timeout=PATIENCE_S, ssl_context=tls, allow_unknown_opt_params=False
        )
        self.client.set_message_sent_handler(lambda pdu: self.responses.append(pdu))  # noqa: PLW0108  by keyword
        self.client.set_message_received_handler(lambda pdu: self.delivered.append(pdu))  # noqa: PLW0108  by keyword
        self.client.set_error_pdu_handler(lambda pdu: None)  # the responses have it
        self.client.connect()

    def bind(self, login: tuple[str, str], kind: str = "transceiver") -> None:
        system_id, password = login
        bind = getattr(self.client, f"bind_{kind}")
        bind(system_id=system_id, password=password)

    def submit(self, number: str, octets: bytes, **fields: Any) -> Any:
        """Send a submit_sm and return its response."""
        self.send(number, octets, **fields)
        return self.next_response()

    def send(self, number: str, octets: bytes, **fields: Any) -> None:
        given = {"source_addr_ton": 5, "source_addr": "Shop", "dest_addr_ton": 1,
                 "dest_addr_npi": 1, "registered_delivery": 1, **fields}  # fmt: skip
        self.client.send_message(destination_addr=number, short_message=octets, **given)

    def next_response(self) -> Any:
        while not self.responses:
            self.client.read_once()
        return self.responses.pop(0)

    def next_delivered(self) -> Any:
        while not self.delivered:
            self.client.read_once()
        return self.delivered.pop(0)

    def is_closed(self) -> bool:
        """Whether the server has closed the connection."""
        try:
            return self.client._socket.recv(1, socket.MSG_PEEK) == b""
        except ConnectionError:
            return True

    def end(self) -> None:
        self.client.disconnect()


@contextmanager
def bound(port, login, kind="transceiver", **options):
    """A bound `Esme`."""
    esme = Esme(port, **options)
    try:
        esme.bind(login, kind)
        yield esme
    finally:
        esme.end()
