"""Receipts are kept until a client acknowledges them, and each goes to one connection."""

from contextlib import closing

import pytest

from simpost.smpp import (
    BindReceiver,
    BindTransmitter,
    DeliverSm,
    DeliverSmResp,
    Status,
    SubmitSm,
    parse_receipt,
)
from tests.integration.cluster.cluster import until
from tests.integration.smpp_server.raw import RawClient
from tests.integration.smpp_server.served import bound


def submit(client, number, **fields):
    """The id of a message."""
    given = {"dest_addr_ton": 1, "dest_addr_npi": 1, "registered_delivery": 1, **fields}
    client.send(SubmitSm(destination_addr=number, short_message=b"Hello", **given))
    return client.receive().message_id


def next_receipt(client):
    pdu = client.receive()
    assert isinstance(pdu, DeliverSm), pdu
    return pdu, parse_receipt(pdu).message_id


def acknowledge(client, pdu, status=Status.ESME_ROK):
    client.send(DeliverSmResp(status, sequence_number=pdu.sequence_number))


@pytest.fixture
def connect(served):
    opened = []

    def one(login, kind, port=None):
        client = RawClient(port or served.port)
        opened.append(client)
        assert client.bind(login, kind).command_status == Status.ESME_ROK
        return client

    yield one
    for client in opened:
        client.close()


def test_a_receipt_waits_for_a_receiver_through_kill_9(served, connect):
    login = served.login()
    _, number = served.take()
    message_id = submit(connect(login, BindTransmitter), number)
    assert served.wait_final(message_id)["state"] == "delivered"
    served.kill()
    client = connect(login, BindReceiver)
    pdu, found = next_receipt(client)
    assert found == message_id
    acknowledge(client, pdu)


def test_a_receipt_without_an_acknowledgement_comes_again_after_kill_9(served, connect):
    login = served.login()
    sender, receiver = connect(login, BindTransmitter), connect(login, BindReceiver)
    first = submit(sender, served.take()[1])
    assert next_receipt(receiver)[1] == first  # and it is not acknowledged
    served.kill()
    receiver = connect(login, BindReceiver)
    pdu, found = next_receipt(receiver)
    assert found == first
    acknowledge(receiver, pdu)
    second = submit(connect(login, BindTransmitter), served.take()[1])
    pdu, found = next_receipt(receiver)
    assert found == second  # the first is over
    acknowledge(receiver, pdu)


def test_a_temporary_error_has_it_sent_again_and_another_error_ends_it(served, connect):
    login = served.login()
    sender, receiver = connect(login, BindTransmitter), connect(login, BindReceiver)
    first = submit(sender, served.take()[1])
    pdu, _ = next_receipt(receiver)
    acknowledge(receiver, pdu, Status.ESME_RX_T_APPN)
    pdu, found = next_receipt(receiver)
    assert found == first
    acknowledge(receiver, pdu, Status.ESME_RX_R_APPN)
    second = submit(sender, served.take()[1])
    pdu, found = next_receipt(receiver)
    assert found == second
    acknowledge(receiver, pdu)


def test_only_the_login_that_sent_a_message_gets_its_receipt(served, connect):
    one, other = served.login(), served.login()
    receivers = {login: connect(login, BindReceiver) for login in (one, other)}
    for login in (one, other, one):
        message_id = submit(connect(login, BindTransmitter), served.take()[1])
        pdu, found = next_receipt(receivers[login])
        assert found == message_id
        acknowledge(receivers[login], pdu)


def test_two_nodes_share_the_receipts_and_each_comes_once(shared):
    login, count = shared.login(), 12
    node, port = shared.start("two")
    with (
        closing(RawClient(port)) as sender,
        bound(shared.port, login, "receiver") as one,
        bound(port, login, "receiver") as two,
    ):
        assert sender.bind(login, BindTransmitter).command_status == Status.ESME_ROK
        sent = {submit(sender, shared.take()[1]) for _ in range(count)}
        for message_id in sent:
            shared.wait_final(message_id)
        got = collect((one, two), count)
    assert sorted(got) == sorted(sent)
    node.process.kill()


def test_workers_share_the_port(shared):
    """Two processes listen on it; each connection is served by one of them."""
    login, sent = shared.login(), set()  # before they start, so that each of them has read it
    workers, port = shared.start("", "--workers=2")
    try:
        with bound(port, login, "receiver") as receiver:
            for _ in range(6):
                with closing(RawClient(port)) as sender:
                    assert sender.bind(login, BindTransmitter).command_status == Status.ESME_ROK
                    sent.add(submit(sender, shared.take()[1]))
            assert sorted(collect((receiver,), 6)) == sorted(sent)
    finally:
        workers.process.stop()  # or it keeps the binds that the tests after this one wait for
        shared.cluster.nodes.remove(workers)


def collect(esmes, count):
    """The ids in the receipts of several clients."""
    for esme in esmes:
        esme.client._socket.settimeout(0.05)
    got = []

    def read():
        for esme in esmes:
            try:
                esme.client.read_once(auto_send_enquire_link=False)
            except TimeoutError:
                continue
        got[:] = [pdu for esme in esmes for pdu in esme.delivered]
        return len(got) >= count

    until(read)
    return [pdu.receipted_message_id.decode().rstrip("\0") for pdu in got]
