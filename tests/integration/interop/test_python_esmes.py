"""smpplib (blocking) and smpp34 (Rust) at the simulator by TLS, and as receivers of texts."""

import asyncio
import ssl
from contextlib import contextmanager

import pytest
import smpp34
import smpplib.client
import smpplib.exceptions
import smpplib.gsm

from simpost.smpp import Status
from tests.integration.interop.simulator import NUMBER, PASSWORD, SYSTEM_ID, running, shown
from tests.integration.smpp.certificates import tls_contexts

LONG = "Ελλάδα 🏖 — many words in three parts. " * 4


@pytest.fixture
def certificate(tmp_path):
    """For the simulator, and to trust it by."""
    tls_contexts(tmp_path)
    return tmp_path / "mc.pem"


@contextmanager
def smpplib_at(port, certificate=None):
    tls = None
    if certificate:
        tls = ssl.create_default_context(cafile=certificate)
        tls.check_hostname = False  # smpplib does not say whom it calls
    client = smpplib.client.Client(
        "127.0.0.1", port, ssl_context=tls, allow_unknown_opt_params=True
    )
    client.connect()
    try:
        yield client
    finally:
        client.disconnect()


def send_with_smpplib(port, certificate, text):
    """Ids answered, receipts delivered."""
    ids, receipts = [], []
    parts, coding, esm_class = smpplib.gsm.make_parts(text)
    with smpplib_at(port, certificate) as client:
        client.bind_transceiver(system_id=SYSTEM_ID, password=PASSWORD)
        client.set_message_sent_handler(lambda pdu: ids.append(pdu.message_id.decode()))
        client.set_message_received_handler(lambda pdu: receipts.append(pdu))  # noqa: PLW0108  by keyword
        for part in parts:
            client.send_message(
                source_addr_ton=5,
                source_addr="smpplib",
                dest_addr_ton=1,
                dest_addr_npi=1,
                destination_addr=NUMBER,
                short_message=part,
                data_coding=coding,
                esm_class=esm_class,
                registered_delivery=True,
            )
        while len(receipts) < len(parts) or len(ids) < len(parts):
            client.read_once()
        client.unbind()
    return ids, parts, receipts


@pytest.mark.parametrize("text", ["Hello, [smpplib] costs 5 €", LONG], ids=["one", "parts"])
async def test_smpplib_sends_by_tls_and_gets_its_receipts(certificate, text):
    async with running(tls_cert=certificate) as simulator:
        ids, parts, receipts = await asyncio.to_thread(
            send_with_smpplib, simulator.port, certificate, text
        )
        assert [submit.message_id for submit in simulator.submits] == ids
        assert [submit.request.short_message for submit in simulator.submits] == parts
        assert [receipt.receipted_message_id.decode() for receipt in receipts] == ids
        assert shown(simulator) == [text]


async def test_smpplib_by_tls_is_told_that_its_password_is_wrong(certificate):
    def bind(port):
        with smpplib_at(port, certificate) as client:
            client.bind_transceiver(system_id=SYSTEM_ID, password="wrong")

    async with running(tls_cert=certificate) as simulator:
        with pytest.raises(smpplib.exceptions.PDUError) as refused:
            await asyncio.to_thread(bind, simulator.port)
        assert refused.value.args[1] == Status.ESME_RINVPASWD


async def test_smpplib_receives_a_text_from_a_handset():
    def receive(port, is_bound):
        heard = []
        with smpplib_at(port) as client:
            client.bind_receiver(system_id=SYSTEM_ID, password=PASSWORD)
            client.set_message_received_handler(lambda pdu: heard.append(pdu))  # noqa: PLW0108  by keyword
            is_bound()
            while not heard:
                client.read_once()
            client.unbind()
        return heard[0]

    async with running() as simulator:
        loop, bound = asyncio.get_running_loop(), asyncio.Event()
        receiving = asyncio.ensure_future(
            asyncio.to_thread(receive, simulator.port, lambda: loop.call_soon_threadsafe(bound.set))
        )
        await bound.wait()
        sent = await simulator.send_from_handset(NUMBER, "1234", "Γειά 🏖")
        heard = await receiving
        assert (heard.source_addr, heard.destination_addr) == (NUMBER.encode(), b"1234")
        assert heard.short_message == "Γειά 🏖".encode("utf-16-be")
        assert sent.responses == ["ESME_ROK"]


@pytest.mark.parametrize("with_tls", [False, True], ids=["plain", "tls"])
async def test_smpp34_sends_gets_its_receipt_and_receives(certificate, monkeypatch, with_tls):
    monkeypatch.setenv(
        "SSL_CERT_FILE", str(certificate)
    )  # whom it trusts can be said by nothing else
    async with running(tls_cert=certificate if with_tls else None) as simulator:
        client = smpp34.Client(
            "127.0.0.1", simulator.port, SYSTEM_ID, PASSWORD, bind_type="TRX", tls=with_tls
        )
        smsc = await client.connect()
        octets = "Γειά 🏖".encode("utf-16-be")
        answer = await smsc.submit_sm(
            NUMBER, octets, source_addr="4455", data_coding=8, registered_delivery=1
        )
        receipt = await smsc.next()
        assert f"id:{answer.message_id} ".encode() in receipt.short_message
        [submit] = simulator.submits
        assert (submit.message_id, submit.request.short_message) == (answer.message_id, octets)
        sent = await simulator.send_from_handset(NUMBER, "4455", "Γειά 🏖")
        assert (await smsc.next()).short_message == octets
        assert sent.responses == ["ESME_ROK"]
        await smsc.unbind()
        await client.stop()
