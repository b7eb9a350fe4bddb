"""simpost between a client and its supplier: what it does not own goes on unchanged."""

import asyncio
import base64
import contextlib
import gzip
import hmac
import http.client
import json
import time
import uuid
from functools import partial

import pytest

from bench.gateway import Gateway
from tests.contract.supplier import CODE, SECRET

SOURCE = f"""
[[sources]]
type = "esim_access"
name = "supplier"
account = "bench"
access_code = "{CODE}"
secret_key = "{SECRET}"
secret_is_sent = true
allow_private = true
pass_through = true
timeout_s = 1
"""
ORDER = b'{ "transactionId":"T/1",  "packageInfoList":[{"packageCode":"P1","count":1}] }'
ANSWER = b'{"success":true,"errorCode":"0","errorMsg":null,"obj":{"orderNo":"B1"},"extra":[1]}'


class Supplier(asyncio.Protocol):
    """A plain socket that keeps what it got, and answers, or not, as it was told."""

    got: list[bytes] = []  # noqa: RUF012
    transports: list[asyncio.Transport] = []  # noqa: RUF012
    answer: bytes | None = ANSWER
    status = b"200 OK"

    def connection_made(self, transport):
        self.transport, self.data = transport, b""
        Supplier.transports.append(transport)

    def data_received(self, data):
        self.data += data
        head, found, body = self.data.partition(b"\r\n\r\n")
        length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0]) if found else 1
        if len(body) < length:
            return
        Supplier.got.append(self.data)
        self.data = b""
        if Supplier.answer is not None:
            head = b"HTTP/1.1 %b\r\nContent-Type: application/json\r\nRetry-After: 7\r\n"
            self.transport.write(
                head % Supplier.status
                + b"Content-Length: %d\r\n\r\n" % len(Supplier.answer)
                + Supplier.answer
            )


@contextlib.asynccontextmanager
async def between(folder, source=SOURCE, path="/base/"):
    Supplier.got, Supplier.answer, Supplier.status = [], ANSWER, b"200 OK"
    Supplier.transports = []
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Supplier, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    more = source + f'url = "http://127.0.0.1:{port}{path}"\n'
    gateway = await asyncio.to_thread(Gateway, folder, log_level="info", more=more)
    try:
        await asyncio.to_thread(gateway.fill, 1)
        other = {"accessCode": "other", "secret": "other-secret-0123"}
        await asyncio.to_thread(gateway.operate, "POST", "accounts", other)
        yield gateway, server
    finally:
        await asyncio.to_thread(gateway.stop)
        server.close()


def ask(gateway, path, body, code="bench", secret="bench-secret-0123", header="Retry-After"):
    headers = {"RT-AccessCode": code, "RT-SecretKey": secret, "RT-RequestID": "mine-1"}
    connection = http.client.HTTPConnection("127.0.0.1", gateway.port, timeout=60)
    with contextlib.closing(connection):
        connection.request("POST", f"/api/v1/open/{path}", body, headers)
        answer = connection.getresponse()
        return answer.status, answer.read(), answer.getheader(header)


@pytest.mark.timeout(60)
async def test_what_simpost_does_not_own_goes_on_unchanged(tmp_path):
    async with between(tmp_path) as (gateway, server):
        status, body, retry_after = await asyncio.to_thread(ask, gateway, "esim/order", ORDER)
        assert (status, body, retry_after) == (200, ANSWER, "7")
        [sent] = Supplier.got
        head, _, passed = sent.partition(b"\r\n\r\n")
        assert passed == ORDER
        assert head.startswith(b"POST /base/esim/order HTTP/1.1\r\n")
        for line in (f"RT-AccessCode: {CODE}", f"RT-SecretKey: {SECRET}", "RT-RequestID: mine-1"):
            assert line.lower().encode() in head.lower()
        assert b"bench-secret" not in sent

        # What the supplier refuses comes back as it is.
        Supplier.status = b"429 Too Many Requests"
        assert (await asyncio.to_thread(ask, gateway, "balance/query", b""))[0] == 429

        # The last octet that fits, one more, and a status that HTTP does not have.
        Supplier.status, whole = b"200 OK", b"x" * 4 * 1024 * 1024
        Supplier.answer = whole
        assert (await asyncio.to_thread(ask, gateway, "esim/order", ORDER))[:2] == (200, whole)
        for Supplier.status, Supplier.answer in ((b"200 OK", whole + b"x"), (b"600 X", b"")):
            status, body, _ = await asyncio.to_thread(ask, gateway, "esim/order", ORDER)
            assert (status, json.loads(body)["errorCode"]) == (504, "000001")
        Supplier.status, Supplier.answer = (
            b"200 OK\r\nContent-Encoding: gzip",
            gzip.compress(ANSWER),
        )
        found, body, encoding = await asyncio.to_thread(
            ask, gateway, "esim/order", ORDER, header="Content-Encoding"
        )
        assert (found, gzip.decompress(body), encoding) == (200, ANSWER, "gzip")
        Supplier.got.clear()
        Supplier.status, Supplier.answer = b"429 Too Many Requests", ANSWER

        # Another account has no supplier, and simpost answers what it owns.
        status, body, _ = await asyncio.to_thread(
            ask, gateway, "esim/order", ORDER, "other", "other-secret-0123"
        )
        assert (status, json.loads(body)["errorCode"]) == (200, "200002")
        status, body, _ = await asyncio.to_thread(ask, gateway, "package/list", b"{}")
        assert json.loads(body)["obj"]["packageList"][0]["packageCode"] == "P1"
        wrong = await asyncio.to_thread(ask, gateway, "esim/order", ORDER, "bench", "wrong")
        assert json.loads(wrong[1])["errorCode"] == "101003"
        assert Supplier.got == []

        # Sent without an answer: once, and said so. Not sent: said so, too.
        Supplier.answer = None
        status, body, _ = await asyncio.to_thread(ask, gateway, "esim/topup", ORDER)
        assert (status, json.loads(body)["errorCode"]) == (504, "000001")
        assert "may have carried it out" in json.loads(body)["errorMsg"]
        assert len(Supplier.got) == 1
        server.close()
        status, body, _ = await asyncio.to_thread(ask, gateway, "esim/topup", ORDER)
        assert (status, json.loads(body)["errorCode"]) == (503, "900001")
        log = (tmp_path / "gateway.log").read_text()
    lines = [line for line in log.splitlines() if "passed_on" in line]
    results = ["HTTP 200", "HTTP 429"]
    results += ["HTTP 200", "HTTP 200", "HTTP 600", "HTTP 200", "no response", "not sent"]
    assert [result in line for line, result in zip(lines, results, strict=True)] == [True] * 8
    assert SECRET not in log
    assert "packageInfoList" not in log


BOTH = """
[[sources]]
type = "esimfly"
name = "esimfly"
account = "bench"
access_code = "their-code"
secret_key = "their-secret"
allow_private = true
pass_through = true
timeout_s = 1
url = "http://127.0.0.1:1/api/v1/business"

[[sources]]
type = "esim_go"
name = "esim-go"
account = "bench"
api_key = "their-key"
allow_private = true
pass_through = true
timeout_s = 1
"""


def request(gateway, method, path, body=b"", shown="Content-Type", **headers):
    connection = http.client.HTTPConnection("127.0.0.1", gateway.port, timeout=60)
    with contextlib.closing(connection):
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, path, body, named)
        answer = connection.getresponse()
        return answer.status, answer.read(), answer.getheader(shown)


def key_of(gateway, code, secret, *scopes):
    basic = base64.b64encode(f"{code}:{secret}".encode()).decode()
    body = json.dumps({"name": "shop", "scopes": scopes})
    headers = {"Authorization": f"Basic {basic}", "Content_Type": "application/json"}
    status, body, _ = request(gateway, "POST", "/v1/keys", body, **headers)
    assert status == 201, body
    return json.loads(body)["key"]


def signed(body):
    at, number = str(time.time_ns() // 1_000_000), str(uuid.uuid4())
    text = f"{at}{number}bench".encode() + body
    mac = hmac.new(b"bench-secret-0123", text, "sha256").hexdigest().upper()
    names = ("RT_AccessCode", "RT_RequestID", "RT_Timestamp", "RT_Signature")
    return dict(zip(names, ("bench", number, at, mac), strict=True))


@pytest.mark.timeout(60)
async def test_paths_of_a_shape_go_on_to_the_supplier_of_its_type(tmp_path, monkeypatch):
    monkeypatch.setenv("SIMPOST_SERVER__SHAPES", '["esim_go", "esimfly"]')
    async with between(tmp_path, BOTH, "/v2.5") as (gateway, _):
        call = partial(asyncio.to_thread, request, gateway)
        ours = partial(asyncio.to_thread, key_of, gateway)
        key = await ours("bench", "bench-secret-0123", "supplier")
        path = "/v2.5/esims/8944000000000000009/bundles?includeUsed=true"
        status, body, kind = await call("GET", path, X_API_Key=key, Accept="text/csv")
        assert (status, body, kind) == (200, ANSWER, "application/json")
        status, *_ = await call("POST", "/v2.5/orders", ORDER, X_API_Key=key)
        assert status == 200
        first, second = Supplier.got
        assert first.startswith(f"GET {path} HTTP/1.1\r\n".encode())
        assert b"accept: text/csv" in first.lower()
        for sent in (first, second):
            assert b"x-api-key: their-key\r\n" in sent.lower()
            assert key.encode() not in sent
        assert second.endswith(b"\r\n\r\n" + ORDER)

        # A compressed body stays readable.
        Supplier.status, Supplier.answer = (
            b"200 OK\r\nContent-Encoding: gzip",
            gzip.compress(ANSWER),
        )
        _, body, coding = await call("GET", path, shown="Content-Encoding", X_API_Key=key)
        assert (gzip.decompress(body), coding) == (ANSWER, "gzip")
        Supplier.status, Supplier.answer = b"200 OK", ANSWER
        del Supplier.got[2:]

        # Not without the scope, not of another version, not out of the API, not for others, and
        # no text to a handset: opt-outs and stops would not count.
        sends = await ours("bench", "bench-secret-0123", "messages:write")
        others = await ours("other", "other-secret-0123", "supplier")
        for path, given, expected in (
            ("/v2.5/orders", sends, 403),
            ("/v2.5/orders", "wrong", 403),
            ("/v2.4/orders", key, 404),
            ("/v2.5/../admin", key, 404),
            ("/v2.5/orders", others, 404),
            ("/v2.5/esims/8944000000000000009/SMS", key, 404),
            ("/v2.1/esims/8944000000000000009/sms", key, 404),
        ):
            status, *_ = await call("POST", path, ORDER, X_API_Key=given)
            assert (path, status) == (path, expected)
        assert len(Supplier.got) == 2

        # eSIMfly has its own source, to which there is no connection here: nothing was sent.
        wanted = b'{"packageCode":"P1"}'
        path = "/api/v1/business/esims/order"
        status, body, _ = await call("POST", path, wanted, **signed(wanted))
        assert (status, json.loads(body)["code"]) == (503, "SERVICE_UNAVAILABLE")
        Supplier.answer = None
        status, body, _ = await call("POST", "/v2.5/orders", ORDER, X_API_Key=key)
        assert (status, len(Supplier.got)) == (504, 3)
        assert "may have carried it out" in json.loads(body)["message"]
        log = (tmp_path / "gateway.log").read_text()
    assert not {"their-key", "their-secret", "includeUsed"} & set(log.replace("=", " ").split())
    assert log.count("passed_on") == 5
