"""Our requests: window, order of responses, and requests without a response."""

import asyncio

import pytest

from simpost.smpp import (
    CloseReason,
    DataSm,
    DeliverSmResp,
    EnquireLink,
    FieldError,
    GenericNack,
    ResponseTimeout,
    SessionClosed,
    SessionSettings,
    Status,
    SubmitSm,
    SubmitSmResp,
    Unbind,
    WindowFull,
    encode,
)
from tests.integration.smpp.peers import QUICK_S

QUICK = SessionSettings(response_timeout_s=QUICK_S, enquire_link_s=None)


async def test_responses_find_their_requests_in_any_order(bind_esme):
    session, peer, _ = await bind_esme()
    futures = [session.request(SubmitSm(protocol_id=number)) for number in range(5)]
    requests = [await peer.receive() for _ in futures]
    assert [request.protocol_id for request in requests] == [0, 1, 2, 3, 4]
    for request in reversed(requests):
        peer.answer(request, message_id=f"id{request.protocol_id}")
    responses = await asyncio.gather(*futures)
    assert [response.message_id for response in responses] == [f"id{n}" for n in range(5)]
    assert session.unanswered == 0


async def test_a_refused_submit_is_a_response_not_an_error(bind_esme):
    session, peer, _ = await bind_esme()
    future = session.request(SubmitSm())
    peer.answer(await peer.receive(), Status.ESME_RTHROTTLED)
    assert (await future).command_status == Status.ESME_RTHROTTLED


async def test_an_error_submit_sm_resp_without_a_body_is_a_response(bind_esme):
    session, peer, _ = await bind_esme()
    future = session.request(SubmitSm())
    sequence = (await peer.receive()).sequence_number
    peer.send_octets(bytes.fromhex(f"00000010 80000004 00000400 {sequence:08X}"))
    assert (await future).command_status == 0x400


async def test_a_generic_nack_answers_its_request(bind_esme):
    session, peer, _ = await bind_esme()
    future = session.request(DataSm())
    sequence = (await peer.receive()).sequence_number
    peer.send(GenericNack(Status.ESME_RINVCMDID, sequence))
    assert await future == GenericNack(Status.ESME_RINVCMDID, sequence)


async def test_a_full_window_refuses_and_reports_free_capacity_later(bind_esme):
    """gosmpp#73: without a window the message centre closes the link."""
    session, peer, handler = await bind_esme(SessionSettings(window=2))
    first, second = session.request(SubmitSm()), session.request(SubmitSm())
    assert session.free_window == 0
    with pytest.raises(WindowFull) as refused:
        session.request(SubmitSm())
    assert not refused.value.written
    peer.answer(await peer.receive())
    await first
    assert await handler.next("room") == 1
    peer.answer(await peer.receive())
    await second
    assert session.free_window == 2


async def test_enquire_link_and_unbind_do_not_count_in_the_window(bind_esme):
    session, peer, _ = await bind_esme(SessionSettings(window=1))
    session.request(SubmitSm()).cancel()
    session.request(EnquireLink()).cancel()
    unbinding = asyncio.ensure_future(session.unbind())
    kinds = [type(await peer.receive()) for _ in range(3)]
    assert kinds == [SubmitSm, EnquireLink, Unbind]
    await peer.close()
    await unbinding


async def test_requests_of_one_loop_iteration_share_one_write(bind_esme):
    session, peer, _ = await bind_esme()
    for _ in range(3):
        session.request(SubmitSm()).cancel()
    octets = await peer.reader.read(65536)
    assert len(octets) == 3 * len(encode(SubmitSm()))


async def test_a_response_with_a_sequence_not_ours_is_reported(bind_esme):
    session, peer, handler = await bind_esme()
    future = session.request(SubmitSm())
    request = await peer.receive()
    stray = SubmitSmResp(sequence_number=request.sequence_number + 7, message_id="x")
    peer.send(stray)
    assert await handler.next("unexpected") == stray
    assert not future.done()
    peer.answer(request, message_id="y")
    assert (await future).message_id == "y"


async def test_a_double_response_is_reported_and_changes_nothing(bind_esme):
    session, peer, handler = await bind_esme()
    future = session.request(SubmitSm())
    request = await peer.receive()
    peer.answer(request, message_id="first")
    peer.answer(request, message_id="second")
    assert (await future).message_id == "first"
    assert (await handler.next("unexpected")).message_id == "second"


async def test_a_response_of_another_kind_answers_nothing(bind_esme):
    session, peer, handler = await bind_esme()
    future = session.request(SubmitSm())
    request = await peer.receive()
    peer.send(DeliverSmResp(sequence_number=request.sequence_number))
    assert isinstance(await handler.next("unexpected"), DeliverSmResp)
    assert not future.done()
    peer.answer(request)
    await future


async def test_a_response_with_an_unreadable_end_is_an_answer(bind_esme):
    session, peer, handler = await bind_esme()
    future = session.request(SubmitSm())
    sequence = (await peer.receive()).sequence_number
    peer.send_octets(bytes.fromhex(f"00000015 80000004 00000000 {sequence:08X} 3700 001E00"))
    response = await future
    assert (response.command_status, response.message_id) == (0, "7")
    assert await handler.next("tolerated") == "submit_sm_resp: 3 octets cannot be read"
    peer.send(EnquireLink(sequence_number=3))  # nothing was sent back, and the session lives
    assert (await peer.receive()).sequence_number == 3


async def test_a_request_without_a_response_is_in_doubt_and_a_late_one_is_reported(bind_esme):
    """jasmin#247: the late answer closes what was in doubt."""
    session, peer, handler = await bind_esme(QUICK)
    submit = SubmitSm(destination_addr="66812345678")
    future = session.request(submit)
    request = await peer.receive()
    with pytest.raises(ResponseTimeout) as given_up:
        await future
    assert given_up.value.written
    assert session.unanswered == 0
    peer.answer(request, message_id="late")
    asked, response = await handler.next("late")
    assert asked is submit
    assert response.message_id == "late"
    peer.answer(request, message_id="later")
    assert (await handler.next("unexpected")).message_id == "later"


async def test_a_request_that_timed_out_frees_its_window_slot(bind_esme):
    settings = SessionSettings(window=1, response_timeout_s=QUICK_S, enquire_link_s=None)
    session, _, handler = await bind_esme(settings)
    session.request(SubmitSm()).add_done_callback(asyncio.Future.exception)
    assert session.free_window == 0
    assert await handler.next("room") == 1


async def test_when_the_peer_vanishes_every_request_is_in_doubt(bind_esme):
    session, peer, handler = await bind_esme()
    futures = [session.request(SubmitSm()) for _ in range(3)]
    await peer.receive()
    peer.writer.transport.abort()
    for outcome in await asyncio.gather(*futures, return_exceptions=True):
        assert isinstance(outcome, SessionClosed)
        assert outcome.written
    assert await handler.next("closed") in {
        CloseReason.CONNECTION_LOST,
        CloseReason.CLOSED_BY_PEER,
    }
    with pytest.raises(SessionClosed) as refused:
        session.request(SubmitSm())
    assert not refused.value.written


async def test_requests_that_were_not_written_are_not_in_doubt(bind_esme):
    session, peer, _ = await bind_esme()
    in_doubt = session.request(SubmitSm())
    await peer.receive()
    never_left = session.request(SubmitSm())
    session.abort()
    with pytest.raises(SessionClosed) as first:
        await in_doubt
    with pytest.raises(SessionClosed) as second:
        await never_left
    assert (first.value.written, second.value.written) == (True, False)
    assert first.value.reason is CloseReason.CLOSED_BY_US


async def test_a_pdu_that_cannot_be_encoded_takes_no_window_slot(bind_esme):
    session, peer, _ = await bind_esme()
    with pytest.raises(FieldError):
        session.request(SubmitSm(source_addr="x" * 30))
    assert session.unanswered == 0
    session.request(SubmitSm(source_addr="ok")).cancel()
    assert (await peer.receive()).source_addr == "ok"


async def test_a_response_to_a_request_nobody_awaits_any_more_is_dropped(bind_esme):
    session, peer, handler = await bind_esme()
    session.request(SubmitSm()).cancel()
    peer.answer(await peer.receive())
    future = session.request(SubmitSm())
    peer.answer(await peer.receive())
    await future
    assert "unexpected" not in handler.seen


async def test_a_peer_that_does_not_read_blocks_the_window_until_it_reads(bind_esme):
    session, peer, handler = await bind_esme(SessionSettings(window=10_000))
    peer.reader._limit = 1  # the raw end stops reading: kernel buffers fill, then ours
    big = SubmitSm(tlvs=((0x0424, bytes(60_000)),))
    sent = 0
    while session.free_window:
        session.request(big).cancel()
        sent += 1
        await asyncio.sleep(0)
    assert sent < 1_000
    with pytest.raises(WindowFull):
        session.request(SubmitSm())
    peer.reader._limit = 1 << 20
    for _ in range(sent):
        await peer.receive()
    assert await handler.next("room") > 0


async def test_a_pdu_cut_in_the_middle_is_read_when_the_rest_comes(bind_esme):
    session, peer, _ = await bind_esme()
    future = session.request(SubmitSm())
    request = await peer.receive()
    whole = encode(SubmitSmResp(sequence_number=request.sequence_number, message_id="cut"))
    for octet in whole:
        peer.send_octets(bytes((octet,)))
        await peer.writer.drain()
        await asyncio.sleep(0)
    assert (await future).message_id == "cut"


async def test_a_link_cut_in_the_middle_of_a_pdu_is_in_doubt(bind_esme):
    session, peer, handler = await bind_esme()
    future = session.request(SubmitSm())
    request = await peer.receive()
    whole = encode(SubmitSmResp(sequence_number=request.sequence_number, message_id="cut"))
    peer.send_octets(whole[:-3])
    await peer.close()
    with pytest.raises(SessionClosed) as lost:
        await future
    assert lost.value.written
    assert await handler.next("closed") is CloseReason.CLOSED_BY_PEER
