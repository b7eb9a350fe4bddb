"""npm's smpp, unmodified, at the SMPP port over TLS, with the alphabet that it calls ASCII."""

import pytest

from simpost.smpp import MessageState, Status
from tests.integration.smpp.certificates import tls_contexts
from tests.integration.smpp_server.test_node import received, submitted


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    folder = tmp_path_factory.mktemp("certificate")
    tls_contexts(folder)
    return folder / "mc.pem"


@pytest.fixture(scope="module")
def smpp(certificate):
    return f'tls_cert_file = "{certificate}"\nascii_alphabet = "gsm7"\n'


@pytest.mark.parametrize("text", ["Hello", "Grüße_5$@ {à} [€]", "Γειά 🏖"])
async def test_a_text_and_its_receipt_go_over_tls(node, embedded, certificate, text):
    _, number = embedded.take()
    system_id, password = embedded.login()
    esme = await node("esme", embedded.port, certificate)
    esme.say("bind_transceiver", system_id=system_id, password=password)
    assert (await esme.heard("bind_transceiver_resp"))["command_status"] == Status.ESME_ROK
    message_id = await submitted(esme, number, short_message=text)
    assert await received(esme) == (message_id, MessageState.DELIVERED)
    assert embedded.centre.texts_of(number) == [text]
