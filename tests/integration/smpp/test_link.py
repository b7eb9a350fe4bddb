"""Keeping and closing a link: enquire_link, inactivity, unbind, bad octets."""

import asyncio

import pytest

from simpost.smpp import (
    BindReceiver,
    BindTransceiver,
    BindTransmitter,
    CloseReason,
    DeliverSm,
    DeliverSmResp,
    EnquireLink,
    EnquireLinkResp,
    FatalPduError,
    GenericNack,
    NotAllowed,
    QuerySm,
    SessionSettings,
    SessionState,
    Status,
    SubmitSm,
    SubmitSmResp,
    Unbind,
    UnbindResp,
    UnknownPdu,
)
from tests.integration.smpp.peers import QUICK_S


async def test_the_peers_enquire_link_is_answered(bind_esme):
    _, peer, handler = await bind_esme()
    peer.send(EnquireLink(sequence_number=77))
    assert await peer.receive() == EnquireLinkResp(0, 77)
    assert "request" not in handler.seen


async def test_a_silent_link_gets_an_enquire_link_and_a_response_keeps_it(bind_esme):
    settings = SessionSettings(enquire_link_s=QUICK_S / 5, response_timeout_s=30)
    session, peer, _ = await bind_esme(settings)
    for _ in range(3):
        enquiry = await peer.receive()
        assert isinstance(enquiry, EnquireLink)
        peer.answer(enquiry)
    assert session.state is SessionState.BOUND_TRX


async def test_an_unanswered_enquire_link_closes(bind_esme):
    """smpplib#43: a half-open socket is noticed, and what waits is handed back."""
    settings = SessionSettings(enquire_link_s=QUICK_S / 5, response_timeout_s=QUICK_S)
    session, _, handler = await bind_esme(settings)
    assert await handler.next("closed") is CloseReason.ENQUIRE_LINK_TIMEOUT
    assert session.state is SessionState.CLOSED


async def test_an_unreadable_enquire_link_resp_still_shows_the_peer_is_alive(bind_esme):
    """And the next silence is asked about again: else a half-open socket stays for ever."""
    settings = SessionSettings(enquire_link_s=QUICK_S / 5, response_timeout_s=30)
    session, peer, handler = await bind_esme(settings)
    for _ in range(2):
        sequence = (await peer.receive()).sequence_number
        head = bytes.fromhex("00000012 80000015 00000000") + sequence.to_bytes(4, "big")
        peer.send_octets(head + b"\x14\0")
        assert await handler.next("tolerated") == "enquire_link_resp: 2 octets cannot be read"
    assert session.state is SessionState.BOUND_TRX


async def test_an_unbind_resp_that_cannot_be_read_ends_the_link(bind_esme):
    session, peer, _ = await bind_esme()
    unbinding = asyncio.ensure_future(session.unbind())
    sequence = (await peer.receive()).sequence_number
    head = bytes.fromhex("00000012 80000006 00000000") + sequence.to_bytes(4, "big")
    peer.send_octets(head + b"\x14\0")
    assert await unbinding is CloseReason.UNBOUND_BY_US


async def test_a_peer_that_ignores_enquire_link_but_talks_is_alive(bind_esme):
    settings = SessionSettings(enquire_link_s=QUICK_S / 5, response_timeout_s=4 * QUICK_S)
    session, peer, handler = await bind_esme(settings)
    for number in range(1, 4):
        assert isinstance(await peer.receive(), EnquireLink)
        peer.send(DeliverSm(sequence_number=number))
        await handler.next("request")
    assert session.state is SessionState.BOUND_TRX


async def test_an_inactive_link_is_unbound_though_enquire_links_pass(bind_esme):
    settings = SessionSettings(
        enquire_link_s=QUICK_S / 5, inactivity_timeout_s=QUICK_S, response_timeout_s=30
    )
    _, peer, handler = await bind_esme(settings)
    while not isinstance(asked := await peer.receive(), Unbind):
        peer.answer(asked)
    peer.answer(asked)
    assert await handler.next("closed") is CloseReason.INACTIVE


async def test_unbind_waits_for_its_answer_then_closes(bind_esme):
    """jasmin#809: a message centre that is not told keeps the bind and refuses the next one."""
    session, peer, handler = await bind_esme()
    unbinding = asyncio.ensure_future(session.unbind())
    unbind = await peer.receive()
    assert isinstance(unbind, Unbind)
    assert session.free_window == 0
    with pytest.raises(NotAllowed, match="while unbinding"):
        session.request(SubmitSm())
    peer.answer(unbind)
    assert await unbinding is CloseReason.UNBOUND_BY_US
    assert await peer.is_closed()
    assert await handler.next("closed") is CloseReason.UNBOUND_BY_US
    assert await session.unbind() is CloseReason.UNBOUND_BY_US


async def test_responses_that_come_before_the_unbind_answer_still_count(bind_esme):
    session, peer, _ = await bind_esme()
    future = session.request(SubmitSm())
    unbinding = asyncio.ensure_future(session.unbind())
    submit, unbind = await peer.receive(), await peer.receive()
    peer.answer(submit, message_id="7")
    peer.answer(unbind)
    assert (await future).message_id == "7"
    await unbinding


async def test_a_receipt_can_be_acknowledged_while_unbinding(bind_esme):
    session, peer, handler = await bind_esme()
    peer.send(DeliverSm(sequence_number=5))
    receipt = await handler.next("request")
    unbinding = asyncio.ensure_future(session.unbind())
    unbind = await peer.receive()
    assert session.respond(receipt, DeliverSmResp())
    assert await peer.receive() == DeliverSmResp(sequence_number=5)
    peer.answer(unbind)
    await unbinding


async def test_an_unanswered_unbind_closes_in_time(bind_esme):
    """smpplib#48."""
    session, peer, _ = await bind_esme(SessionSettings(unbind_timeout_s=QUICK_S))
    assert await session.unbind() is CloseReason.UNBIND_TIMEOUT
    assert await peer.is_closed()


async def test_an_unbind_refused_by_generic_nack_closes(bind_esme):
    session, peer, _ = await bind_esme()
    unbinding = asyncio.ensure_future(session.unbind())
    peer.send(GenericNack(Status.ESME_RINVCMDID, (await peer.receive()).sequence_number))
    assert await unbinding is CloseReason.UNBOUND_BY_US


async def test_a_peer_that_closes_instead_of_answering_the_unbind_has_unbound(bind_esme):
    """smpp34's server does."""
    session, peer, _ = await bind_esme()
    unbinding = asyncio.ensure_future(session.unbind())
    assert isinstance(await peer.receive(), Unbind)
    await peer.close()
    assert await unbinding is CloseReason.UNBOUND_BY_US


async def test_the_peers_unbind_is_answered_and_the_link_closed(bind_esme):
    _, peer, handler = await bind_esme()
    peer.send(Unbind(sequence_number=9))
    assert await peer.receive() == UnbindResp(0, 9)
    assert await peer.is_closed()
    assert await handler.next("closed") is CloseReason.UNBOUND_BY_PEER


async def test_closing_twice_in_any_way_reports_one_end(bind_esme):
    session, _, handler = await bind_esme()
    session.close()
    session.close(CloseReason.PROTOCOL_ERROR)
    session.abort()
    assert await session.unbind() is CloseReason.CLOSED_BY_US
    assert await session.wait_closed() is CloseReason.CLOSED_BY_US
    assert handler.seen["closed"] == [CloseReason.CLOSED_BY_US]


async def test_closing_is_bounded_when_the_peer_does_not_read(bind_esme):
    session, _, _ = await bind_esme(SessionSettings(window=10_000, unbind_timeout_s=QUICK_S))
    while session.free_window:
        session.request(SubmitSm(tlvs=((0x0424, bytes(60_000)),))).cancel()
        await asyncio.sleep(0)
    session.close()
    assert await session.wait_closed() is CloseReason.CLOSED_BY_US


async def test_an_unknown_command_is_nacked_and_the_link_lives(bind_esme):
    """SMPP 3.4 4.3."""
    _, peer, handler = await bind_esme()
    peer.send(UnknownPdu(command_id=0x99, sequence_number=4, body=b"?"))
    assert await peer.receive() == GenericNack(Status.ESME_RINVCMDID, 4)
    peer.send(EnquireLink(sequence_number=5))
    assert await peer.receive() == EnquireLinkResp(0, 5)
    assert "request" not in handler.seen


async def test_an_unknown_response_is_reported_not_nacked(bind_esme):
    _, peer, handler = await bind_esme()
    stray = UnknownPdu(command_id=0x80000099, sequence_number=4)
    peer.send(stray, EnquireLink(sequence_number=5))
    assert await handler.next("unexpected") == stray
    assert await peer.receive() == EnquireLinkResp(0, 5)


async def test_a_bad_request_is_refused_by_its_own_response_and_the_next_is_read(bind_esme):
    _, peer, handler = await bind_esme()
    peer.send_octets(bytes.fromhex("00000014 00000005 00000000 00000006 00010100"))
    peer.send(DeliverSm(sequence_number=7))
    assert await peer.receive() == DeliverSmResp(Status.ESME_RINVCMDLEN, 6)
    assert (await handler.next("malformed")).sequence_number == 6
    assert (await handler.next("request")).sequence_number == 7


async def test_a_bad_alert_is_nacked_because_it_has_no_response(bind_esme):
    _, peer, _ = await bind_esme()
    peer.send_octets(bytes.fromhex("00000012 00000102 00000000 00000006 0001"))
    assert await peer.receive() == GenericNack(Status.ESME_RINVCMDLEN, 6)


@pytest.mark.parametrize("length", ["00000000", "0000000F", "00010001", "FFFFFFFF"])
async def test_an_impossible_command_length_is_nacked_and_closes_the_link(bind_esme, length):
    _, peer, handler = await bind_esme()
    peer.send_octets(bytes.fromhex(f"{length} 00000005 00000000 00000006"))
    assert await peer.receive() == GenericNack(Status.ESME_RINVCMDLEN, 6)
    assert await peer.is_closed()
    assert isinstance(await handler.next("malformed"), FatalPduError)
    assert await handler.next("closed") is CloseReason.PROTOCOL_ERROR


@pytest.mark.parametrize(
    ("bind", "request_pdu"),
    [
        (BindTransmitter(), DeliverSm(sequence_number=3)),
        (BindReceiver(), SubmitSm(sequence_number=3)),
        (BindTransceiver(), QuerySm(sequence_number=3)),
        (BindTransceiver(), BindTransceiver(sequence_number=3)),
    ],
)
async def test_a_request_out_of_place_is_refused(bind_esme, bind, request_pdu):
    _, peer, handler = await bind_esme(request=bind)
    peer.send(request_pdu)
    refusal = await peer.receive()
    assert type(refusal) is request_pdu.response
    assert refusal.command_status == Status.ESME_RINVBNDSTS
    assert "request" not in handler.seen


async def test_a_receipt_is_acknowledged_only_when_the_handler_says_so(bind_esme):
    session, peer, handler = await bind_esme()
    peer.send(DeliverSm(sequence_number=5), DeliverSm(sequence_number=6))
    first, second = await handler.next("request"), await handler.next("request")
    peer.send(EnquireLink(sequence_number=7))
    assert await peer.receive() == EnquireLinkResp(0, 7)
    assert session.unacked == 2
    assert session.respond(second, DeliverSmResp())
    assert session.refuse(first, Status.ESME_RX_T_APPN)
    assert await peer.receive() == DeliverSmResp(sequence_number=6)
    assert await peer.receive() == DeliverSmResp(Status.ESME_RX_T_APPN, 5)
    assert session.unacked == 0


async def test_answering_twice_or_too_late_writes_nothing(bind_esme):
    session, peer, handler = await bind_esme()
    peer.send(DeliverSm(sequence_number=5), DeliverSm(sequence_number=6))
    first, second = await handler.next("request"), await handler.next("request")
    assert session.respond(first, DeliverSmResp())
    assert not session.respond(first, DeliverSmResp())
    assert await peer.receive() == DeliverSmResp(sequence_number=5)
    await peer.close()
    await session.wait_closed()
    assert not session.respond(second, DeliverSmResp())


async def test_requests_with_one_sequence_number_are_each_answered(bind_esme):
    """A message centre that counts wrong still gets one answer for each."""
    session, peer, handler = await bind_esme()
    peer.send(DeliverSm(sequence_number=5), DeliverSm(sequence_number=5))
    for _ in range(2):
        assert session.respond(await handler.next("request"), DeliverSmResp())
        assert await peer.receive() == DeliverSmResp(sequence_number=5)


async def test_a_sequence_number_over_the_standards_limit_is_answered_as_it_came(bind_esme):
    session, peer, handler = await bind_esme()
    peer.send(DeliverSm(sequence_number=0xFFFFFFFF))
    session.respond(await handler.next("request"), DeliverSmResp())
    assert await peer.receive() == DeliverSmResp(sequence_number=0xFFFFFFFF)


async def test_more_unacknowledged_requests_than_allowed_are_refused_for_now(bind_esme):
    """And responses to our own requests flow all the same."""
    session, peer, handler = await bind_esme(SessionSettings(max_unacked=2))
    peer.send(*(DeliverSm(sequence_number=number) for number in (1, 2, 3)))
    assert await peer.receive() == DeliverSmResp(Status.ESME_RMSGQFUL, 3)
    future = session.request(SubmitSm())
    peer.answer(await peer.receive(), message_id="flows")
    assert isinstance(await future, SubmitSmResp)
    session.respond(await handler.next("request"), DeliverSmResp())
    assert await peer.receive() == DeliverSmResp(sequence_number=1)
    peer.send(DeliverSm(sequence_number=4))
    assert (await handler.next("request")).sequence_number == 2
    assert (await handler.next("request")).sequence_number == 4


async def test_the_session_counts_its_pdus(bind_esme):
    session, peer, _ = await bind_esme()
    peer.send(EnquireLink(sequence_number=1))
    await peer.receive()
    assert (session.pdus_in, session.pdus_out) == (2, 2)
