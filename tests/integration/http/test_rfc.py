"""The rules of RFC 9110 and 9112 for requests as a table, and h11 as an independent parser.

An attacker's second request is in the body of the first: answering it is request smuggling.
"""

import asyncio

import h11
import pytest

from simpost.http import HostRules, TrustedProxies
from simpost.http.limits import MAX_FIELDS
from tests.integration.api.conftest import serving

HOST = b"Host: simpost\r\n"
SMUGGLED = b"GET /smuggled HTTP/1.1\r\nHost: simpost\r\n\r\n"
SIZED = b"Content-Length: %d\r\n\r\n" % len(SMUGGLED)
GET = b"GET / HTTP/1.1\r\n" + HOST
POST = b"POST / HTTP/1.1\r\n" + HOST
CHUNKED = POST + b"Transfer-Encoding: chunked\r\n\r\n"
CHUNK = b"%x\r\n%b\r\n" % (len(SMUGGLED), SMUGGLED)


def table():
    """Name, octets, and the statuses of the answers (RFC 9112 unless said otherwise)."""
    upgrade = b"Connection: Upgrade\r\nUpgrade: %b\r\n"
    yield "7.8 of 9110: h2c is ignored", POST + upgrade % b"h2c" + SIZED + SMUGGLED, [200]
    yield "websocket, too", POST + upgrade % b"websocket" + SIZED + SMUGGLED, [200]
    settings = (
        b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n"
    )
    yield "as Java offers it", POST + settings + SIZED + SMUGGLED, [200]
    coded = b"Transfer-Encoding: chunked\r\n\r\n"
    yield "with chunks", POST + upgrade % b"h2c" + coded + CHUNK + b"0\r\n\r\n", [200]
    yield "and the next", (POST + upgrade % b"h2c" + SIZED + SMUGGLED) * 2 + SMUGGLED, [200] * 3
    closing = b"Connection: close, upgrade\r\nUpgrade: h2c\r\n"
    yield "and to be closed", (POST + closing + SIZED + SMUGGLED) * 2, [200]
    yield "3.2: no Host", b"GET / HTTP/1.1\r\n\r\n", [400]
    yield "3.2: two of them", b"GET / HTTP/1.1\r\n" + HOST * 2 + b"\r\n", [400]
    yield "3.2: no host", b"GET / HTTP/1.1\r\nHost: a b\r\n\r\n", [400]
    yield "3.2: two in one", b"GET / HTTP/1.1\r\nHost: a, b\r\n\r\n", [400]
    yield "3.2: with user", b"GET / HTTP/1.1\r\nHost: a@b\r\n\r\n", [400]
    yield "3.2: 1.0 needs none", b"GET / HTTP/1.0\r\n\r\n", [200]
    gzip = POST + b"Transfer-Encoding: gzip, chunked\r\n\r\n"
    yield "6.1: another coding", gzip + CHUNK + b"0\r\n\r\n", [501]
    yield "6.1: chunked twice", gzip.replace(b"gzip", b"chunked") + CHUNK + b"0\r\n\r\n", [400]
    yield "6.1: a coding alone", gzip.replace(b", chunked", b"") + CHUNK, [501]
    twice = b"Transfer-Encoding: chunked\r\n"
    yield "6.1: two headers", POST + twice * 2 + b"\r\n" + CHUNK + b"0\r\n\r\n", [400]
    yield "6.1: and a length", POST + twice + SIZED + b"0\r\n\r\n" + SMUGGLED, [400]
    yield "6.1: a length first", POST + SIZED[:-2] + coded + b"0\r\n\r\n" + SMUGGLED, [400]
    yield "6.1: by HTTP/1.0", CHUNKED.replace(b"1.1", b"1.0") + CHUNK + b"0\r\n\r\n", [400]
    yield "6.3: two lengths", POST + b"Content-Length: 3\r\n" + SIZED + SMUGGLED, [400]
    yield "6.2: a signed length", POST + SIZED.replace(b": ", b": +") + SMUGGLED, [400]
    yield "5.1: space before colon", b"GET / HTTP/1.1\r\nHost : a\r\n\r\n" + SMUGGLED, [400]
    yield "5.2: a folded line", b"GET / HTTP/1.1\r\n" + HOST + b"X: 1\r\n Y: 2\r\n\r\n", [400]
    yield "7.1: a bad size", CHUNKED + b"5;x\nabc\r\n0\r\n\r\n" + SMUGGLED, [400]
    yield "9.3.2: in order", POST + SIZED + SMUGGLED + SMUGGLED, [200, 200]
    yield "9.3.2: and one bad", POST + SIZED + SMUGGLED + b"GET\r\n\r\n" + SMUGGLED, [200, 400]
    yield "9.6: behind the last", POST + b"Connection: close\r\n" + SIZED + SMUGGLED * 2, [200]
    yield "10.1.1 of 9110: another", POST + b"Expect: tea\r\n" + SIZED + SMUGGLED, [417]
    target = b"GET http://%b/path HTTP/1.1\r\n" + HOST + b"\r\n"
    yield "3.2.2: a whole address", target % b"simpost" + SMUGGLED, [200, 200]
    yield "3.2.2: no host in it", target % b"", [400]
    yield "4.2.4 of 9110: a user in it", target % b"admin@simpost", [400]
    yield "4.2 of 9110: another scheme", target.replace(b"http:", b"ftp:") % b"simpost", [400]
    trailers = CHUNKED + CHUNK + b"0\r\n%b: close\r\n\r\n"
    yield "6.5.1 of 9110: a connection's", trailers % b"Connection" + SMUGGLED, [400]
    yield "and a proxy's", trailers % b"Proxy-Connection" + SMUGGLED, [400]
    yield (
        "9.3: close beside keep-alive",
        (b"GET / HTTP/1.0\r\nConnection: keep-alive, close\r\n\r\n" + SMUGGLED),
        [200],
    )
    yield "2.3: another version", b"GET / HTTP/2.0\r\n" + HOST + b"\r\n", [505]
    for octet in (b"\0", b"\t", b"\x1f", b"\x7f", b"\xff"):
        for target in (b"/a%bb", b"/?a%bb"):
            first = b"GET " + target % octet + b" HTTP/1.1\r\n" + HOST + b"\r\n"
            yield f"3.2: {target % octet!r}", first + SMUGGLED, [400]
    for target in (b"simpost:443", b"/", b"//", b"*", b"http://simpost/"):
        for more in (b"", b"Connection: Upgrade\r\nUpgrade: websocket\r\n"):
            head = b"CONNECT " + target + b" HTTP/1.1\r\n" + HOST + more
            yield f"9.3.6 of 9110: CONNECT {target.decode()}{more[:1]}", head + b"\r\n", [501]
    yield "3.4 of 9113: a preface", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + SMUGGLED, [400]


TABLE = {name: (octets, statuses) for name, octets, statuses in table()}


async def app(scope, receive, send):
    """Answer with the path and the body of the request."""
    body, more = b"", True
    while more:
        event = await receive()
        if event["type"] == "http.disconnect":
            return
        body, more = body + event["body"], event["more_body"]
    said = scope["path"].encode() + b" " + body
    names = sorted(name for name, _ in scope["headers"])
    headers = [(b"content-length", b"%d" % len(said)), (b"x-names", b",".join(names))]
    if scope["client"]:
        headers.append((b"x-client", scope["client"][0].encode()))
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": said})


async def answers_to(pieces, **options):
    """Status, headers and body of each answer, as h11 reads them, until the connection ends."""
    async with serving(app, grace_s=1, **options) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(0)
        writer.write(b"OPTIONS /end HTTP/1.1\r\nHost: simpost\r\nConnection: close\r\n\r\n")
        octets = await asyncio.wait_for(reader.read(-1), 30)
        writer.close()
    found = read_by_h11(octets)
    return found[:-1] if found and found[-1][2].startswith(b"/end") else found


def read_by_h11(octets):
    client = h11.Connection(h11.CLIENT)
    client.receive_data(octets)
    client.receive_data(b"")
    found = []
    while True:
        if client.our_state is h11.IDLE:
            if not client.trailing_data[0]:
                return found
            client.send(h11.Request(method="GET", target="/", headers=[("Host", "a")]))
            client.send(h11.EndOfMessage())
        event = client.next_event()
        if isinstance(event, h11.Response):
            found.append([event.status_code, dict(event.headers), b""])
        elif isinstance(event, h11.Data):
            found[-1][2] += event.data
        elif isinstance(event, h11.EndOfMessage) and client.our_state is h11.DONE:
            if client.their_state is not h11.DONE:
                return found
            client.start_next_cycle()
        elif isinstance(event, h11.ConnectionClosed):
            return found


def split(octets):
    """Whole, and cut in two at every place that a head or body may be cut."""
    yield [octets]
    for at in range(1, len(octets), 7):
        yield [octets[:at], octets[at:]]


@pytest.mark.parametrize("name", TABLE)
async def test_requests_are_taken_as_the_rfc_says(name):
    octets, statuses = TABLE[name]
    found = await answers_to([octets])
    assert [answer[0] for answer in found] == statuses
    if octets.startswith(b"POST") and statuses == [200]:
        assert found[0][2] == b"/ " + SMUGGLED


@pytest.mark.parametrize(
    "name", ["7.8 of 9110: h2c is ignored", "with chunks", "as Java offers it"]
)
async def test_a_body_behind_an_upgrade_is_whole_however_it_is_cut(name):
    octets, _ = TABLE[name]
    for pieces in split(octets):
        found = await answers_to(pieces)
        assert [(status, body) for status, _, body in found] == [(200, b"/ " + SMUGGLED)]


def requests_as_h11_reads_them(octets):
    """Method, target and body of each request; None behind them where the rest is no HTTP."""
    server, found = h11.Connection(h11.SERVER), []
    server.receive_data(octets)
    try:
        while True:
            event = server.next_event()
            if isinstance(event, h11.Request):
                found.append([event.target, b""])
            elif isinstance(event, h11.Data):
                found[-1][1] += bytes(event.data)
            elif isinstance(event, h11.EndOfMessage):
                server.send(h11.Response(status_code=204, headers=[]))
                server.send(h11.EndOfMessage())
                if server.our_state is h11.MUST_CLOSE:
                    return found
                server.start_next_cycle()
            elif event in (h11.NEED_DATA, h11.PAUSED):
                return found
    except h11.RemoteProtocolError:
        return [*found, None]


STRICTER = (
    "2.3: another version",
    "9.3.6 of 9110: CONNECT",
    "3.4 of 9113: a preface",
    "10.1.1 of 9110: another",
    "3.2.2: a whole address",
    "3.2.2: no host in it",
    "4.2.4 of 9110: a user in it",
    "4.2 of 9110: another scheme",
    "6.5.1 of 9110: a connection's",
    "and a proxy's",
)
"""h11 leaves these to its application."""


@pytest.mark.parametrize("name", [name for name in TABLE if not name.startswith(STRICTER)])
async def test_requests_are_separated_as_h11_separates_them(name):
    octets, statuses = TABLE[name]
    wanted = requests_as_h11_reads_them(octets)
    found = await answers_to([octets])
    good = [target + b" " + body for target, body in (each for each in wanted if each)]
    ours = [body for status, _, body in found if status == 200]
    assert ours == good[: statuses.count(200)]


async def answer_before_the_body(scope, receive, send):
    """As a stranger is refused: nothing of the body is read."""
    headers = [(b"content-length", b"0")]
    await send({"type": "http.response.start", "status": 401, "headers": headers})
    await send({"type": "http.response.body", "body": b""})


@pytest.mark.parametrize(
    "rest",
    [b"no size\r\n", b"5;" + b"x" * 70_000, b"0\r\nConnection: close\r\n\r\n", b"0\r\nX\r\n\r\n"],
    ids=["bad chunk", "long extension", "trailer of the connection", "bad trailer"],
)
async def test_a_request_with_a_broken_body_has_one_response(rest):
    async with serving(answer_before_the_body, grace_s=1) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(CHUNKED + CHUNK)
        first = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 30)
        assert first.startswith(b"HTTP/1.1 401")
        writer.write(rest + SMUGGLED)
        writer.write_eof()
        assert await asyncio.wait_for(reader.read(-1), 30) == b""
        writer.close()


@pytest.mark.parametrize("host", [b"evil.example", b"localhost.evil.example:80"])
async def test_the_host_of_an_absolute_target_is_used(host):
    octets = b"GET http://" + host + b"/ HTTP/1.1\r\nHost: localhost\r\n\r\n"
    [first, *_] = await answers_to([octets], hosts=HostRules.of("127.0.0.1"))
    assert first[0] == 421


@pytest.mark.parametrize("where", ["headers", "trailers"])
async def test_the_number_of_headers_is_bounded(where):
    many, most = b"a:\r\n" * (MAX_FIELDS + 1), b"a:\r\n" * (MAX_FIELDS - 1)
    head, tail = (GET, b"\r\n") if where == "headers" else (CHUNKED + b"0\r\n", b"\r\n")
    [refused] = await answers_to([head + many + tail])
    assert refused[0] == 431
    if where == "headers":
        assert [status for status, _, _ in await answers_to([head + most + tail])] == [200]


async def test_options_of_the_whole_server_reach_no_path():
    """RFC 9110 9.3.7: `*` is the server itself, and nothing here is routed to it."""
    octets = b"OPTIONS * HTTP/1.1\r\n" + HOST + b"\r\n"
    [(status, _, body)] = await answers_to([octets])
    assert (status, body) == (200, b"* ")


async def test_a_trailer_never_becomes_a_header():
    trailer = b"X-Forwarded-For: 192.0.2.1\r\nRT-SecretKey: secret\r\n"
    octets = CHUNKED + CHUNK + b"0\r\n" + trailer + b"\r\n"
    for pieces in split(octets):
        [(status, headers, body)] = await answers_to(pieces, proxies=TrustedProxies(["127.0.0.1"]))
        assert (status, body) == (200, b"/ " + SMUGGLED)
        assert headers[b"x-names"] == b"host,transfer-encoding"
        assert headers[b"x-client"] == b"127.0.0.1"


@pytest.mark.parametrize(
    ("trusted", "hops", "forwarded", "client"),
    [
        ([], 1, b"X-Forwarded-For: 192.0.2.1\r\n", b"127.0.0.1"),
        (["10.0.0.0/8"], 1, b"X-Forwarded-For: 192.0.2.1\r\n", b"127.0.0.1"),
        (["127.0.0.1"], 1, b"X-Forwarded-For: 192.0.2.1\r\n", b"192.0.2.1"),
        (["127.0.0.0/8"], 1, b"X-Forwarded-For: 192.0.2.66, 192.0.2.1\r\n", b"192.0.2.1"),
        (["127.0.0.1"], 1, b"X-Forwarded-For: 1.1.1.1\r\nX-Forwarded-For: 8.8.8.8\r\n", b"8.8.8.8"),
        (["127.0.0.1"], 2, b"X-Forwarded-For: 192.0.2.66, 192.0.2.1\r\n", b"192.0.2.1"),
        (["127.0.0.1", "10.0.0.1"], 2, b"X-Forwarded-For: 192.0.2.1, 10.0.0.1\r\n", b"192.0.2.1"),
        (["127.0.0.1", "10.0.0.1"], 1, b"X-Forwarded-For: 192.0.2.1, 10.0.0.1\r\n", b"10.0.0.1"),
        (["127.0.0.1"], 1, b"X-Forwarded-For: [2001:db8::1]:4711\r\n", b"2001:db8::1"),
        (["127.0.0.1"], 1, b"X-Forwarded-For: 192.0.2.1:4711\r\n", b"192.0.2.1"),
        (["127.0.0.1"], 1, b"X-Forwarded-For: ::ffff:192.0.2.1\r\n", b"192.0.2.1"),
        (["127.0.0.1"], 1, b"X-Forwarded-For: 192.0.2.1, nobody\r\n", b"unknown"),
        (["127.0.0.1"], 1, b"X-Forwarded-For:\r\n", b"unknown"),
        (["127.0.0.1"], 1, b"", b"127.0.0.1"),
    ],
)
async def test_only_trusted_proxies_say_who_the_client_is(trusted, hops, forwarded, client):
    proxies = TrustedProxies(trusted, hops)
    [(_, headers, _)] = await answers_to([GET + forwarded + b"\r\n"], proxies=proxies)
    assert headers[b"x-client"] == client


@pytest.mark.parametrize(
    ("listens_on", "names", "host", "status"),
    [
        ("127.0.0.1", (), b"localhost:8080", 200),
        ("127.0.0.1", (), b"demo.localhost", 200),
        ("127.0.0.1", (), b"127.0.0.1:8080", 200),
        ("127.0.0.1", (), b"[::1]:8080", 200),
        ("127.0.0.1", (), b"evil.example", 421),
        ("127.0.0.1", (), b"localhost.evil.example", 421),
        ("127.0.0.1", (), b"127.0.0.1.evil.example", 421),
        ("127.0.0.1", (), b"", 421),
        ("127.0.0.1", ("sms.example",), b"SMS.example.:443", 200),
        ("127.0.0.1", ("sms.example",), b"evil.example", 421),
        ("127.0.0.1", (".example",), b"a.example", 200),
        ("127.0.0.1", (".example",), b"example", 421),
        ("127.0.0.1", ("*",), b"evil.example", 200),
        ("0.0.0.0", (), b"any.example", 200),
        ("0.0.0.0", ("sms.example",), b"evil.example", 421),
        ("0.0.0.0", ("sms.example",), b"192.0.2.1", 200),
    ],
)
async def test_only_the_names_of_the_server_are_answered(listens_on, names, host, status):
    hosts = HostRules.of(listens_on, names)
    octets = b"GET / HTTP/1.1\r\nHost: " + host + b"\r\n\r\n"
    [first, *_] = await answers_to([octets], hosts=hosts)
    assert first[0] == status


async def test_a_client_that_asks_is_told_how_long_its_connection_is_kept():
    [(_, headers, _), (_, unasked, _)] = await answers_to(
        [GET + b"Connection: keep-alive\r\n\r\n" + GET + b"\r\n"]
    )
    assert headers[b"connection"] == b"keep-alive"
    assert headers[b"keep-alive"] == b"timeout=75"
    assert b"connection" not in unasked


async def test_http_1_0_is_kept_where_it_asks_and_closed_where_not():
    old = GET.replace(b"1.1", b"1.0")
    kept = await answers_to([(old + b"Connection: keep-alive\r\n\r\n") * 2])
    assert [headers[b"connection"] for _, headers, _ in kept] == [b"keep-alive"] * 2
    [(_, headers, _)] = await answers_to([old + b"\r\n" + SMUGGLED])
    assert headers[b"connection"] == b"close"
