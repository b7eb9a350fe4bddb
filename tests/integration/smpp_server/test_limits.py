"""Limits of binds and windows, wrong passwords, addresses, and hostile octets."""

import contextlib
import socket

import psutil
import pytest

from simpost.smpp import (
    BindReceiver,
    BindTransmitter,
    EnquireLink,
    Status,
    SubmitSm,
)
from tests.fuzz.mutations import case_of
from tests.integration.cluster.cluster import until
from tests.integration.smpp_server.raw import RawClient
from tests.integration.smpp_server.served import bound

MAX_GROWTH_MIB = 64
CASES = range(60)


@pytest.fixture(scope="module")
def smpp():
    return "window = 2\nmax_binds_per_account = 2\nmax_connections = 8\nmax_pdu_octets = 4096\n"


@pytest.fixture
def connect(embedded):
    """Raw connections that are closed at the end."""
    with contextlib.ExitStack() as opened:

        def one():
            client = RawClient(embedded.port)
            opened.callback(client.close)
            return client

        yield one
    until(lambda: metric(embedded, "simpost_smpp_server_binds") == 0)


def metric(served, name):
    """The value of a metric without labels."""
    text = served.metrics()
    return float(next(line for line in text.splitlines() if line.startswith(f"{name} ")).split()[1])


def submits(served, count, **fields):
    given = {"dest_addr_ton": 1, "dest_addr_npi": 1, "short_message": b"x", **fields}
    return [SubmitSm(destination_addr=served.take()[1], **given) for _ in range(count)]


def test_more_requests_than_the_window_are_throttled(embedded, connect):
    client = connect()
    assert client.bind(embedded.login()).command_status == Status.ESME_ROK
    client.send(*submits(embedded, 4))
    found = {(pdu := client.receive()).sequence_number: pdu.command_status for _ in range(4)}
    throttled = Status.ESME_RTHROTTLED
    assert found == {1: Status.ESME_ROK, 2: Status.ESME_ROK, 3: throttled, 4: throttled}
    client.send(*submits(embedded, 1))
    assert client.receive().command_status == Status.ESME_ROK


def test_more_binds_than_the_account_may_have_are_refused(embedded, connect):
    login, other = embedded.login(), embedded.login()
    clients = [connect() for _ in range(4)]
    assert clients[0].bind(login).command_status == Status.ESME_ROK
    assert clients[1].bind(other, BindReceiver).command_status == Status.ESME_ROK
    assert clients[2].bind(login, BindTransmitter).command_status == Status.ESME_RALYBND
    clients[0].close()
    until(lambda: metric(embedded, "simpost_smpp_server_binds") == 1)
    assert clients[3].bind(login).command_status == Status.ESME_ROK


def test_a_receiver_submits_nothing_and_nobody_binds_twice(embedded, connect):
    client, login = connect(), embedded.login()
    client.send(*submits(embedded, 1))
    assert client.receive().command_status == Status.ESME_RINVBNDSTS
    assert client.bind(login, BindReceiver).command_status == Status.ESME_ROK
    client.send(*submits(embedded, 1))
    assert client.receive().command_status == Status.ESME_RINVBNDSTS
    assert client.bind(login).command_status == Status.ESME_RALYBND


def test_connections_without_a_bind_do_not_keep_others_out(embedded, connect):
    """Half of the eight connections may be unbound: the oldest of more gives way."""
    strangers = [connect() for _ in range(6)]
    client = connect()
    assert client.bind(embedded.login()).command_status == Status.ESME_ROK
    assert strangers[0].receive() is None
    strangers[-1].send(EnquireLink())
    assert strangers[-1].receive().command_status == Status.ESME_ROK


def test_the_address_of_the_client_must_be_allowed(shared):
    login = shared.login(ipAllow=["192.0.2.0/24"])
    client = RawClient(shared.port)
    assert client.bind(login).command_status == Status.ESME_RBINDFAIL
    allowed = RawClient(shared.port)
    assert allowed.bind(shared.login(ipAllow=["127.0.0.0/8"])).command_status == 0
    for each in (client, allowed):
        each.close()


def test_a_revoked_login_is_unbound_and_binds_no_more(shared):
    login = shared.login()
    client = RawClient(shared.port)
    assert client.bind(login).command_status == Status.ESME_ROK
    shared.node.operate("DELETE", f"accounts/acme/smpp-logins/{login[0]}")
    assert client.receive().command_id == 0x06  # unbind
    client.close()
    again = RawClient(shared.port)
    assert again.bind(login).command_status == Status.ESME_RINVPASWD
    again.close()


def test_mutated_streams_lose_nothing_and_grow_no_memory(shared):
    login = shared.login()
    process = psutil.Process(shared.node.pid)
    before = process.memory_info().rss
    for number in CASES:
        client = RawClient(shared.port)
        assert client.bind(login).command_status == Status.ESME_ROK
        client.socket.sendall(case_of(3, number).stream)
        client.socket.shutdown(socket.SHUT_WR)  # some streams end within a PDU
        drain(client)
        client.close()
    assert "request_crashed" not in shared.node.log.read_text()
    assert process.memory_info().rss - before < MAX_GROWTH_MIB * 2**20
    _, number = shared.take()
    with bound(shared.port, login) as esme:
        assert esme.submit(number, b"still here").status == Status.ESME_ROK
        esme.next_delivered()


def drain(client):
    """Read until the server closes the connection."""
    with contextlib.suppress(ConnectionError):
        while client.socket.recv(65_536):
            pass
