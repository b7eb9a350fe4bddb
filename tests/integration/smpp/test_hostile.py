"""Hostile and broken peers: memory stays bounded and nothing raises."""

import asyncio
import random

from simpost.smpp import (
    BindTransceiver,
    EnquireLink,
    EnquireLinkResp,
    SessionSettings,
    SessionState,
    SubmitSm,
    connect,
    encode,
)
from tests.integration.smpp.peers import Recorder
from tests.turns import until
from tests.unit.smpp.vectors import VECTORS

BIND = BindTransceiver(sequence_number=1, system_id="esme", password="pw")


async def test_streams_of_mutated_pdus_end_in_answers_or_a_closed_link(server_of, dial):
    server, _ = await server_of(answers=True)
    reported: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _loop, what: reported.append(what))
    chance = random.Random(34)
    everything = b"".join(vector.octets for vector in VECTORS)
    for _ in range(200):
        stream = bytearray(everything)
        for _ in range(chance.randint(1, 30)):
            stream[chance.randrange(len(stream))] = chance.randrange(256)
        esme = await dial(server.port)
        esme.send_octets(encode(BIND) + stream)
        esme.writer.write_eof()
        while await esme.reader.read(65536):
            pass
        await esme.close()
    assert reported == []
    session = await connect("127.0.0.1", server.port, BIND, Recorder())
    assert session.state is SessionState.BOUND_TRX
    await session.unbind()


async def test_a_peer_that_sends_requests_but_never_reads_is_no_longer_read(server_of, dial):
    """node-smpp#132: answers to it would pile up in memory for ever."""
    server, handler = await server_of(SessionSettings(max_unread_octets=100_000))
    esme = await dial(server.port)
    esme.reader._limit = 1
    esme.send(BIND)
    session = await handler.next("bound")
    numbers = range(1, 4097)
    flood = b"".join(encode(EnquireLink(sequence_number=n)) for n in numbers)
    answers = b"".join(encode(EnquireLinkResp(sequence_number=n)) for n in numbers)
    floods = 0
    writer = session._writer
    while writer.transport.get_write_buffer_size() <= 100_000 and floods < 1_000:
        if not esme.writer.transport.get_write_buffer_size():
            esme.send_octets(flood)
            floods += 1
        await asyncio.sleep(0)
    assert floods < 1_000
    await until(lambda: not writer.has_backlog, "the backlog is written")
    assert not writer.transport.is_reading()
    held = session._writer.transport.get_write_buffer_size()
    assert 100_000 < held < 100_000 + 2 * 256 * 1024

    esme.reader._limit = 1 << 20
    length = int.from_bytes(await esme.reader.readexactly(4), "big")
    await esme.reader.readexactly(length - 4)  # the answer to the bind
    for _ in range(floods):
        assert await esme.reader.readexactly(len(answers)) == answers
    await until(lambda: not writer.has_backlog, "the backlog is written")
    assert writer.transport.is_reading()


async def test_memory_for_an_unfinished_pdu_before_the_bind_is_bounded(server_of, dial):
    server, handler = await server_of(SessionSettings(max_pdu_octets=1024))
    esme = await dial(server.port)
    esme.send_octets((1024).to_bytes(4, "big") + encode(SubmitSm())[4:16] + bytes(1000))
    esme.send(EnquireLink())
    assert (await esme.receive()).command_status != 0
    (session,) = server.sessions
    assert session._framer.buffered_octets < 1024
    assert "bound" not in handler.seen
