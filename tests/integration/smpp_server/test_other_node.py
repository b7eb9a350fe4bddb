"""A node that dies with a receipt on its way, and clients that do not answer."""

from contextlib import closing

import pytest

from simpost.smpp import BindTransceiver, DeliverSm, DeliverSmResp, Status, SubmitSm, parse_receipt
from tests.integration.smpp_server.raw import RawClient


@pytest.fixture(scope="module")
def smpp():
    return "response_timeout_s = 1\n"


def submit(client, number):
    fields = {"dest_addr_ton": 1, "dest_addr_npi": 1, "registered_delivery": 1}
    client.send(SubmitSm(destination_addr=number, short_message=b"Hello", **fields))
    return client.receive().message_id


def next_receipt(client):
    pdu = client.receive()
    assert isinstance(pdu, DeliverSm), pdu
    return pdu, parse_receipt(pdu).message_id


def test_a_receipt_without_a_response_is_sent_again(shared):
    with closing(RawClient(shared.port)) as client:
        client.bind(shared.login())
        message_id = submit(client, shared.take()[1])
        first, found = next_receipt(client)
        again, found_again = next_receipt(client)
        assert found == found_again == message_id
        assert first.sequence_number != again.sequence_number
        client.send(DeliverSmResp(sequence_number=again.sequence_number))


def test_another_node_sends_what_a_dead_one_had_on_its_way(shared):
    login = shared.login()
    node, port = shared.start("two")
    with closing(RawClient(port)) as client:
        client.bind(login)
        message_id = submit(client, shared.take()[1])
        assert next_receipt(client)[1] == message_id  # and it is not acknowledged
        node.process.kill()
        shared.cluster.nodes.remove(node)
    with closing(RawClient(shared.port)) as client:
        response = client.bind(login, BindTransceiver)
        assert response.command_status == Status.ESME_ROK
        pdu, found = next_receipt(client)
        assert found == message_id
        client.send(DeliverSmResp(sequence_number=pdu.sequence_number))
