"""smpplib, unmodified, sends messages and gets receipts; on both stores."""

import pytest
import smpplib.exceptions

from simpost.smpp import MessageState, Status, parse_receipt
from simpost.smpp.pdu import DeliverSm
from tests.integration.smpp_server.served import Esme, bound


def receipt_in(pdu):
    """What our reader of receipts, and the TLVs as smpplib has them, say."""
    parsed = parse_receipt(DeliverSm(short_message=pdu.short_message, esm_class=pdu.esm_class))
    assert pdu.esm_class == 4
    assert pdu.receipted_message_id.decode().rstrip("\0") == parsed.message_id
    assert pdu.message_state == parsed.state
    return parsed


def test_a_message_is_sent_and_its_receipt_has_its_id(served):
    _, number = served.take()
    login = served.login()
    with bound(served.port, login) as esme:
        response = esme.submit(number, b"Hello")
        assert response.status == Status.ESME_ROK
        message_id = response.message_id.decode()
        delivered = esme.next_delivered()
    receipt = receipt_in(delivered)
    assert (receipt.message_id, receipt.state) == (message_id, MessageState.DELIVERED)
    assert (delivered.source_addr.decode(), delivered.destination_addr) == (number, b"Shop")
    assert (delivered.dest_addr_ton, delivered.source_addr_ton) == (5, 1)
    assert served.message(message_id)["state"] == "delivered"
    assert served.centre.texts_of(number) == ["Hello"]


@pytest.mark.parametrize("login", [("nobody", "secret"), (None, "wrong"), (None, "")])
def test_wrong_credentials_are_refused_alike(served, login):
    system_id = login[0] or served.login()[0]
    esme = Esme(served.port)
    with pytest.raises(smpplib.exceptions.PDUError) as refused:
        esme.bind((system_id, login[1]))
    assert refused.value.args[1] == Status.ESME_RINVPASWD
    esme.end()
