"""The message centre's side, to ESMEs that misbehave."""

import asyncio
import contextlib
import gc
import socket
import ssl

import pytest

from simpost.smpp import (
    BindReceiver,
    BindRejected,
    BindTransceiver,
    BindTransceiverResp,
    BindTransmitter,
    CloseReason,
    ConnectFailed,
    DeliverSm,
    EnquireLink,
    EnquireLinkResp,
    FieldError,
    Outbind,
    SessionSettings,
    SessionState,
    Status,
    SubmitSm,
    SubmitSmResp,
    connect,
    listen_for_outbind,
    serve,
)
from tests.integration.smpp.certificates import tls_contexts
from tests.integration.smpp.peers import QUICK_S, Recorder

BIND = BindTransceiver(system_id="esme", password="pw")


@pytest.mark.parametrize(
    ("bind", "status"),
    [
        (BindTransceiver(system_id="other", password="pw"), Status.ESME_RINVSYSID),
        (BindTransmitter(system_id="esme", password="no"), Status.ESME_RINVPASWD),
        (BindReceiver(system_id="esme", password=""), Status.ESME_RINVPASWD),
    ],
)
async def test_a_wrong_bind_is_refused_by_its_status_and_closed(server_of, bind, status):
    server, handler = await server_of()
    with pytest.raises(BindRejected) as refused:
        await connect("127.0.0.1", server.port, bind, Recorder())
    assert refused.value.command_status == status
    assert await handler.next("closed") is CloseReason.BIND_REFUSED
    assert not server.sessions


async def test_a_bind_is_checked_without_blocking_others(server_of):
    release = asyncio.Event()

    async def authenticate(bind, _peer):
        if bind.system_id == "slow":
            await release.wait()
        return Status.ESME_ROK

    server, _ = await server_of(authenticate=authenticate)
    slow = asyncio.ensure_future(
        connect("127.0.0.1", server.port, BindTransceiver(system_id="slow"), Recorder())
    )
    quick = await connect("127.0.0.1", server.port, BIND, Recorder())
    assert not slow.done()
    release.set()
    for session in (await slow, quick):
        assert session.state is SessionState.BOUND_TRX
        await session.unbind()


async def test_requests_while_the_bind_is_checked_are_refused(server_of, dial):
    release = asyncio.Event()

    async def authenticate(_bind, _peer):
        await release.wait()
        return Status.ESME_ROK

    server, _ = await server_of(authenticate=authenticate)
    esme = await dial(server.port)
    esme.send(BIND, SubmitSm(sequence_number=2), BindTransceiver(sequence_number=3))
    assert await esme.receive() == SubmitSmResp(Status.ESME_RINVBNDSTS, 2)
    assert await esme.receive() == BindTransceiverResp(Status.ESME_RALYBND, 3)
    release.set()
    assert (await esme.receive()).command_status == Status.ESME_ROK


async def test_a_bind_whose_peer_has_left_gets_no_response(server_of, dial):
    release = asyncio.Event()

    async def authenticate(_bind, _peer):
        await release.wait()
        return Status.ESME_ROK

    server, handler = await server_of(authenticate=authenticate)
    esme = await dial(server.port)
    esme.send(EnquireLink(sequence_number=1), BIND)
    await esme.receive()
    await esme.close()
    assert await handler.next("closed") is CloseReason.CLOSED_BY_PEER
    release.set()
    await asyncio.gather(*server._checks)
    assert "bound" not in handler.seen


async def test_a_connection_that_never_binds_is_closed_in_time(server_of, dial):
    server, handler = await server_of(SessionSettings(session_init_timeout_s=QUICK_S))
    esme = await dial(server.port)
    esme.send(EnquireLink(sequence_number=1))
    assert await esme.receive() == EnquireLinkResp(0, 1)  # and it does not buy time
    assert await esme.is_closed()
    assert await handler.next("closed") is CloseReason.BIND_TIMEOUT


async def test_a_second_bind_is_refused_and_the_first_stays(server_of, dial):
    server, _ = await server_of(answers=True)
    esme = await dial(server.port)
    esme.send(BIND)
    await esme.receive()
    esme.send(BindTransceiver(sequence_number=2), SubmitSm(sequence_number=3))
    assert await esme.receive() == BindTransceiverResp(Status.ESME_RALYBND, 2)
    assert await esme.receive() == SubmitSmResp(sequence_number=3)


async def test_nothing_but_a_bind_is_taken_before_the_bind(server_of, dial):
    server, handler = await server_of()
    esme = await dial(server.port)
    esme.send(SubmitSm(sequence_number=2))
    assert await esme.receive() == SubmitSmResp(Status.ESME_RINVBNDSTS, 2)
    assert "request" not in handler.seen


@pytest.mark.parametrize(
    ("asked", "ours", "tlvs", "agreed"),
    [
        (0x34, 0x34, ((0x0210, b"\x34"),), 0x34),
        (0x50, 0x50, ((0x0210, b"\x50"),), 0x50),
        (0x50, 0x34, ((0x0210, b"\x34"),), 0x34),
        (0x33, 0x50, (), 0x33),
    ],
)
async def test_the_bind_answer_names_our_version(server_of, dial, asked, ours, tlvs, agreed):
    """To an ESME older than 3.4 no TLV is sent: it could not read one."""
    server, handler = await server_of(SessionSettings(interface_version=ours), system_id="mc")
    esme = await dial(server.port)
    esme.send(
        BindTransceiver(sequence_number=1, system_id="esme", password="pw", interface_version=asked)
    )
    assert await esme.receive() == BindTransceiverResp(0, 1, tlvs, "mc")
    assert (await handler.next("bound")).interface_version == agreed


async def test_more_connections_than_allowed_are_closed_at_once(server_of, dial):
    server, handler = await server_of(max_sessions=1)
    session = await connect("127.0.0.1", server.port, BIND, Recorder())
    assert await (await dial(server.port)).is_closed()
    assert await handler.next("closed") is CloseReason.TOO_MANY_SESSIONS
    await session.unbind()
    assert await handler.next("closed") is CloseReason.UNBOUND_BY_PEER
    again = await connect("127.0.0.1", server.port, BIND, Recorder())
    await again.unbind()


async def test_a_message_and_its_receipt_cross_one_link(server_of):
    server, at_mc = await server_of()
    at_esme = Recorder(answers=True)
    esme = await connect("127.0.0.1", server.port, BIND, at_esme)
    sending = esme.request(SubmitSm(destination_addr="66812345678", short_message=b"hi"))
    submit = await at_mc.next("request")
    mc = at_mc.session
    assert (submit.destination_addr, submit.short_message) == ("66812345678", b"hi")
    mc.respond(submit, SubmitSmResp(message_id="7"))
    assert (await sending).message_id == "7"
    acknowledged = await mc.request(DeliverSm(esm_class=4, short_message=b"id:7 stat:DELIVRD"))
    assert acknowledged.command_status == Status.ESME_ROK
    assert (await at_esme.next("request")).short_message == b"id:7 stat:DELIVRD"
    await esme.unbind()


async def test_closing_unbinds_every_session(server_of):
    server, _ = await server_of()
    handlers = [Recorder(), Recorder()]
    for handler in handlers:
        await connect("127.0.0.1", server.port, BIND, handler)
    port = server.port
    await server.close()
    for handler in handlers:
        assert await handler.next("closed") is CloseReason.UNBOUND_BY_PEER
    assert not server.sessions
    with pytest.raises(ConnectFailed):
        await connect("127.0.0.1", port, BIND, Recorder())


@pytest.mark.parametrize("turns", range(6))
async def test_a_connection_accepted_while_it_closes_is_closed_too(server_of, turns):
    """What asyncio accepts takes some turns of its loop; forgotten on its way, it stays open."""
    server, _ = await server_of()
    with socket.create_connection(("127.0.0.1", server.port)) as esme:
        for _ in range(turns):
            await asyncio.sleep(0)
        await server.close()
        esme.settimeout(30)
        with contextlib.suppress(ConnectionResetError):
            assert not esme.recv(1)
    gc.collect()  # a connection that was forgotten says so


async def test_outbind_makes_an_esme_bind_and_receive(server_of):
    server, at_mc = await server_of()
    at_esme = Recorder()
    listening = await listen_for_outbind("127.0.0.1", 0, at_esme)
    calling = await server.outbind(
        "127.0.0.1", listening.port, Outbind(system_id="mc", password="pw")
    )
    assert calling.state is SessionState.OUTBOUND
    assert (await at_esme.next("request")).system_id == "mc"
    esme = at_esme.session
    await esme.request(BindReceiver(system_id="esme", password="pw"))
    assert await at_mc.next("bound") is calling
    assert (calling.state, esme.state) == (SessionState.BOUND_RX, SessionState.BOUND_RX)
    delivering = calling.request(DeliverSm())
    esme.respond(received := await at_esme.next("request"), received.response())
    assert (await delivering).command_status == Status.ESME_ROK
    await calling.unbind()
    await listening.close()


@pytest.mark.parametrize("turns", range(6))
async def test_an_outbind_connection_accepted_during_a_close_is_closed_too(turns):
    listening = await listen_for_outbind("127.0.0.1", 0, Recorder())
    with socket.create_connection(("127.0.0.1", listening.port)) as mc:
        for _ in range(turns):
            await asyncio.sleep(0)
        await listening.close()
        mc.settimeout(30)
        with contextlib.suppress(ConnectionResetError):
            assert not await asyncio.to_thread(mc.recv, 1)
    gc.collect()  # a connection that was forgotten says so


async def test_an_esme_that_was_called_may_not_bind_to_transmit_only(server_of, listener):
    """SMPP 3.4 table 2-1; and it is told so as it is: it is not bound already."""
    server, _ = await server_of()
    await server.outbind("127.0.0.1", listener.port, Outbind(system_id="mc", password="pw"))
    peer = await listener.accept()
    await peer.receive()
    peer.send(BindTransmitter(sequence_number=1, system_id="esme", password="pw"))
    assert (await peer.receive()).command_status == Status.ESME_RINVBNDSTS


async def test_an_outbind_without_a_listener_is_a_clear_error(server_of):
    server, _ = await server_of()
    unused = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)
    port = unused.sockets[0].getsockname()[1]
    unused.close()
    await unused.wait_closed()
    with pytest.raises(ConnectFailed):
        await server.outbind("127.0.0.1", port, Outbind())


async def test_a_name_no_bind_answer_can_hold_is_refused_at_once():
    with pytest.raises(FieldError):
        await serve("127.0.0.1", 0, lambda *_: 0, Recorder(), system_id="sixteen or more!")


async def test_a_handler_that_raises_ends_the_link_and_returns_unanswered_requests(
    server_of, monkeypatch
):
    server, _ = await server_of()
    reported = []
    asyncio.get_running_loop().set_exception_handler(lambda _loop, what: reported.append(what))

    class Buggy(Recorder):
        def on_request(self, session, request):
            raise RuntimeError("a bug")

    handler = Buggy()
    session = await connect("127.0.0.1", server.port, BIND, handler)
    waiting = session.request(SubmitSm())
    (mc,) = server.sessions
    mc.request(DeliverSm()).add_done_callback(asyncio.Future.exception)
    assert await handler.next("closed") is CloseReason.CONNECTION_LOST
    assert waiting.exception().written
    assert isinstance(reported[0]["exception"], RuntimeError)


async def test_tls_carries_a_session_and_a_wrong_certificate_is_refused(server_of, tmp_path):
    server_context, client_context = tls_contexts(tmp_path)
    server, _ = await server_of(answers=True, ssl=server_context)
    session = await connect("127.0.0.1", server.port, BIND, Recorder(), ssl=client_context)
    big = SubmitSm(tlvs=((0x0424, bytes(50_000)),))
    assert (await session.request(big)).command_status == Status.ESME_ROK
    assert await session.unbind() is CloseReason.UNBOUND_BY_US
    with pytest.raises(ConnectFailed, match="certificate"):
        await connect("127.0.0.1", server.port, BIND, Recorder(), ssl=ssl.create_default_context())
    assert not server.sessions
