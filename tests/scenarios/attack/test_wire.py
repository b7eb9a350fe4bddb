"""Attacks with octets: smuggled requests, headers that mean two things, resets, silent readers."""

import asyncio
import contextlib
import itertools
import json
import socket
import struct
import time

import pytest

from bench.processes import HOST
from simpost.http.limits import MAX_FIELDS
from tests.scenarios.attack.target import LONG, PATIENCE_S, SEND, Client, sized

SMUGGLED = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"
NEIGHBOURS = 20
TEXTS = 30 if LONG else 10
SILENT = 1_000 if LONG else 100


@pytest.mark.parametrize(
    "offer",
    [
        b"Connection: Upgrade\r\nUpgrade: h2c\r\n",
        b"Connection: Upgrade\r\nUpgrade: websocket\r\n",
        b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n",
    ],
    ids=["h2c", "websocket", "Java"],
)
async def test_a_body_behind_an_upgrade_is_read_and_nothing_is_smuggled(target, offer):
    body = target.text() + b"\r\n\r\n" + SMUGGLED
    for cut in (0, 1, len(body) - len(SMUGGLED), len(body) - 1):
        client = await Client.to(target)
        head = SEND + target.who + offer + sized(body)
        status, said = await client.ask(head, body[:cut], body[cut:])
        assert (status, json.loads(said)["errorCode"]) == (200, "000104"), "one body, no JSON"
        good = target.text()
        status, said = await client.ask(SEND + target.who + offer + sized(good), good)
        assert (status, json.loads(said)["success"]) == (200, True)
        await client.write(SEND + b"Connection: close\r\n" + sized(b""))
        assert (await client.rest()).count(b"HTTP/1.1 ") == 1
        client.reset()


REFUSED = {
    "two Hosts": (b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nHost: localhost\r\n\r\n", 400),
    "a name that was rebound": (b"GET /healthz HTTP/1.1\r\nHost: evil.example\r\n\r\n", 421),
    "and in the target": (
        b"GET http://evil.example/healthz HTTP/1.1\r\nHost: localhost\r\n\r\n",
        421,
    ),
    "another coding": (SEND + b"Transfer-Encoding: gzip, chunked\r\n\r\n", 501),
    "coding and length": (SEND + b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n", 400),
    "two lengths": (SEND + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\n", 400),
    "a signed length": (SEND + b"Content-Length: +5\r\n\r\n", 400),
    "a length beyond all": (SEND + b"Content-Length: 99999999999999999999\r\n\r\n", 400),
    "space before a colon": (SEND + b"Transfer-Encoding : chunked\r\n\r\n", 400),
    "a folded line": (SEND + b"X: 1\r\n 2\r\n\r\n", 400),
    "bare line feeds": (b"GET /healthz HTTP/1.1\nHost: localhost\n\n", 400),
    "NUL": (SEND + b"X: a\x00b\r\n\r\n", 400),
    "a huge chunk": (SEND + b"Transfer-Encoding: chunked\r\n\r\n10000000000000005\r\n", 400),
    "HTTP/0.9": (b"GET /healthz\r\n", 400),
    "too many headers": (SEND + b"a:\r\n" * (MAX_FIELDS + 1), 431),
}


@pytest.mark.parametrize("name", REFUSED)
async def test_ambiguous_requests_are_refused_and_the_connection_closed(target, name):
    octets, status = REFUSED[name]
    client = await Client.to(target)
    await client.write(octets, SMUGGLED)
    said = await client.rest()
    assert said.startswith(b"HTTP/1.1 %d " % status)
    assert said.count(b"HTTP/1.1 ") == 1
    client.reset()


async def test_a_trailer_brings_no_credentials_and_no_second_answer(target):
    body = target.text()
    chunked = b"Transfer-Encoding: chunked\r\n\r\n%x\r\n%b\r\n0\r\n" % (len(body), body)
    client = await Client.to(target)
    status, said = await client.ask(SEND + chunked + target.who + b"\r\n")
    assert (status, json.loads(said)["errorCode"]) == (200, "000101")
    wrong = target.who.replace(target.secret.encode(), b"wrong")
    await client.write(SEND + wrong + b"Transfer-Encoding: chunked\r\n\r\n")
    assert json.loads((await client.answer())[1])["errorCode"] == "101003"
    await client.write(b"no chunk\r\n", SMUGGLED)
    assert await client.rest() == b""
    client.reset()


async def send_texts(target):
    """Seconds of each text of another client, on one connection."""
    client = await Client.to(target)
    body, times_s = target.text(), []
    for _ in range(TEXTS):
        began_s = time.perf_counter()
        status, said = await client.ask(SEND + target.who + sized(body) + body)
        assert (status, json.loads(said)["success"]) == (200, True)
        times_s.append(time.perf_counter() - began_s)
    client.reset()
    return times_s


async def reset_connections(target):
    """Ask and hang up with a TCP reset, before, in and after the answer, until cancelled."""
    body = target.text()
    octets = SEND + target.who + sized(body) + body
    for at in itertools.count():
        client = await Client.to(target)
        linger = struct.pack("ii", 1, 0)
        client.writer.get_extra_info("socket").setsockopt(
            socket.SOL_SOCKET, socket.SO_LINGER, linger
        )
        client.writer.write(octets * (1 + at % 3))
        for _ in range(at % 5):
            await asyncio.sleep(0)
        client.reset()
        await asyncio.sleep(0.05)  # the pace of the attack: 20 connections a second


async def test_resets_strand_no_answer_of_a_neighbour(target):
    resetting = asyncio.create_task(reset_connections(target))
    neighbours = [send_texts(target) for _ in range(NEIGHBOURS)]
    times_s = [each for some in await asyncio.gather(*neighbours) for each in some]
    resetting.cancel()
    assert len(times_s) == NEIGHBOURS * TEXTS
    print(f"\nbeside resets: {len(times_s)} texts, the slowest {max(times_s) * 1000:.0f} ms")


async def test_clients_that_do_not_read_are_closed_within_the_time_limit(target):
    """Each asks for more than its kernel takes; the documented setting is 2 s here."""
    octets = b"GET /openapi.json HTTP/1.1\r\nHost: localhost\r\n\r\n" * 3
    before_mib = most_mib = target.process.rss_mib
    began_s = time.perf_counter()
    with contextlib.ExitStack() as clients:
        for _ in range(SILENT):
            client = clients.enter_context(socket.socket())
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
            client.connect((HOST, target.port))
            client.sendall(octets)
        async with asyncio.timeout(PATIENCE_S):
            while await asyncio.to_thread(target.connections):
                most_mib = max(most_mib, target.process.rss_mib)
                await asyncio.sleep(0.1)  # the subject: the setting ends them in real time
    took_s = time.perf_counter() - began_s
    grown_mib = most_mib - before_mib
    assert target.connections() == 0
    print(f"\n{SILENT} that do not read: gone after {took_s:.1f} s, {grown_mib:.0f} MiB more")
