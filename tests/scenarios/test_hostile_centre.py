"""A message centre that floods its bind, and a gateway in a process of its own."""

import asyncio
import time

import aiohttp
import pytest

from bench.gateway import Serving
from tests.integration.smpp.peers import RawListener
from tests.scenarios.attack.target import LONG

pytestmark = pytest.mark.attack
PDUS = 30_000 if LONG else 10_000
FLOODS = {
    "unreadable requests": b"\0\0\0\x13\0\0\0\5\0\0\0\0\0\0\0\7abc",
    "answers to nothing": b"\0\0\0\x12\x80\0\0\4\0\0\0\0\x7f\0\0\1x\0",
    "answers with an unreadable end": b"\0\0\0\x13\x80\0\0\4\0\0\0\0\x7f\0\0\1x\0\0",
}
ENQUIRE_LINK = b"\0\0\0\x10\0\0\0\x15\0\0\0\0\0\0\0\x4d"
ANSWERED = b"\0\0\0\x10\x80\0\0\x15\0\0\0\0\0\0\0\x4d"


@pytest.mark.parametrize("pdu", FLOODS.values(), ids=FLOODS)
async def test_requests_are_answered_while_a_message_centre_floods_us(
    pdu, tmp_path, record_property
):
    """The slowest request is recorded; what bounds it is held where no clock is needed."""
    listener = RawListener()
    await listener.start()
    serving = await asyncio.to_thread(Serving, tmp_path, listener.port)
    try:
        peer = await listener.accept()
        peer.answer(await peer.receive())
        slowest_s, requests = 0.0, 0
        async with aiohttp.ClientSession(f"http://127.0.0.1:{serving.port}") as client:
            async with client.get("/healthz"):
                peer.send_octets(pdu * PDUS + ENQUIRE_LINK)
            worked_through = asyncio.create_task(_until(peer.reader, ANSWERED))
            while not worked_through.done():
                began_s = time.perf_counter()
                async with client.get("/healthz") as answer:
                    assert answer.status == 200
                slowest_s = max(slowest_s, time.perf_counter() - began_s)
                requests += 1
        await worked_through
        record_property("slowest_s", slowest_s)
        assert requests > 1, "nobody else had a turn"
    finally:
        await listener.close()
        await asyncio.to_thread(serving.stop)
    assert len((tmp_path / "gateway.log").read_text().splitlines()) < 100


async def _until(reader, wanted):
    """Until these octets came; what came before is dropped."""
    last = b""
    while wanted not in last:
        octets = await reader.read(65536)
        assert octets, "the link was closed"
        last = last[-len(wanted) :] + octets
