"""Texts from handsets come to smpplib whole, in whatever alphabet, once; by TLS too."""

import ssl
from contextlib import closing
from pathlib import Path

import pytest
import smpplib.consts

from tests.integration.smpp.certificates import tls_contexts
from tests.integration.smpp_server.raw import RawClient
from tests.integration.smpp_server.served import bound

WORDS = "one of many words "


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    folder: Path = tmp_path_factory.mktemp("certificate")
    tls_contexts(folder)
    return folder / "mc.pem"


@pytest.fixture(scope="module")
def smpp(certificate):
    return f'tls_cert_file = "{certificate}"\n'


@pytest.fixture
def tls(certificate):
    context = ssl.create_default_context(cafile=certificate)
    context.check_hostname = False  # smpplib does not say whom it calls
    return context


def text_of(pdu):
    octets = pdu.short_message or pdu.message_payload
    if pdu.data_coding == smpplib.consts.SMPP_ENCODING_ISO10646:
        return octets.decode("utf-16-be")
    assert pdu.data_coding == smpplib.consts.SMPP_ENCODING_DEFAULT
    return octets.decode("ascii")


TEXTS = {"short": "Hello", "long": WORDS * 12, "payload": WORDS * 20, "ucs2": "Γειά 🏖 " * 30}


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_a_text_from_a_handset_comes_whole(served, tls, text):
    _, number = served.take()
    with bound(served.port, served.login(), "receiver", tls=tls) as esme:
        served.centre.send_from(number, text, to="4455")
        pdu = esme.next_delivered()
        assert text_of(pdu) == text
        assert (pdu.source_addr.decode(), pdu.destination_addr) == (number, b"4455")
        assert (pdu.source_addr_ton, pdu.esm_class) == (1, 0)
        served.centre.send_from(number, "next", to="4455")
        assert text_of(esme.next_delivered()) == "next"


def test_words_that_simpost_acts_on_are_not_passed_on(served, tls):
    _, number = served.take()
    with bound(served.port, served.login(), "receiver", tls=tls) as esme:
        served.centre.send_from(number, "STOP", to="4455")
        served.centre.send_from(number, "why?", to="4455")
        assert text_of(esme.next_delivered()) == "why?"


def test_a_message_and_its_receipt_go_by_tls(served, tls):
    _, number = served.take()
    with bound(served.port, served.login(), tls=tls) as esme:
        message_id = esme.submit(number, b"secret").message_id
        assert esme.next_delivered().receipted_message_id.rstrip(b"\0") == message_id


def test_a_client_without_tls_gets_nothing(served):
    with closing(RawClient(served.port)) as client:
        assert client.bind(served.login()) is None
