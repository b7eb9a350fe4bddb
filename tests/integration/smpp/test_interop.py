"""Against implementations by others: smpplib (blocking) and smpp34 (Rust), as peers."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
import smpp34
import smpplib.client
import smpplib.consts
import smpplib.exceptions

from simpost.smpp import (
    BindTransceiver,
    CloseReason,
    DeliverSm,
    DeliverSmResp,
    MessageState,
    Pdu,
    Session,
    SessionHandler,
    SessionState,
    Status,
    SubmitSm,
    SubmitSmResp,
    connect,
    decode,
    encode,
    format_receipt,
    is_receipt,
    parse_receipt,
    receipt_tlvs,
)
from tests.integration.smpp.peers import Recorder
from tests.unit.smpp.vectors import VECTORS

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


class MessageCentre(SessionHandler):
    """Accepts every message, and sends a delivered receipt after the response."""

    def __init__(self) -> None:
        self.submitted: list[SubmitSm] = []
        self.acknowledged: asyncio.Queue[Pdu] = asyncio.Queue()
        self.closed: asyncio.Queue[CloseReason] = asyncio.Queue()

    def on_request(self, session: Session, request: Pdu) -> None:
        assert isinstance(request, SubmitSm)
        self.submitted.append(request)
        message_id = f"{len(self.submitted):08X}"
        session.respond(request, SubmitSmResp(message_id=message_id))
        if request.registered_delivery:
            session.request(self._receipt(request, message_id)).add_done_callback(
                lambda future: self.acknowledged.put_nowait(future.result())
            )

    def on_closed(self, session: Session, reason: CloseReason) -> None:
        self.closed.put_nowait(reason)

    def _receipt(self, submit: SubmitSm, message_id: str) -> DeliverSm:
        state = MessageState.DELIVERED
        return DeliverSm(
            source_addr=submit.destination_addr,
            destination_addr=submit.source_addr,
            esm_class=4,
            short_message=format_receipt(message_id, state, submitted=NOON, done=NOON),
            tlvs=receipt_tlvs(message_id, state),
        )


async def in_thread(work: Callable[[], Any]) -> Any:
    return await asyncio.get_running_loop().run_in_executor(None, work)


@pytest.fixture
async def centre(server_of):
    server, _ = await server_of()
    server._handler = handler = MessageCentre()
    return server.port, handler


async def test_smpplib_binds_submits_and_gets_its_receipt(centre):
    port, handler = centre

    def esme() -> tuple[list[tuple[str, int]], list[tuple[bytes, str]]]:
        answers: list[tuple[str, int]] = []
        receipts: list[tuple[bytes, str]] = []
        client = smpplib.client.Client("127.0.0.1", port, timeout=40, allow_unknown_opt_params=True)
        client.set_message_sent_handler(
            lambda pdu: answers.append((pdu.message_id.decode(), pdu.status))
        )
        client.set_message_received_handler(
            lambda pdu: receipts.append((pdu.short_message, pdu.receipted_message_id))
        )
        client.connect()
        client.bind_transceiver(system_id="esme", password="pw")
        client.send_message(
            source_addr="simpost",
            source_addr_ton=5,
            destination_addr="66812345678",
            dest_addr_ton=1,
            dest_addr_npi=1,
            short_message=b"hi \xff",
            registered_delivery=1,
        )
        while not receipts:
            client.read_once()
        client.unbind()
        client.disconnect()
        return answers, receipts

    answers, receipts = await in_thread(esme)
    assert answers == [("00000001", 0)]
    assert receipts[0][0].startswith(b"id:00000001 ")
    submit = handler.submitted[0]
    assert (submit.source_addr_ton, submit.source_addr) == (5, "simpost")
    assert (submit.destination_addr, submit.short_message) == ("66812345678", b"hi \xff")
    assert await handler.acknowledged.get() == DeliverSmResp(sequence_number=1)
    assert await handler.closed.get() is CloseReason.UNBOUND_BY_PEER


async def test_smpplib_is_told_that_its_password_is_wrong(centre):
    port, _ = centre

    def esme() -> str:
        client = smpplib.client.Client("127.0.0.1", port, timeout=40, allow_unknown_opt_params=True)
        client.connect()
        try:
            client.bind_transmitter(system_id="esme", password="no")
        except smpplib.exceptions.PDUError as error:
            return str(error)
        finally:
            client.disconnect()
        return "bound"

    assert f"({int(Status.ESME_RINVPASWD)})" in await in_thread(esme)


@pytest.mark.parametrize("bind_type", ["TRX", "TX"])
async def test_smpp34_binds_and_submits_and_gets_its_receipt(centre, bind_type):
    port, handler = centre
    client = smpp34.Client("127.0.0.1", port, "esme", "pw", bind_type=bind_type, window_size=10)
    centre_seen = await client.connect()
    wants_receipt = bind_type == "TRX"
    answers = await asyncio.gather(
        *(
            centre_seen.submit_sm(
                "66812345678",
                b"hi",
                source_addr="simpost",
                registered_delivery=1 if wants_receipt and number == 0 else 0,
                tlvs=[smpp34.Tlv(0x0204, b"\0\x07")],
            )
            for number in range(50)
        )
    )
    assert sorted(answer.message_id for answer in answers) == [f"{n:08X}" for n in range(1, 51)]
    assert {submit.tlv(0x0204) for submit in handler.submitted} == {b"\0\x07"}
    if wants_receipt:
        event = await centre_seen.next()
        assert event.short_message.startswith(b"id:")
        assert [tlv.tag for tlv in event.tlvs] == [0x001E, 0x0427]
        assert (await handler.acknowledged.get()).command_status == Status.ESME_ROK
    await centre_seen.unbind()
    assert await handler.closed.get() is CloseReason.UNBOUND_BY_PEER
    await client.stop()


async def test_smpp34_is_told_that_its_password_is_wrong(centre):
    port, handler = centre
    client = smpp34.Client("127.0.0.1", port, "esme", "no", connect_timeout_ms=500)
    with pytest.raises(smpp34.SmppError):
        await client.connect()
    assert await handler.closed.get() is CloseReason.BIND_REFUSED
    await client.stop()


async def test_we_bind_to_smpp34_submit_and_take_its_receipt(unused_tcp_port):
    server = smpp34.Server("127.0.0.1", unused_tcp_port)
    await server.start()
    handler = Recorder(answers=True)
    session = await connect(
        "127.0.0.1", unused_tcp_port, BindTransceiver(system_id="us", password="pw"), handler
    )
    esme = await server.next()
    assert (esme.system_id, session.state) == ("us", SessionState.BOUND_TRX)

    sending = session.request(SubmitSm(destination_addr="66812345678", short_message=b"\0\xff"))
    event = await server.next()
    assert (event.destination_addr, event.short_message) == ("66812345678", b"\0\xff")
    event.accept("0A1B")
    response = await sending
    assert isinstance(response, SubmitSmResp)
    assert response.message_id == "0A1B"

    text = format_receipt("0A1B", MessageState.EXPIRED, submitted=NOON, done=NOON, error="027")
    delivered = await esme.deliver_sm("us", text, source_addr="66812345678", esm_class=4)
    assert delivered.is_success
    receipt = await handler.next("request")
    assert is_receipt(receipt)
    read = parse_receipt(receipt)
    assert (read.message_id, read.state, read.error) == ("0A1B", MessageState.EXPIRED, "027")

    refusing = session.request(SubmitSm(destination_addr="1"))
    (await server.next()).reject(Status.ESME_RINVDSTADR)
    assert (await refusing).command_status == Status.ESME_RINVDSTADR
    assert await session.unbind() is CloseReason.UNBOUND_BY_US
    await server.stop()


@pytest.mark.parametrize(
    "vector",
    [v for v in VECTORS if isinstance(v.pdu, SubmitSm | DeliverSm)],
    ids=lambda vector: vector.name,
)
def test_smpp34_reads_and_writes_the_same_octets(vector):
    theirs = smpp34.decode(vector.octets)
    assert theirs.source_addr == vector.pdu.source_addr
    assert theirs.destination_addr == vector.pdu.destination_addr
    assert theirs.short_message == vector.pdu.short_message
    assert theirs.validity_period == vector.pdu.validity_period
    assert [(tlv.tag, tlv.value) for tlv in theirs.tlvs] == list(vector.pdu.tlvs)
    assert decode(theirs.encode()) == vector.pdu
    assert smpp34.decode(encode(vector.pdu)).encode() == theirs.encode()
