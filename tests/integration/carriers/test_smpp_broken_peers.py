"""Message centres that break the standard, as raw octets: whatever can be read is used."""

import asyncio
import contextlib
from itertools import pairwise

import pytest

from simpost.carriers.smpp import SmppCarrier
from simpost.domain.outcomes import OutcomeKind
from simpost.domain.states import State
from simpost.ports.carrier import ConnectionState
from simpost.smpp import BindTransceiverResp, DeliverSm, encode
from simpost.smpp.session_protocol import MAX_PDUS_PER_TURN
from tests.integration.carriers.centre import part, send, settings, started
from tests.integration.smpp.peers import RawListener
from tests.turns import until

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
            peer = await listener.accept()
            try:
                yield carrier, lane, peer
            finally:
                await peer.close()  # it answers no unbind
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
async def test_a_response_with_an_unreadable_end_is_applied(rest):
    """Otherwise the part is in doubt and sent again every minute for two days."""
    async with raw_bound() as (carrier, _, peer):
        for status, expected in (
            (0x00, (OutcomeKind.ACCEPTED, "A1")),
            (0x58, (OutcomeKind.THROTTLED, None)),
            (0x0B, (OutcomeKind.REFUSED, None)),
        ):
            answer = send(carrier, part())
            submit = await peer.receive()
            response = submit.response(status, submit.sequence_number)
            response.message_id = "A1"
            peer.send_octets(with_rest(response, rest))
            outcome = await answer
            assert (outcome.kind, outcome.carrier_message_id) == expected


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
        assert carrier.connections()[0].state is ConnectionState.READY


async def test_a_text_in_a_truncated_payload_is_refused_and_not_saved_empty():
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
            await lane.until(
                lambda: all(bind.state is ConnectionState.READY for bind in carrier.connections())
            )
            await listener.close()
    finally:
        await listener.close()
    assert "it answers bind_receiver" in capsys.readouterr().out


async def turns(session, is_over):
    """How many PDUs the session worked through in each turn of the loop, until a condition."""
    seen = []

    def look():
        seen.append(session.pdus_in)
        return is_over()

    await until(look, "the flood is over")
    return [after - before for before, after in pairwise(seen)]


UNREADABLE = b"\0\0\0\x13\0\0\0\5\0\0\0\0\0\0\0\7abc"
UNASKED = b"\0\0\0\x12\x80\0\0\4\0\0\0\0\x7f\0\0\1x\0"
IGNORED = b"\0\0\0\x13\x80\0\0\4\0\0\0\0\x7f\0\0\1x\0\0"


@pytest.mark.parametrize("flood", [UNREADABLE, UNASKED, IGNORED])
async def test_a_flood_is_worked_through_in_bounded_turns_and_few_lines(flood, capsys):
    async with raw_bound() as (carrier, _, peer):
        session = carrier._binds[0].session
        wanted = session.pdus_in + 30_000
        peer.send_octets(flood * 30_000)
        reading = asyncio.create_task(_drop(peer))
        counts = await turns(session, lambda: session.pdus_in >= wanted)
        assert max(counts) <= 2 * MAX_PDUS_PER_TURN
        reading.cancel()
        carrier._binds[0].limited_log.end_period()
        lines = [line for line in capsys.readouterr().out.splitlines() if "carrier=" in line]
        assert len(lines) < 20
        assert sum("lines_suppressed" in line for line in lines) in (1, 2)
        assert carrier.state is ConnectionState.READY


async def _drop(peer):
    while await peer.reader.read(65536):
        pass


async def test_answers_that_came_before_the_link_was_lost_all_count():
    """Though more of them come in one read than a turn works through."""
    async with raw_centre(window=1000) as (carrier, lane, peer):
        peer.answer(await peer.receive())
        await lane.until_bound(carrier)
        answers = [send(carrier, part(f"text {number}")) for number in range(900)]
        submits = [await peer.receive() for _ in answers]
        for submit in submits:
            peer.answer(submit, message_id=f"id{submit.sequence_number}")
        await peer.close()
        outcomes = await asyncio.gather(*answers)
        assert {outcome.kind for outcome in outcomes} == {OutcomeKind.ACCEPTED}
