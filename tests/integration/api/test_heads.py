"""What comes before a body has its bounds, on a real socket."""

import asyncio

import pytest

from simpost.api import build
from simpost.http import Limits
from tests.integration.api.conftest import serving

HEAD = b"GET /healthz HTTP/1.1\r\nHost: simpost\r\n"
CHUNKED = (
    b"POST /v1/messages HTTP/1.1\r\nHost: simpost\r\nAuthorization: Bearer admin-token\r\n"
    b"Transfer-Encoding: chunked\r\n\r\n1\r\nx\r\n"
)
HURRIED = Limits(slow_head_s=0.1)


async def status_after(port, first, then=b"", times=0):
    """The status of the answer to what is sent, piece by piece until it comes; 0 for none."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(first)
        for _ in range(times):
            writer.write(then)
            await writer.drain()
        return status_of(await reader.read(200))
    except ConnectionError:
        return 0
    finally:
        writer.close()


def status_of(answer):
    return int(answer.split()[1]) if answer else 0


async def test_a_head_without_an_end_is_cut_off(port):
    piece = b"X-More: " + b"m" * 1000 + b"\r\n"
    assert await status_after(port, HEAD, piece, 1000) in (431, 0)
    assert await status_after(port, HEAD + b"\r\n") == 200


async def test_a_header_or_a_path_without_an_end_is_cut_off(port):
    assert await status_after(port, HEAD + b"X-More: ", b"m" * 1000, 1000) in (431, 0)
    assert await status_after(port, b"GET /", b"m" * 1000, 1000) in (431, 0)
    assert await status_after(port, HEAD + b"\r\n") == 200


async def test_trailers_without_an_end_are_cut_off(port):
    piece = b"X-More: " + b"m" * 1000 + b"\r\n"
    assert await status_after(port, CHUNKED + b"0\r\n", piece, 1000) in (431, 0)
    assert await status_after(port, HEAD + b"\r\n") == 200


@pytest.mark.parametrize("octets", [b"", HEAD, b"\r\n"], ids=["nothing", "half", "empty line"])
async def test_a_connection_without_a_request_head_is_closed(service, octets):
    async with serving(build(service.services), limits=HURRIED) as port:
        assert await status_after(port, octets) == 408


async def test_the_second_request_head_of_a_connection_has_a_time_limit_too(service):
    async with serving(build(service.services), limits=HURRIED) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(HEAD + b"\r\n")
        assert status_of(await reader.readuntil(b"\r\n\r\n")) == 200
        writer.write(HEAD)
        assert b" 408 " in await reader.read()
        writer.close()


async def test_head_limits_apply_to_each_request_of_a_connection(port):
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    request = HEAD + b"X-More: " + b"m" * 30_000 + b"\r\n\r\n"
    for _ in range(5):
        writer.write(request)
        head = await reader.readuntil(b"\r\n\r\n")
        assert status_of(head) == 200
        length = int(head.lower().partition(b"content-length: ")[2].split()[0])
        await reader.readexactly(length)
    writer.close()
