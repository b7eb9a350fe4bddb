"""Calls end in time on real sockets, in both halves alike."""

import asyncio
import socket
import threading
import time
from contextlib import contextmanager

import pytest

from simpost_client import AsyncSimpostClient, NoResponse, Retries, SimpostClient, Timeouts

ACCOUNT = {"access_code": "demo", "secret": "demo-secret", "retries": Retries(attempts=1)}
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n"


@contextmanager
def host(drip):
    """A host that never ends a response; with `drip` it sends an octet now and then."""
    ends = threading.Event()

    def serve(listener):
        peer, _ = listener.accept()
        with peer:
            peer.recv(65_536)
            if drip:
                peer.sendall(HEAD)
            while not ends.wait(0.05):
                if drip:
                    try:
                        peer.sendall(b" ")
                    except OSError:
                        return

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve, args=(listener,))
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        ends.set()
        thread.join()


@pytest.mark.parametrize(
    ("drip", "timeouts"), [(False, Timeouts(read_s=0.2)), (True, Timeouts(total_s=0.3))]
)
async def test_a_call_ends_in_time(drip, timeouts):
    def ask(url):
        with SimpostClient(url, timeouts=timeouts, **ACCOUNT) as client:
            client.messages.get("1")

    with host(drip) as url, pytest.raises(NoResponse):
        await asyncio.to_thread(ask, url)
    with host(drip) as url:
        began = time.monotonic()
        async with AsyncSimpostClient(url, timeouts=timeouts, **ACCOUNT) as client:
            with pytest.raises(NoResponse):
                await client.messages.get("1")
        assert time.monotonic() - began < 20
