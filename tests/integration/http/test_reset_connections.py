"""A reset connection does not affect others, on the event loop of simpost."""

import asyncio
import contextlib
import socket
import struct

import uvloop

from tests.integration.api.conftest import serving

GET = b"GET / HTTP/1.1\r\nHost: simpost\r\n\r\n"
NEIGHBOURS = 20


def reset(client):
    """Close a socket so that its peer gets a TCP reset."""
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    client.close()


async def stranded_by_a_reset():
    """The responses to other connections beside a reset one, and the errors of the loop."""
    complaints = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: complaints.append(context))
    turn = asyncio.Event()
    arrived = asyncio.Semaphore(0)
    victim = socket.socket()

    async def app(scope, receive, send):
        arrived.release()
        await turn.wait()
        headers = [(b"content-length", b"2")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b"ok"})

    async with contextlib.AsyncExitStack() as stack:
        port = await stack.enter_async_context(serving(app, grace_s=1))
        victim.connect(("127.0.0.1", port))
        victim.sendall(GET)
        await arrived.acquire()
        pairs = [await asyncio.open_connection("127.0.0.1", port) for _ in range(NEIGHBOURS)]
        for _, writer in pairs:
            writer.write(GET)
        for _ in pairs:
            await arrived.acquire()
        turn.set()
        reset(victim)  # known when all have answered, before anything is written
        answers = []
        for reader, writer in pairs:
            answers.append(await asyncio.wait_for(reader.readuntil(b"ok"), 3))
            writer.close()
    return answers, complaints


def test_a_reset_strands_no_answer_of_another_connection():
    answers, complaints = uvloop.run(stranded_by_a_reset())
    assert [answer[:15] for answer in answers] == [b"HTTP/1.1 200 OK"] * NEIGHBOURS
    assert complaints == []
