"""The HTTP client against real TLS servers, with certificates of an authority of the test."""

import asyncio
import contextlib
import socket
import ssl
from datetime import UTC, datetime, timedelta

import pytest

from simpost.net import http_client
from simpost.net.http_client import HttpClient, NoResponse, NotSent
from simpost.net.resolver import NameResolver
from tests.integration.carriers.authority import Authority

HOST = "hooks.example"
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
PATIENCE_S = 20


class Names(NameResolver):
    """Answers every name with the next of these lists of addresses, the last one again."""

    def __init__(self, *answers):
        super().__init__()
        self._answers = list(answers)

    async def resolve(self, host, port, *, owner, family=socket.AF_UNSPEC):
        found = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        return [(socket.AF_INET, each) for each in found]


class Server:
    """Answers the requests on each connection with `answer(self, writer)`.

    Attributes:
        heads: the heads of all requests, in their order.
        names: what clients sent as Server Name Indication.
        connections: number of connections so far; `open` are those that have not ended.
    """

    def __init__(self, answer):
        self.answer = answer
        self.heads = []
        self.names = []
        self.connections = 0
        self.open = set()
        self.port = 0

    async def serve(self, reader, writer):
        self.connections += 1
        self.open.add(asyncio.current_task())
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError, ssl.SSLError):
            while not writer.is_closing():
                head = (await reader.readuntil(b"\r\n\r\n")).decode()
                await reader.readexactly(int(head.split("Content-Length: ")[1].split()[0]))
                self.heads.append(head)
                await self.answer(self, writer)
        writer.close()
        self.open.discard(asyncio.current_task())

    async def ended(self):
        """Return once no connection is open."""
        async with asyncio.timeout(PATIENCE_S):
            while self.open:
                await asyncio.sleep(0.01)


async def ok(_, writer):
    writer.write(OK)
    await writer.drain()


@pytest.fixture
def authority(tmp_path, monkeypatch):
    """Trusted by the client, as one that an administrator adds with SSL_CERT_FILE."""
    made = Authority(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    http_client._tls_context.cache_clear()
    yield made
    http_client._tls_context.cache_clear()


def context_of(authority, name=HOST, **facts):
    authority.issue("server", name, **facts)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    folder = authority.folder
    context.load_cert_chain(folder / "server.pem", folder / "server.key")
    return context


@contextlib.asynccontextmanager
async def serving(context, answer=ok):
    made = Server(answer)
    if context:
        context.sni_callback = lambda _, name, __: made.names.append(name)
    server = await asyncio.start_server(made.serve, "127.0.0.1", 0, ssl=context)
    made.port = server.sockets[0].getsockname()[1]
    try:
        yield made
    finally:
        server.close()
        await made.ended()


@contextlib.asynccontextmanager
async def opened(*answers, connect_s=PATIENCE_S, response_s=PATIENCE_S, allow_private=True):
    client = HttpClient(
        "test",
        Names(*(answers or [["127.0.0.1"]])),
        allow_private=allow_private,
        connect_timeout_s=connect_s,
        response_timeout_s=response_s,
    )
    try:
        yield client
    finally:
        await client.close()


async def post(client, port, host=HOST):
    return await client.post(f"https://{host}:{port}/hook?a=1", b"{}", {"A": "b"})


# Certificates.


async def test_a_valid_chain_is_accepted_and_the_host_is_named(authority):
    async with serving(context_of(authority)) as server, opened() as client:
        for _ in range(2):
            response = await post(client, server.port)
            assert (response.status, response.body) == (200, b"ok")
    assert server.names == [HOST]
    assert server.connections == 1
    for head in server.heads:
        assert head.startswith("POST /hook?a=1 HTTP/1.1\r\n")
        assert f"\r\nHost: {HOST}:{server.port}\r\n" in head


async def test_the_usual_port_is_not_in_the_host(authority, monkeypatch):
    connect = http_client.start_connection
    async with serving(context_of(authority)) as server, opened() as client:

        async def connect_to_test(addresses, **options):
            [(*kind, (address, port))] = addresses
            assert port == 443
            return await connect([(*kind, (address, server.port))], **options)

        monkeypatch.setattr(http_client, "start_connection", connect_to_test)
        await client.post(f"https://{HOST}/", b"", {})
    assert f"\r\nHost: {HOST}\r\n" in server.heads[0]


async def test_an_address_is_verified_by_the_addresses_of_the_certificate(authority):
    context = context_of(authority, "server", address="127.0.0.1")
    async with serving(context) as server, opened() as client:
        assert (await post(client, server.port, "127.0.0.1")).status == 200
    assert server.names == [None]  # RFC 6066: no address in SNI


async def expired(authority):
    return context_of(authority, until=datetime.now(UTC) - timedelta(minutes=1))


async def of_another_host(authority):
    return context_of(authority, "other.example")


async def of_an_unknown_authority(authority):
    folder = authority.folder / "unknown"
    folder.mkdir()
    return context_of(Authority(folder, "unknown"))


async def self_signed(authority):
    folder = authority.folder / "self"
    folder.mkdir()
    own = Authority(folder, HOST)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    own.write_key("ca.key")
    context.load_cert_chain(folder / "ca.pem", folder / "ca.key")
    return context


async def of_an_old_version(authority):
    context = context_of(authority)
    context.set_ciphers("DEFAULT@SECLEVEL=0")
    with pytest.warns(DeprecationWarning, match="TLSv1_1"):
        context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_1
    return context


@pytest.mark.parametrize(
    ("made", "problem"),
    [
        (expired, "certificate has expired"),
        (of_another_host, "Hostname mismatch"),
        (of_an_unknown_authority, "unable to get local issuer certificate"),
        (self_signed, "self-signed certificate"),
        (of_an_old_version, ""),
    ],
)
async def test_a_wrong_certificate_or_version_is_refused_before_anything_is_sent(
    authority, made, problem
):
    async with serving(await made(authority)) as server, opened() as client:
        with pytest.raises(NotSent, match=f"cannot connect to {HOST}.*{problem}"):
            await post(client, server.port)
        assert client.is_idle
    assert server.heads == []


# Handshakes that do not end.


@contextlib.asynccontextmanager
async def peer_without_tls(act):
    """`act(reader, writer)` on each connection; yields the port and an event of its end."""
    ended = asyncio.Event()

    async def serve(reader, writer):
        try:
            # uvloop raises RuntimeError for a write after the end of the connection.
            with contextlib.suppress(ConnectionError, RuntimeError):
                await act(reader, writer)
        finally:
            writer.close()
            ended.set()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1], ended
    finally:
        server.close()


async def close(reader, writer):
    await reader.read(1)


async def reset(reader, writer):
    await reader.read(1)
    writer.transport.abort()


async def speak_http(reader, writer):
    await reader.read(1)
    writer.write(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
    await writer.drain()


@pytest.mark.parametrize("act", [close, reset, speak_http])
async def test_a_server_that_ends_the_handshake_was_not_reached(authority, act):
    async with peer_without_tls(act) as (port, _), opened() as client:
        with pytest.raises(NotSent, match="cannot connect"):
            await post(client, port)
        assert client.is_idle


async def stay_silent(reader, writer):
    while await reader.read(65_536):
        pass


async def drip(reader, writer):
    """A record of a handshake, an octet at a time."""
    for octet in b"\x16\x03\x03\x10\x00" + bytes(10_000):
        writer.write(bytes([octet]))
        await writer.drain()
        await asyncio.sleep(0.02)  # the subject: octets that come too slowly


@pytest.mark.parametrize("act", [stay_silent, drip])
async def test_a_handshake_that_does_not_end_is_given_up_and_closed(authority, act):
    async with peer_without_tls(act) as (port, ended), opened(connect_s=0.3) as client:
        with pytest.raises(NotSent, match="the connection timed out"):
            await post(client, port)
        assert client.is_idle
        async with asyncio.timeout(PATIENCE_S):
            await ended.wait()


# Responses.


def in_pieces(*pieces):
    async def answer(_, writer):
        for piece in pieces:
            writer.write(piece)  # a TLS record each
            await writer.drain()
            await asyncio.sleep(0.002)

    return answer


@pytest.mark.parametrize(
    "pieces",
    [
        [bytes([octet]) for octet in OK],
        [OK[:20], OK[20:]],
        [
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chun",
            b"ked\r\n\r\n1\r",
            b'\no\r\n1;ext="a;b"\r\n',
            b"k\r\n0\r\nX-Trailer: x\r\n",
            b"\r\n",
        ],
    ],
    ids=["octets", "halves", "chunks"],
)
async def test_a_response_may_be_split_over_records(authority, pieces):
    async with serving(context_of(authority), in_pieces(*pieces)) as server, opened() as client:
        for _ in range(2):
            response = await post(client, server.port)
            assert (response.status, response.body) == (200, b"ok")
    assert server.connections == 1


async def test_a_body_that_ends_with_the_connection_is_read(authority):
    async def answer(_, writer):
        writer.write(b"HTTP/1.1 200 OK\r\n\r\nok")
        writer.close()

    async with serving(context_of(authority), answer) as server, opened() as client:
        assert (await post(client, server.port)).body == b"ok"


async def test_no_response_over_tls_ends_at_the_time_limit(authority):
    async def answer(server, _):
        await server.never.wait()

    async with (
        serving(context_of(authority), answer) as server,
        opened(response_s=0.2) as client,
    ):
        server.never = asyncio.Event()
        with pytest.raises(NoResponse, match="no response within the time limit"):
            await post(client, server.port)
        assert client.is_idle
        server.never.set()


# Connections that are used again.


async def test_a_connection_that_was_closed_while_idle_is_replaced(authority):
    async def answer_and_close(_, writer):
        writer.write(OK)
        writer.close()

    async with serving(context_of(authority), answer_and_close) as server, opened() as client:
        for _ in range(5):
            assert (await post(client, server.port)).status == 200
            await server.ended()
            while not client.is_idle and any(each.is_open for each in client._open):
                await asyncio.sleep(0.001)
    assert server.connections == 5


async def test_a_request_on_a_connection_that_ends_is_not_sent_again(authority):
    """It may have been read: who calls decides whether a repeat is harmless."""

    async def answer_once(server, writer):
        if len(server.heads) % 2:
            await ok(server, writer)
        else:
            writer.close()

    async with serving(context_of(authority), answer_once) as server, opened() as client:
        assert (await post(client, server.port)).status == 200
        with pytest.raises(NoResponse, match="closed before the response ended"):
            await post(client, server.port)
        assert len(server.heads) == 2
        assert (await post(client, server.port)).status == 200
    assert server.connections == 2


# Addresses.


async def test_a_name_that_leads_to_private_addresses_is_not_called(authority):
    async with serving(context_of(authority)) as server:
        for address in ("127.0.0.1", "10.0.0.1", "169.254.169.254", "::ffff:127.0.0.1", "::1"):
            async with opened([address], allow_private=False) as client:
                with pytest.raises(NotSent, match="no public address"):
                    await post(client, server.port)
    assert server.connections == 0


async def test_a_name_that_changes_its_address_leads_to_checked_ones_only(authority, monkeypatch):
    """DNS rebinding: each look-up is checked, and the connection goes to what was checked."""
    tried = []

    async def connect(addresses, **_):
        tried.append([each[4][0] for each in addresses])
        raise OSError("no network in tests")

    monkeypatch.setattr(http_client, "start_connection", connect)
    monkeypatch.setattr("simpost.net.address_guard.ADDRESSES_VALID_S", 0.0)
    answers = ["93.184.216.34"], ["127.0.0.1", "93.184.216.34"], ["127.0.0.1"]
    async with opened(*answers, allow_private=False) as client:
        for _ in answers:
            with pytest.raises(NotSent):
                await client.post(f"https://{HOST}/hook", b"", {})
    assert tried == [["93.184.216.34"], ["93.184.216.34"]]
