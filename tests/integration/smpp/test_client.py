"""Connecting and binding as an ESME, to message centres that misbehave."""

import asyncio
import socket

import pytest

from simpost.smpp import (
    AlertNotification,
    BindLost,
    BindReceiver,
    BindRejected,
    BindTimeout,
    BindTransceiver,
    BindTransmitter,
    CloseReason,
    ConnectFailed,
    DeliverSm,
    FieldError,
    GenericNack,
    NotAllowed,
    Outbind,
    SessionSettings,
    SessionState,
    Status,
    SubmitSm,
    connect,
    listen_for_outbind,
)
from tests.integration.smpp.peers import QUICK_S, RawPeer, Recorder

BIND = BindTransceiver(system_id="esme", password="pw")
QUICK = SessionSettings(session_init_timeout_s=QUICK_S, connect_timeout_s=5.0)


def free_port() -> int:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        return int(unused.getsockname()[1])


@pytest.mark.parametrize(
    ("bind", "state"),
    [
        (BindTransmitter(), SessionState.BOUND_TX),
        (BindReceiver(), SessionState.BOUND_RX),
        (BindTransceiver(), SessionState.BOUND_TRX),
    ],
)
async def test_each_bind_leads_to_its_state(bind_esme, bind, state):
    session, _, handler = await bind_esme(request=bind)
    assert session.state is state
    assert session.bind is bind
    assert await handler.next("bound") is session


async def test_a_refused_connection_is_a_clear_error():
    with pytest.raises(ConnectFailed, match=r"^127\.0\.0\.1:\d+: "):
        await connect("127.0.0.1", free_port(), BIND, Recorder())


async def test_a_name_that_does_not_resolve_is_a_clear_error(monkeypatch):
    def unknown(*_args: object, **_kwargs: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    with pytest.raises(ConnectFailed, match=r"smsc\.invalid:2775: Name or service not known"):
        await connect("smsc.invalid", 2775, BIND, Recorder())


@pytest.mark.parametrize(
    "status", [Status.ESME_RINVPASWD, Status.ESME_RINVSYSID, Status.ESME_RALYBND, 0x401]
)
async def test_a_refused_bind_carries_the_status_and_closes(listener, status):
    handler = Recorder()
    connecting = asyncio.ensure_future(connect("127.0.0.1", listener.port, BIND, handler))
    peer = await listener.accept()
    peer.answer(await peer.receive(), status)
    with pytest.raises(BindRejected) as refused:
        await connecting
    assert refused.value.command_status == refused.value.status == status
    assert await handler.next("closed") is CloseReason.BIND_REFUSED
    assert await peer.is_closed()


@pytest.mark.parametrize("status", [Status.ESME_RINVCMDID, Status.ESME_ROK])
async def test_a_bind_answered_by_generic_nack_is_refused(listener, status):
    connecting = asyncio.ensure_future(connect("127.0.0.1", listener.port, BIND, Recorder()))
    peer = await listener.accept()
    peer.send(GenericNack(status, (await peer.receive()).sequence_number))
    with pytest.raises(BindRejected) as refused:
        await connecting
    assert refused.value.command_status == (status or Status.ESME_RBINDFAIL)


async def test_a_bind_without_an_answer_times_out_and_closes(listener):
    connecting = asyncio.ensure_future(connect("127.0.0.1", listener.port, BIND, Recorder(), QUICK))
    peer = await listener.accept()
    with pytest.raises(BindTimeout):
        await connecting
    assert await peer.receive() == BindTransceiver(
        sequence_number=1, system_id="esme", password="pw"
    )
    assert await peer.is_closed()


async def test_a_link_that_closes_before_the_bind_response_is_a_clear_error(listener):
    connecting = asyncio.ensure_future(connect("127.0.0.1", listener.port, BIND, Recorder()))
    await (await listener.accept()).close()
    with pytest.raises(BindLost):
        await connecting


async def test_a_bind_answer_with_an_unreadable_end_binds(listener):
    connecting = asyncio.ensure_future(connect("127.0.0.1", listener.port, BIND, Recorder()))
    peer = await listener.accept()
    await peer.receive()
    peer.send_octets(bytes.fromhex("00000013 80000009 00000000 00000001 00 0210"))
    session = await connecting
    assert session.state is SessionState.BOUND_TRX
    session.abort()


async def test_a_cancelled_connect_leaves_nothing_open(listener):
    connecting = asyncio.ensure_future(connect("127.0.0.1", listener.port, BIND, Recorder()))
    peer = await listener.accept()
    await peer.receive()
    connecting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await connecting
    assert await peer.is_closed()


async def test_a_bind_that_cannot_be_written_never_connects():
    with pytest.raises(FieldError) as refused:
        await connect("127.0.0.1", 1, BindTransceiver(password="nine chars"), Recorder())
    assert refused.value.status == Status.ESME_RINVPASWD
    assert "nine chars" not in str(refused.value)


@pytest.mark.parametrize(
    ("asked", "answered", "agreed"),
    [(0x34, None, 0x34), (0x50, 0x50, 0x50), (0x50, None, 0x34), (0x50, 0x34, 0x34)],
)
async def test_the_interface_version_is_agreed_by_the_bind(bind_esme, asked, answered, agreed):
    tlvs = () if answered is None else ((0x0210, bytes((answered,))),)
    bind = BindTransceiver(interface_version=asked)
    session, _, _ = await bind_esme(request=bind, tlvs=tlvs)
    assert session.interface_version == agreed


async def test_no_enquire_link_is_sent_before_the_bind(listener):
    """node-smpp#106: a message centre that gets one early hangs up."""
    settings = SessionSettings(session_init_timeout_s=QUICK_S * 4, enquire_link_s=QUICK_S / 10)
    connecting = asyncio.ensure_future(
        connect("127.0.0.1", listener.port, BIND, Recorder(), settings)
    )
    peer = await listener.accept()
    assert isinstance(await peer.receive(), BindTransceiver)
    with pytest.raises(EOFError):
        await peer.receive()
    with pytest.raises(BindTimeout):
        await connecting


async def test_an_enquire_link_before_the_bind_is_answered(listener):
    """SMPP 5.0 2.4 allows it in OPEN."""
    connecting = asyncio.ensure_future(connect("127.0.0.1", listener.port, BIND, Recorder()))
    peer = await listener.accept()
    bind = await peer.receive()
    peer.send_octets(bytes.fromhex("00000010 00000015 00000000 00000007"))
    assert (await peer.receive()).sequence_number == 7
    peer.answer(bind)
    (await connecting).abort()


async def test_pdus_read_together_with_the_bind_response_are_handled(listener):
    handler = Recorder()
    connecting = asyncio.ensure_future(connect("127.0.0.1", listener.port, BIND, handler))
    peer = await listener.accept()
    bind = await peer.receive()
    response = bind.response(sequence_number=bind.sequence_number)

    peer.send(response, DeliverSm(sequence_number=1))
    session = await connecting
    assert isinstance(await handler.next("request"), DeliverSm)
    session.abort()


async def test_a_transmitter_may_not_send_requests_of_a_message_centre(bind_esme):

    session, _, _ = await bind_esme(request=BindTransmitter())
    with pytest.raises(NotAllowed) as refused:
        session.request(DeliverSm())
    assert not refused.value.written
    with pytest.raises(NotAllowed):
        session.notify(AlertNotification())
    with pytest.raises(NotAllowed):
        session.notify(SubmitSm())


async def test_an_outbind_is_answered_with_a_bind():
    """SMPP 3.4 2.2.1: the message centre calls, the ESME binds on the same connection."""
    handler = Recorder()
    listening = await listen_for_outbind("127.0.0.1", 0, handler)
    mc = RawPeer(*await asyncio.open_connection("127.0.0.1", listening.port))
    mc.send(Outbind(sequence_number=1, system_id="mc", password="pw"))
    outbind = await handler.next("request")
    assert (outbind.system_id, outbind.password) == ("mc", "pw")
    assert handler.session is not None
    assert handler.session.state is SessionState.OUTBOUND
    binding = handler.session.request(BindReceiver(system_id="esme"))
    mc.answer(await mc.receive())
    await binding
    assert handler.session.state is SessionState.BOUND_RX
    await mc.close()
    assert await handler.next("closed") is CloseReason.CLOSED_BY_PEER
    await listening.close()
