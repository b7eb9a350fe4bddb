"""How binds are opened, lost and opened again (complaints: reconnect storms, ALYBND)."""

import asyncio
import time

import pytest
from pydantic import SecretStr

from simpost.carriers.smpp import SmppCarrier
from simpost.carriers.smpp.bind import BindKind
from simpost.domain.outcomes import OutcomeKind
from simpost.domain.reasons import Reason
from simpost.ports.carrier import ConnectionState
from simpost.smpp import (
    SMPP_5_0,
    BindReceiver,
    BindTransceiverResp,
    BindTransmitter,
    CloseReason,
    DeliverSm,
    EnquireLink,
    Framer,
    MessageState,
    Outbind,
    SessionSettings,
    Status,
    encode,
    receipt_tlvs,
)
from simpost.smpp.server import SmppServer
from tests.integration.carriers.centre import (
    Centre,
    linked,
    listening,
    part,
    send,
    settings,
    started,
)


async def test_a_carrier_keeps_the_configured_number_of_binds():
    async with linked(binds=3) as (carrier, centre, _):
        assert len(centre.binds) == 3
        assert carrier.capacity == 30
        outcomes = await asyncio.gather(*(send(carrier, part()) for _ in range(30)))
    assert {outcome.kind for outcome in outcomes} == {OutcomeKind.ACCEPTED}


async def test_parts_go_to_the_bind_with_the_most_free_window():
    centre = Centre(lambda *_: "silence")
    async with linked(binds=3, window=4, response_timeout_s=1, centre=centre) as (carrier, _, _):
        for left in range(12, 0, -1):
            assert carrier.capacity == left
            send(carrier, part())
        assert [bind.unanswered for bind in carrier.connections()] == [4, 4, 4]


async def test_pairs_of_a_transmitter_and_a_receiver():
    async with linked(bind="transmitter_receiver", binds=2) as (carrier, centre, _):
        kinds = [bind.kind for bind in carrier.connections()]
        assert kinds == [BindKind.TRANSMITTER, BindKind.RECEIVER] * 2
        assert sorted(type(bind).__name__ for _, bind in centre.binds) == [
            "BindReceiver",
            "BindReceiver",
            "BindTransmitter",
            "BindTransmitter",
        ]
        assert [bind.max_unanswered for bind in carrier.connections()] == [10, 0] * 2


async def test_smpp_5_is_announced_where_it_is_asked_for():
    options = SessionSettings(interface_version=SMPP_5_0)
    async with linked(interface_version="5.0", options=options) as (_, centre, _):
        session = await centre.bound.get()
        assert centre.binds[0][1].interface_version == SMPP_5_0
        assert session.interface_version == SMPP_5_0


async def test_a_bind_shows_its_peer_its_window_and_when_it_was_heard():
    before_ms = time.time_ns() // 1_000_000 - 1
    centre = Centre(lambda *_: "silence")
    async with linked(centre=centre, rate_per_s=50, response_timeout_s=1) as (carrier, _, _):
        send(carrier, part())
        (bind,) = carrier.connections()
        assert (bind.number, bind.kind, bind.state) == (
            1,
            BindKind.TRANSCEIVER,
            ConnectionState.READY,
        )
        assert bind.peer == f"127.0.0.1:{carrier._settings.port}"
        assert (bind.max_unanswered, bind.unanswered, bind.allowed_per_s) == (10, 1, 50)
        assert bind.problem == ""
        assert before_ms <= bind.last_heard_ms <= time.time_ns() // 1_000_000 + 1


@pytest.mark.parametrize(
    ("status", "said"),
    [
        (Status.ESME_RALYBND, "bind refused: ESME_RALYBND. This ESME is bound already."),
        (Status.ESME_RINVPASWD, "bind refused: ESME_RINVPASWD. The password is wrong."),
        (Status.ESME_RINVSYSID, "bind refused: ESME_RINVSYSID. The system id is not known."),
    ],
)
async def test_a_refused_bind_waits_longer_and_says_why(status, said):
    """jasmin#1059, vumi#909: a bind retried too often locks the account."""
    centre = Centre()
    centre.bind_script = [status]
    async with listening(centre) as port:
        carrier = SmppCarrier(settings(port, bind_refused_wait_s=1))
        async with started(carrier) as lane:
            await lane.until(lambda: carrier.state is ConnectionState.LOST)
            assert carrier.problem == said
            await lane.until_bound(carrier)
            assert carrier.problem == ""
    first, second = (at for at, _ in centre.binds)
    assert second - first >= 0.5


async def test_a_bind_refused_for_a_passing_fault_comes_again_soon():
    centre = Centre()
    centre.bind_script = [Status.ESME_RSYSERR, Status.ESME_RTHROTTLED]
    async with listening(centre) as port:
        carrier = SmppCarrier(settings(port, bind_refused_wait_s=3600))
        async with started(carrier) as lane:
            await lane.until_bound(carrier)
    assert len(centre.binds) == 3


async def test_a_link_that_is_cut_right_after_each_bind_is_tried_ever_more_slowly():
    """vumi#624, gosmpp#31: reconnect storms."""
    centre = Centre()
    centre.on_bound = lambda session: session.abort()
    async with listening(centre) as port:
        carrier = SmppCarrier(settings(port, reconnect_min_s=0.2))
        async with started(carrier) as lane:
            await lane.until(lambda: len(centre.binds) == 3)
    times = [at for at, _ in centre.binds]
    assert times[1] - times[0] >= 0.1
    assert times[2] - times[1] >= 0.2


async def test_a_healthy_link_reconnects_at_once():
    async with linked(reconnect_min_s=30) as (carrier, centre, lane):
        for _ in range(3):
            for _ in range(10):
                await asyncio.gather(*(send(carrier, part()) for _ in range(10)))
            centre.session.abort()
            await lane.until(lambda: carrier.state is ConnectionState.LOST)
            await lane.until_bound(carrier)
        assert (await send(carrier, part())).kind is OutcomeKind.ACCEPTED
    assert len(centre.binds) == 4


async def test_parts_wait_for_a_healthy_link_until_its_first_reconnect_fails():
    async with linked() as (carrier, centre, lane):
        for _ in range(10):
            await asyncio.gather(*(send(carrier, part()) for _ in range(10)))
        centre.bind_script = [Status.ESME_RSYSERR]
        seen = []
        lane.on_capacity = lambda: (
            seen.append((carrier.state, carrier.is_open)),
            lane.changed.set(),
        )
        centre.session.abort()
        await lane.until(lambda: carrier.state is ConnectionState.LOST)
        await lane.until_bound(carrier)
    assert seen[0] == (ConnectionState.LOST, True)
    assert (ConnectionState.LOST, False) in seen
    assert (ConnectionState.READY, True) in seen


async def test_a_bind_refused_right_after_a_healthy_link_is_retried_soon():
    """Until a message centre notices that a link ended, it answers ESME_RALYBND."""
    async with linked(bind_refused_wait_s=3600) as (carrier, centre, lane):
        for _ in range(10):
            await asyncio.gather(*(send(carrier, part()) for _ in range(10)))
        centre.bind_script = [Status.ESME_RALYBND]
        centre.session.abort()
        await lane.until(lambda: len(centre.binds) == 3)
        await lane.until_bound(carrier)
        assert centre.bind_script == []
        assert (await send(carrier, part())).kind is OutcomeKind.ACCEPTED


class Mute:
    """A message centre that answers the bind, when allowed, and nothing else."""

    def __init__(self, answers_bind):
        self.answers_bind = answers_bind
        self.came = asyncio.Queue()
        self.ended = asyncio.Event()

    async def __call__(self, reader, writer):
        framer = Framer()
        while octets := await reader.read(1000):
            for pdu in framer.feed(octets):
                self.came.put_nowait(pdu)
                if self.answers_bind:
                    self.answers_bind = False
                    writer.write(encode(BindTransceiverResp(sequence_number=pdu.sequence_number)))
        self.ended.set()
        writer.close()


async def mute_server(mute):
    server = await asyncio.start_server(mute, "127.0.0.1", 0)
    return server, server.sockets[0].getsockname()[1]


async def test_no_enquire_link_is_sent_before_the_bind_is_answered():
    """smpplib#106, node-smpp#248."""
    mute = Mute(answers_bind=False)
    server, port = await mute_server(mute)
    async with server:
        carrier = SmppCarrier(settings(port, enquire_link_s=1, bind_timeout_s=2))
        async with started(carrier) as lane:
            await lane.until(lambda: carrier.state is ConnectionState.LOST)
            assert "did not answer the bind in time" in carrier.problem
        await mute.ended.wait()
        assert mute.came.qsize() == 1


async def test_a_half_open_link_is_noticed_and_closed():
    """jsmpp#180, node-smpp#204, traccar#3293: silent death."""
    mute = Mute(answers_bind=True)
    server, port = await mute_server(mute)
    async with server:
        carrier = SmppCarrier(settings(port, enquire_link_s=1, response_timeout_s=1))
        async with started(carrier) as lane:
            await lane.until_bound(carrier)
            await lane.until(lambda: carrier.state is ConnectionState.LOST)
            assert "did not answer an enquire_link" in carrier.problem
            (bind,) = carrier.connections()
            assert (bind.peer, bool(bind.last_heard_ms)) == ("", True)
        await mute.came.get()
        assert isinstance(await mute.came.get(), EnquireLink)


async def test_stopping_waits_for_answers_and_then_unbinds():
    centre = Centre(lambda *_: "silence")
    async with linked(centre=centre) as (carrier, _, _):
        outcome = send(carrier, part())
        submit = await centre.submits.get()
        stopping = asyncio.ensure_future(carrier.close())
        await asyncio.sleep(0)
        centre.session.respond(submit, submit.response(message_id="late but there"))
        assert (await outcome).carrier_message_id == "late but there"
        await stopping
        assert await centre.ends.get() is CloseReason.UNBOUND_BY_PEER


async def test_a_response_that_blames_the_bind_rebinds_and_requeues_the_message():
    async with linked() as (carrier, centre, lane):
        centre.script = [Status.ESME_RINVBNDSTS]
        outcome = await send(carrier, part())
        assert (outcome.kind, outcome.reason) == (OutcomeKind.UNREACHABLE, Reason.BIND_REFUSED)
        assert carrier.capacity == 0
        assert "ESME_RINVBNDSTS" in carrier.problem
        assert await centre.ends.get() is CloseReason.UNBOUND_BY_PEER
        await lane.until_bound(carrier)
        assert len(centre.binds) == 2
        assert (await send(carrier, part())).kind is OutcomeKind.ACCEPTED


async def test_one_lost_bind_leaves_the_others_at_work():
    async with linked(binds=2) as (carrier, centre, lane):
        (await centre.bound.get()).abort()
        await lane.until(lambda: carrier.capacity == 10)
        assert carrier.state is ConnectionState.READY
        for _ in range(10):
            assert (await send(carrier, part())).kind is OutcomeKind.ACCEPTED
        await lane.until(lambda: carrier.capacity == 20)


async def test_an_impossible_host_is_a_clear_error():
    carrier = SmppCarrier(settings(2775, host="a..b"))
    async with started(carrier) as lane:
        await lane.until(lambda: carrier.state is ConnectionState.LOST)
        assert carrier.problem == "a..b:2775: not a valid host name"


# Outbind.


def free_port():
    import socket

    with socket.create_server(("127.0.0.1", 0)) as taken:
        return taken.getsockname()[1]


def called(port, **changed):
    return settings(
        port,
        bind="transmitter",
        outbind_port=free_port(),
        outbind_system_id="mc",
        outbind_password=SecretStr("call"),
        **changed,
    )


async def until_listening(lane, carrier):
    await lane.until_bound(carrier)
    await lane.until(lambda: "Waiting for an outbind" in carrier.connections()[1].problem)


async def test_an_outbind_is_answered_with_a_receiver_that_takes_receipts():
    """SMPP 3.4 2.2.1."""
    centre = Centre()
    async with listening(centre) as port:
        given = called(port)
        carrier = SmppCarrier(given)
        async with started(carrier) as lane:
            await until_listening(lane, carrier)
            sending, receiving = carrier.connections()
            assert (sending.kind, receiving.kind) == (BindKind.TRANSMITTER, BindKind.RECEIVER)
            assert "Waiting for an outbind of the SMSC on" in receiving.problem
            assert isinstance((await centre.bound.get()).bind, BindTransmitter)

            mc = SmppServer(centre.authenticate, centre)
            await mc.outbind(
                "127.0.0.1", given.outbind_port, Outbind(system_id="mc", password="call")
            )
            session = await centre.bound.get()
            assert isinstance(session.bind, BindReceiver)
            answer = session.request(
                DeliverSm(esm_class=4, tlvs=receipt_tlvs("id-1", MessageState.DELIVERED))
            )
            receipt, committed = await lane.receipts.get()
            committed()
            assert receipt.carrier_message_id == "id-1"
            assert (await answer).command_status == Status.ESME_ROK
            assert carrier.connections()[1].state is ConnectionState.READY
            await mc.close()
            await lane.until(lambda: carrier.connections()[1].state is ConnectionState.LOST)
            assert carrier.state is ConnectionState.READY


@pytest.mark.parametrize(
    ("system_id", "password"), [("mc", "guess"), ("other", "call"), ("mc", "")]
)
async def test_a_caller_with_a_wrong_name_or_password_is_told_nothing(system_id, password):
    outbind = Outbind(system_id=system_id, password=password)
    centre = Centre()
    async with listening(centre) as port:
        given = called(port)
        carrier = SmppCarrier(given)
        async with started(carrier) as lane:
            await until_listening(lane, carrier)
            mc = SmppServer(centre.authenticate, centre)
            session = await mc.outbind("127.0.0.1", given.outbind_port, outbind)
            assert await session.wait_closed() is CloseReason.CLOSED_BY_PEER
            assert len(centre.binds) == 1
            await mc.close()


async def test_a_second_call_while_bound_is_turned_away():
    centre = Centre()
    async with listening(centre) as port:
        given = called(port)
        carrier = SmppCarrier(given)
        async with started(carrier) as lane:
            await until_listening(lane, carrier)
            mc = SmppServer(centre.authenticate, centre)
            place = ("127.0.0.1", given.outbind_port, Outbind(system_id="mc", password="call"))
            await mc.outbind(*place)
            await lane.until(lambda: carrier.connections()[1].state is ConnectionState.READY)
            second = await mc.outbind(*place)
            assert await second.wait_closed() is CloseReason.CLOSED_BY_PEER
            assert carrier.connections()[1].state is ConnectionState.READY
            await mc.close()


async def test_silent_outbind_connections_are_bounded():
    centre = Centre()
    async with listening(centre) as port:
        given = called(port)
        carrier = SmppCarrier(given)
        async with started(carrier) as lane:
            await until_listening(lane, carrier)
            streams = [
                await asyncio.open_connection("127.0.0.1", given.outbind_port) for _ in range(5)
            ]
            try:
                done, _ = await asyncio.wait(
                    [asyncio.ensure_future(reader.read()) for reader, _ in streams],
                    return_when=asyncio.FIRST_COMPLETED,
                )
                assert len(done) == 1
            except ConnectionResetError:
                pass
            finally:
                for _, writer in streams:
                    writer.close()


async def test_an_outbind_port_in_use_is_a_clear_error():
    async with listening(Centre()) as port:
        carrier = SmppCarrier(called(port).model_copy(update={"outbind_port": port}))
        async with started(carrier) as lane:
            await lane.until(lambda: carrier.connections()[1].state is ConnectionState.LOST)
            assert "Cannot listen on 127.0.0.1 port" in carrier.connections()[1].problem
