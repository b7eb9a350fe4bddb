"""Our ESME and our carrier at a message centre by npm's smpp."""

import pytest

from simpost import text
from simpost.carriers.smpp import SmppCarrier
from simpost.domain.outcomes import OutcomeKind
from simpost.domain.states import State
from simpost.smpp import (
    BindReceiver,
    BindRejected,
    BindTransceiver,
    BindTransmitter,
    CloseReason,
    DeliverSmResp,
    MessageState,
    SessionSettings,
    Status,
    SubmitSm,
    connect,
    encode,
    is_receipt,
    parse_receipt,
)
from tests.integration.carriers.centre import part, send, settings, started
from tests.integration.smpp.certificates import tls_contexts
from tests.integration.smpp.peers import Recorder

LONG = "Ωραία! [20 €] {~} as many words as three parts take. "
RECEIPT = (
    "id:{} sub:001 dlvrd:001 submit date:2611221200 done date:2611221201 "
    "stat:DELIVRD err:000 text:hello"
)


async def bound(centre, kind=BindTransceiver, *, settings=None, ssl=None, password="secret"):
    handler = Recorder(answers=True)
    session = await connect(
        "127.0.0.1",
        centre.port,
        kind(system_id="simpost", password=password),
        handler,
        settings or SessionSettings(),
        ssl=ssl,
    )
    return session, handler


def message(**fields):
    return SubmitSm(
        source_addr_ton=5,
        source_addr="simpost",
        dest_addr_ton=1,
        dest_addr_npi=1,
        destination_addr="66812345678",
        registered_delivery=1,
        **fields,
    )


def parts_of(what):
    """As the carrier cuts and encodes a text."""
    segments = text.segment(what)
    encoding, parts = segments.encoding, segments.parts
    for number, words in enumerate(parts, 1):
        header = text.part_header(encoding, reference=7, total=len(parts), number=number, bits=8)
        yield message(
            esm_class=0x40 if header else 0,
            data_coding=8 if encoding == text.UCS2 else 0,
            short_message=header + text.encode(words, encoding),
        )


@pytest.mark.parametrize("with_tls", [False, True], ids=["plain", "tls"])
async def test_a_text_goes_out_and_its_receipt_comes_back(node, tmp_path, with_tls):
    _, trusting = tls_contexts(tmp_path)
    centre = await node("smsc", "secret", *([tmp_path / "mc.pem"] if with_tls else []))
    session, handler = await bound(centre, ssl=trusting if with_tls else None)
    submit = message(short_message=text.encode("hello [€]", text.GSM7))
    response = await session.request(submit)
    assert (response.command_status, response.message_id) == (Status.ESME_ROK, "node-1")
    heard = await centre.heard("submit_sm")
    assert bytes.fromhex(heard["octets"]) == encode(submit)
    assert heard["short_message"]["message"] == "hello [€]"
    assert (heard["source_addr_ton"], heard["source_addr"]) == (5, "simpost")
    assert heard["destination_addr"] == "66812345678"

    centre.say(
        "deliver_sm",
        source_addr="66812345678",
        destination_addr="simpost",
        esm_class=4,
        short_message=RECEIPT.format("node-1").encode(),
        receipted_message_id="node-1",
        message_state=2,
    )
    delivered = await handler.next("request")
    assert is_receipt(delivered)
    assert delivered.short_message == RECEIPT.format("node-1").encode()
    receipt = parse_receipt(delivered)
    assert (receipt.message_id, receipt.state) == ("node-1", MessageState.DELIVERED)
    acknowledged = await centre.heard("deliver_sm_resp")
    assert bytes.fromhex(acknowledged["octets"]) == encode(
        DeliverSmResp(sequence_number=delivered.sequence_number)
    )
    assert await session.unbind() is CloseReason.UNBOUND_BY_US
    await centre.heard("close")


@pytest.mark.parametrize("what", [LONG * 4, LONG.replace("Ωραία", "Hello") * 4, "Γειά 🏖"])
async def test_texts_of_any_alphabet_and_length_are_read_as_they_were_written(node, what):
    centre = await node("smsc", "secret")
    session, _ = await bound(centre)
    read = []
    parts = list(parts_of(what))
    for number, submit in enumerate(parts, 1):
        await session.request(submit)
        heard = await centre.heard("submit_sm")
        assert bytes.fromhex(heard["octets"]) == encode(submit)
        read.append(heard["short_message"]["message"])
        if len(parts) > 1:
            place = bytes((0, 3, 7, len(parts), number)).hex()
            assert heard["short_message"]["udh"] == [{"hex": place}]
    assert "".join(read) == what
    await session.unbind()


async def test_transmitter_and_receiver_share_the_work(node):
    centre = await node("smsc", "secret")
    transmitter, _ = await bound(centre, BindTransmitter)
    assert (await centre.heard("bind_transmitter"))["system_id"] == "simpost"
    await transmitter.request(message(short_message=b"hello"))
    receiver, handler = await bound(centre, BindReceiver)
    assert (await centre.heard("bind_receiver"))["interface_version"] == 0x34
    centre.say("deliver_sm", esm_class=4, receipted_message_id="node-1", message_state=5)
    receipt = parse_receipt(await handler.next("request"))
    assert (receipt.message_id, receipt.state) == ("node-1", MessageState.UNDELIVERABLE)
    assert await transmitter.unbind() is CloseReason.UNBOUND_BY_US
    assert await receiver.unbind() is CloseReason.UNBOUND_BY_US


async def test_a_wrong_password_is_refused(node):
    centre = await node("smsc", "secret")
    with pytest.raises(BindRejected) as refused:
        await bound(centre, password="wrong")
    assert refused.value.status == Status.ESME_RINVPASWD


async def test_both_ends_send_enquire_link(node):
    centre = await node("smsc", "secret")
    session, _ = await bound(centre, settings=SessionSettings(enquire_link_s=0.02))
    for _ in range(2):
        await centre.heard("enquire_link")
    centre.say("enquire_link")
    answered = await centre.heard("enquire_link_resp")
    assert answered["command_status"] == 0
    await session.unbind()


async def test_a_message_centre_that_unbinds_is_answered(node):
    centre = await node("smsc", "secret")
    session, _ = await bound(centre)
    centre.say("unbind")
    assert (await centre.heard("unbind_resp"))["command_status"] == 0
    assert await session.wait_closed() is CloseReason.UNBOUND_BY_PEER


async def test_a_request_out_of_place_is_refused_and_the_link_stays(node):
    centre = await node("smsc", "secret")
    session, _ = await bound(centre)
    centre.say("broadcast_sm", broadcast_area_identifier=[b"\1x"])
    refused = await centre.heard("broadcast_sm_resp")
    assert refused["command_status"] == Status.ESME_RINVBNDSTS
    assert await session.unbind() is CloseReason.UNBOUND_BY_US


@pytest.mark.parametrize("bind", ["transceiver", "transmitter_receiver"])
async def test_the_carrier_sends_parts_by_tls_and_reports_their_outcome(node, tmp_path, bind):
    tls_contexts(tmp_path)
    pem = str(tmp_path / "mc.pem")
    centre = await node("smsc", "secret", pem)
    carrier = SmppCarrier(settings(centre.port, bind=bind, tls=True, tls_ca_file=pem))
    async with started(carrier) as lane:
        await lane.until_bound(carrier)
        read = []
        for number, words in enumerate(("Ελλάδα ", "🏖 and sea"), 1):
            slice_ = part(words, number=number, total=2, encoding="ucs2", reference=0x63)
            outcome = await send(carrier, slice_)
            assert outcome.kind is OutcomeKind.ACCEPTED
            assert outcome.carrier_message_id == f"node-{number}"
            heard = await centre.heard("submit_sm")
            assert (heard["data_coding"], heard["esm_class"] & 0x40) == (8, 0x40)
            assert heard["source_addr"] == "simpost"
            read.append(heard["short_message"]["message"])
        assert "".join(read) == "Ελλάδα 🏖 and sea"
        if bind == "transmitter_receiver":
            await centre.heard("bind_receiver")
        centre.say("deliver_sm", esm_class=4, receipted_message_id="node-2", message_state=2)
        receipt, committed = await lane.receipts.get()
        assert (receipt.carrier_message_id, receipt.state) == ("node-2", State.DELIVERED)
        committed()
        assert (await centre.heard("deliver_sm_resp"))["command_status"] == 0
