"""Message centres of raw octets that break the standard: what can be read of them counts."""

import contextlib

import pytest

from simpost.carriers.smpp import SmppCarrier
from simpost.domain.outcomes import Verdict
from simpost.domain.states import State
from simpost.ports.carrier import Link
from simpost.smpp import BindTransceiverResp, DeliverSm, encode
from tests.integration.carriers.centre import part, send, settings, started
from tests.integration.smpp.peers import RawListener

BROKEN_PARTS = {
    "one NUL": "00",
    "half a head": "001E 00",
    "a length beyond the PDU": "001E 0040 31",
    "a good TLV, then one octet": "0427 0001 02 00",
}
RECEIPT = (
    b"id:A1 sub:001 dlvrd:001 submit date:2611280000 done date:2611280001 stat:DELIVRD err:000 "
)
broken_parts = pytest.mark.parametrize("rest", BROKEN_PARTS.values(), ids=BROKEN_PARTS)


def with_rest(pdu, rest):
    """The PDU with octets after its mandatory part, and a command_length that has them."""
    octets = encode(pdu) + bytes.fromhex(rest)
    return len(octets).to_bytes(4, "big") + octets[4:]


@contextlib.asynccontextmanager
async def raw_centre(**changed):
    """A carrier and the raw peer it connected to, before the bind is answered."""
    listener = RawListener()
    await listener.start()
    carrier = SmppCarrier(settings(listener.port, **changed))
    try:
        async with started(carrier) as lane:
            yield carrier, lane, await listener.accept()
    finally:
        await listener.close()


@contextlib.asynccontextmanager
async def raw_bound(rest=""):
    async with raw_centre() as (carrier, lane, peer):
        bind = await peer.receive()
        peer.send_octets(with_rest(BindTransceiverResp(0, bind.sequence_number), rest))
        await lane.until_bound(carrier)
        yield carrier, lane, peer


@broken_parts
async def test_an_answer_with_an_unreadable_end_is_obeyed(rest):
    """It was in doubt and sent again every minute, for two days."""
    async with raw_bound() as (carrier, _, peer):
        for status, expected in (
            (0x00, (Verdict.ACCEPTED, "A1")),
            (0x58, (Verdict.THROTTLED, None)),
            (0x0B, (Verdict.REFUSED, None)),
        ):
            answer = send(carrier, part())
            submit = await peer.receive()
            response = submit.response(status, submit.sequence_number)
            response.message_id = "A1"
            peer.send_octets(with_rest(response, rest))
            outcome = await answer
            assert (outcome.verdict, outcome.carrier_message_id) == expected


@broken_parts
async def test_a_receipt_with_an_unreadable_end_is_a_receipt(rest):
    async with raw_bound() as (_, lane, peer):
        receipt = DeliverSm(0, 7, esm_class=4, source_addr="447700900001", short_message=RECEIPT)
        peer.send_octets(with_rest(receipt, rest))
        told, committed = await lane.receipts.get()
        assert (told.carrier_message_id, told.state) == ("A1", State.DELIVERED)
        committed()
        answer = await peer.receive()
        assert (answer.command_status, answer.sequence_number) == (0, 7)


@broken_parts
async def test_a_bind_answer_with_an_unreadable_end_binds(rest):
    async with raw_bound(rest) as (carrier, _, _peer):
        assert carrier.binds()[0].link is Link.BOUND


async def test_a_text_in_half_a_payload_is_refused_and_not_kept_empty():
    async with raw_bound() as (_, lane, peer):
        peer.send_octets(with_rest(DeliverSm(0, 7, source_addr="447700900001"), "0424 0009 68"))
        answer = await peer.receive()
        assert (answer.command_status, answer.sequence_number) == (0xC0, 7)
        assert lane.receipts.empty()


async def test_a_bind_answered_as_another_bind_is_bound(capsys):
    """OsmoMSC answers bind_receiver as bind_transmitter; it was dialled for ever."""
    listener = RawListener()
    await listener.start()
    carrier = SmppCarrier(settings(listener.port, bind="transmitter_receiver"))
    try:
        async with started(carrier) as lane:
            for peer in (await listener.accept(), await listener.accept()):
                bind = await peer.receive()
                wrong = {0x01: 0x80000002, 0x02: 0x80000001}[bind.command_id]
                octets = encode(bind.response(0, bind.sequence_number))
                peer.send_octets(octets[:4] + wrong.to_bytes(4, "big") + octets[8:])
            await lane.until(lambda: all(bind.link is Link.BOUND for bind in carrier.binds()))
    finally:
        await listener.close()
    assert "it answers bind_receiver" in capsys.readouterr().out
