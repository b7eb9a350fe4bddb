"""The upstream APIs of the simulator over real sockets: each shape, and the faults of all."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
import time
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import parse_qsl, urlencode

import aiohttp
import pytest
from aiohttp import web
from twilio.base.exceptions import TwilioRestException
from twilio.request_validator import RequestValidator
from twilio.rest import Client

from simpost.net.json_web_tokens import bearer_token, is_valid_token
from simpost.smsc import Faults, Simulator
from simpost.smsc import faults as f
from tests.integration.smsc.conftest import Start
from tests.turns import until

SECRET = "hush-hush-key"
ICCID = "8901234567890123456"
ESIM_ACCESS = "/api/v1/open/esim/sendSms"
CODE = {"RT-AccessCode": "code"}


def now_ms() -> int:
    return time.time_ns() // 1_000_000


def rules(*do: f.AnyFault, **when: Any) -> Faults:
    return Faults(tuple(f.Rule(do=each, when=f.When(**when)) for each in do))


async def call(
    simulator: Simulator, path: str, body: Any = b"", method: str = "POST", **headers: str
) -> tuple[int, Any, Any]:
    """Status, JSON or octets, and headers of a response."""
    octets = body if isinstance(body, bytes) else json.dumps(body).encode()
    url = f"http://127.0.0.1:{simulator.http_port}{path}"
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    async with (
        aiohttp.ClientSession() as client,
        client.request(method, url, data=octets, headers=given) as response,
    ):
        read = await response.read()
        is_json = response.content_type == "application/json"
        return response.status, json.loads(read) if is_json else read, response.headers


def texts(simulator: Simulator, number: str) -> list[tuple[str, int]]:
    """Sender and number of parts of each text on a handset."""
    handset = simulator.handsets.find(number)
    return [(each.source, len(each.parts)) for each in handset.texts] if handset else []


async def shown(simulator: Simulator, number: str) -> list[tuple[str, str, int]]:
    """Sender, text and parts of what a handset shows."""
    _, body, _ = await call(simulator, f"/handsets/{number}", method="GET")
    found = body.get("messages", [])
    assert all(each["complete"] for each in found)
    return [(each["from"], each["text"], each["parts"]) for each in found]


def envelope(code: str) -> Any:
    return {"success": False, "errorCode": code}


def esim_access_signature(body: bytes, secret: str = SECRET) -> dict[str, str]:
    signed = b"1700000000000" + b"id" + b"code" + body
    return {
        **CODE,
        "RT-RequestID": "id",
        "RT-Timestamp": "1700000000000",
        "RT-Signature": hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest().upper(),
    }


HELLO = {"esimTranNo": "26010100000001", "message": "Grüße, €5"}


async def test_esim_access_shows_the_text_and_answers_in_both_dialects(simulator) -> None:
    """The bodies of success are those of the two documentations."""
    status, body, _ = await call(simulator, ESIM_ACCESS, HELLO, **CODE)
    assert (status, body) == (
        200,
        {"success": True, "errorCode": "0", "errorMsg": None, "obj": {}},
    )
    long = {"iccid": ICCID, "message": "a" * 400}
    _, body, _ = await call(simulator, ESIM_ACCESS, long, **CODE, RT_SecretKey="s")
    assert body == {"success": True, "errorCode": None, "errorMsg": None, "obj": None}
    assert await shown(simulator, "26010100000001") == [("eSIMAccess", "Grüße, €5", 1)]
    assert await shown(simulator, ICCID) == [("eSIMAccess", "a" * 400, 3)]
    assert simulator.stats().submits == 4
    assert simulator.stats().upstreams == {"esim_access": {"200": 2}}


@pytest.mark.parametrize(
    ("body", "headers", "code"),
    [
        (HELLO, {}, "000101"),
        (b"{", CODE, "000104"),
        (b"[]", CODE, "000104"),
        (b"", CODE, "000105"),
        ({"message": "x"}, CODE, "000105"),
        ({"iccid": ICCID}, CODE, "000105"),
        ({"iccid": ICCID, "message": None}, CODE, "000106"),
        ({"iccid": ICCID, "message": " "}, CODE, "000106"),
        ({"iccid": ICCID, "message": "😀" * 501}, CODE, "000107"),
        ({"iccid": "no-number", "message": "x"}, CODE, "310403"),
        ({"iccid": "1" * 21, "message": "x"}, CODE, "310403"),
    ],
)
async def test_esim_access_refuses_as_documented(simulator, body, headers, code) -> None:
    status, answer, _ = await call(simulator, ESIM_ACCESS, body, **headers)
    assert (status, answer) == (200, {**answer, **envelope(code), "obj": None})
    assert len(simulator.handsets) == 0


async def test_esim_access_checks_the_secret_that_is_given(start: Start) -> None:
    """The first vector is the one that the documentation of eSIM Access prints."""
    simulator = await start(upstream_secret="1111")
    vector = {
        "RT-AccessCode": "11111",
        "RT-Timestamp": "1628670421",
        "RT-RequestID": "4ce9d9cdac9e4e17b3a2c66c358c1ce2",
        "RT-Signature": "7eb765e27df5373dea2dbc8c41a7d9557743e46c8054750f3d851b3fd01d0835",
    }
    _, body, _ = await call(simulator, ESIM_ACCESS, b'{"imsi":"326543826"}', **vector)
    assert body["errorCode"] == "000105"  # past the signature
    octets = json.dumps(HELLO).encode()
    for headers, code in (
        (esim_access_signature(octets, "1111"), "0"),
        (esim_access_signature(octets, "2222"), "101003"),
        ({**CODE, "RT-SecretKey": "1111"}, None),
        ({**CODE, "RT-SecretKey": "2222"}, "101003"),
        ({"RT-AccessCode": "1111"}, "0"),
        (CODE, "101003"),
    ):
        _, body, _ = await call(simulator, ESIM_ACCESS, octets, **headers)
        assert body["errorCode"] == code, headers


async def test_a_page_of_another_site_sends_no_text(simulator) -> None:
    status, _, _ = await call(simulator, ESIM_ACCESS, HELLO, **CODE, Origin="http://evil.example")
    assert status == 403
    assert len(simulator.handsets) == 0


# Faults


async def outcomes(simulator: Simulator, count: int) -> list[Any]:
    found: list[Any] = []
    for _ in range(count):
        status, body, _ = await call(simulator, ESIM_ACCESS, HELLO, **CODE)
        found.append((status, body["errorCode"]))
    return found


async def test_a_fault_file_of_smpp_is_one_of_http_too(start: Start) -> None:
    throttled, refused = f.Refuse(status="ESME_RTHROTTLED"), f.Refuse(status="ESME_RSUBMITFAIL")
    faults = Faults(
        (f.Rule(do=throttled, when=f.When(every=3)), f.Rule(do=refused, when=f.When(every=2)))
    )
    simulator = await start(faults=faults)
    assert await outcomes(simulator, 6) == [
        (200, "0"),
        (200, "200002"),
        (429, "900001"),
        (200, "200002"),
        (200, "0"),
        (429, "900001"),
    ]
    assert simulator.stats().faults == {"1 refuse": 2, "2 refuse": 3}
    assert texts(simulator, "26010100000001") == [("eSIMAccess", 1)] * 2


async def test_errors_of_http_have_the_words_of_the_shape(start: Start) -> None:
    simulator = await start(
        faults=Faults(
            (
                f.Rule(
                    do=f.HttpError(status=200, code="310403"),
                    when=f.When(upstream="esim_access", times=1),
                ),
                f.Rule(
                    do=f.HttpError(status=429, retry_after=7, message="slower"),
                    when=f.When(upstream="esim_access", after=1, times=1),
                ),
                f.Rule(do=f.HttpError(status=500), when=f.When(upstream="esim_go")),
            )
        )
    )
    status, body, _ = await call(simulator, ESIM_ACCESS, HELLO, **CODE)
    assert (status, body["success"], body["errorMsg"]) == (
        200,
        False,
        "The eSIM transaction number does not exist",
    )
    status, body, headers = await call(simulator, ESIM_ACCESS, HELLO, **CODE)
    assert (status, body["errorMsg"], headers["Retry-After"]) == (429, "slower", "7")
    assert await outcomes(simulator, 1) == [(200, "0")]


async def test_the_same_seed_gives_the_same_faults_by_http(start: Start) -> None:
    runs = []
    for seed in (7, 7, 8):
        faults = rules(f.HttpError(status=429), share=0.5)
        runs.append(await outcomes(await start(faults=faults, seed=seed), 20))
    assert runs[0] == runs[1] != runs[2]


@pytest.mark.parametrize(
    ("fault", "count"),
    [
        (f.Drop(), 1),
        (f.Drop(accepted=False), 0),
        (f.Reset(octets=20), 1),
        (f.Silent(), 1),
        (f.HalfOpen(seconds=0.05, accepted=False), 0),
        (f.HalfOpen(seconds=0.05), 1),
    ],
)
async def test_a_lost_response_may_have_delivered_the_text(
    start: Start, fault: f.AnyFault, count: int, capsys
) -> None:
    simulator = await start(faults=rules(fault))
    with pytest.raises((aiohttp.ClientError, TimeoutError)):
        async with asyncio.timeout(0.3):
            await call(simulator, ESIM_ACCESS, HELLO, **CODE)
    assert texts(simulator, "26010100000001") == [("eSIMAccess", 1)] * count
    assert "request_failed" not in capsys.readouterr().out


async def test_an_error_may_hide_that_the_text_was_accepted(start: Start) -> None:
    simulator = await start(faults=rules(f.HttpError(status=502, accepted=True)))
    assert await outcomes(simulator, 1) == [(502, "000001")]
    assert texts(simulator, "26010100000001") == [("eSIMAccess", 1)]


async def test_a_response_may_be_empty_or_mangled(start: Start) -> None:
    simulator = await start(faults=rules(f.EmptyBody()))
    status, body, _ = await call(simulator, ESIM_ACCESS, HELLO, **CODE)
    assert (status, body) == (200, b"")
    simulator.set_faults(rules(f.MangleResponse(changes=200)))
    url = f"http://127.0.0.1:{simulator.http_port}{ESIM_ACCESS}"
    async with (
        aiohttp.ClientSession() as client,
        client.post(url, json=HELLO, headers=CODE) as response,
    ):
        octets = await response.read()
    with pytest.raises(ValueError, match=r"."):
        json.loads(octets)
    assert texts(simulator, "26010100000001") == [("eSIMAccess", 1)] * 2


async def test_a_text_waits_for_a_handset_that_is_off(simulator) -> None:
    simulator.handset_off("26010100000001")
    assert await outcomes(simulator, 1) == [(200, "0")]
    assert texts(simulator, "26010100000001") == []
    simulator.handset_on("26010100000001")
    assert texts(simulator, "26010100000001") == [("eSIMAccess", 1)]


# The other shapes

SMS = f"/v2.5/esims/{ICCID}/sms"
ESIMFLY = "/api/v1/business/esims/send-sms"
MESSAGES = "/2010-04-01/Accounts/AC1/Messages"
BASIC = {"Authorization": "Basic " + base64.b64encode(b"AC1:token").decode()}
BEARER = {"Authorization": "Bearer any"}
ENDPOINT = "/api/v1/endpoint/42/sms"
SIM = f"/management-api/v2/sims/{ICCID}/sms"
SIGNED = {"RT-AccessCode": "c", "RT-RequestID": "i", "RT-Timestamp": "1", "RT-Signature": "S"}
FORM = {"To": "+447700900001", "From": "+447700900000", "Body": "hi"}


def form(**fields: str) -> bytes:
    return urlencode({**FORM, **fields}).encode()


@pytest.mark.parametrize(
    ("path", "body", "headers", "status", "answer"),
    [
        (SMS, {"message": "hi"}, {"X-API-Key": "k"}, 200, {"status": "sent"}),
        (SMS.replace("5", "3", 1), {"message": "hi"}, {"X-API-Key": "k"}, 200, {"message": "sent"}),
        (SMS, {"message": "hi"}, {}, 403, {"message": "access denied"}),
        (SMS, {"message": "a" * 161}, {"X-API-Key": "k"}, 400, {}),
        (SMS, {}, {"X-API-Key": "k"}, 400, {}),
        (ESIMFLY, {"iccid": ICCID, "message": "hi"}, SIGNED, 200, {"success": True}),
        (ESIMFLY, {"esimId": 7, "message": "hi"}, SIGNED, 200, {"success": True}),
        (ESIMFLY, {"iccid": ICCID, "message": "hi"}, CODE, 401, {"code": "AUTH_MISSING"}),
        (ESIMFLY, {"message": "hi"}, SIGNED, 400, {"code": "MISSING_IDENTIFIER"}),
        (ESIMFLY, {"iccid": ICCID}, SIGNED, 400, {"code": "MISSING_MESSAGE"}),
        (ESIMFLY, {"iccid": ICCID, "message": "a" * 501}, SIGNED, 400, {"success": False}),
        (f"{MESSAGES}.json", form(), BASIC, 201, {"status": "queued", "num_segments": "1"}),
        (f"{MESSAGES}.json", form(Body="a" * 161), BASIC, 201, {"num_segments": "2"}),
        (f"{MESSAGES}.json", form(), {}, 401, {"code": 20003, "status": 401}),
        (f"{MESSAGES}.json", form(To="1"), BASIC, 400, {"code": 21211}),
        (f"{MESSAGES}.json", form(Body=""), BASIC, 400, {"code": 21602}),
        (f"{MESSAGES}.json", form(Body="a" * 1_601), BASIC, 400, {"code": 21617}),
        (f"{MESSAGES}.json", form(From=""), BASIC, 400, {"code": 21603}),
        (SMS, {"message": "hi", "from": "A long sender"}, {"X-API-Key": "k"}, 400, {}),
        (SMS.replace("5", "6", 1), {"message": "hi"}, {"X-API-Key": "k"}, 404, {}),
        (f"{MESSAGES}.json", form(From="A long sender"), BASIC, 400, {"code": 21212}),
        (f"{MESSAGES}.json", form(StatusCallback="ftp://x"), BASIC, 400, {"code": 21609}),
        (f"{MESSAGES}.json", form(StatusCallback="http://a\r\nb"), BASIC, 400, {"code": 21609}),
        (SIM.replace("2", "3", 1), {"payload": "hi"}, BEARER, 404, {"error_token": "NotFound"}),
        (ENDPOINT, {"payload": "hi", "expiry_date": "9999-12-31T23:59:59Z"}, BEARER, 201, None),
        (ENDPOINT, {"payload": "ж", "dcs": 0}, BEARER, 400, {}),
        (ENDPOINT, {"payload": "hi"}, {}, 401, {"error_token": "Unauthorized"}),
        (ENDPOINT, {"payload": "hi", "dcs": 9}, BEARER, 400, {"error_token": "BadRequest"}),
        (ENDPOINT, {"payload": "a" * 161}, BEARER, 422, {}),
        (ENDPOINT, {"payload": "hi", "source_address": "Shop"}, BEARER, 422, {}),
        (ENDPOINT, {"payload": "hi", "udh": "xx"}, BEARER, 400, {}),
    ],
)
async def test_each_shape_answers_as_documented(
    simulator: Simulator, path: str, body: Any, headers: Any, status: int, answer: Any
) -> None:
    found, document, _ = await call(simulator, path, body, **headers)
    assert found == status
    assert document == (b"" if answer is None else {**document, **answer})
    assert len(simulator.handsets) == (status < 300)


async def test_a_201_of_emnify_has_no_body_and_the_list_has_the_id(simulator) -> None:
    """Two parts with the caller's own header are one text on the handset."""
    for number, text in ((1, "Hello "), (2, "world")):
        body = {"payload": text, "udh": f"0500037702{number:02}", "dcs": 0}
        status, answer, _ = await call(simulator, ENDPOINT, body, **BEARER)
        assert (status, answer) == (201, b"")
    assert await shown(simulator, "42") == [("emnify", "Hello world", 2)]
    _, newest, _ = await call(simulator, ENDPOINT, method="GET", **BEARER)
    assert [each["payload"] for each in newest] == ["world", "Hello "]
    assert newest[0]["udh"] == "050003770202"
    _, one, _ = await call(simulator, f"{ENDPOINT}/{newest[0]['id']}", method="GET", **BEARER)
    assert one["status"]["id"] == 4
    status, _, _ = await call(simulator, f"{ENDPOINT}/1", method="GET", **BEARER)
    assert status == 404


@pytest.mark.parametrize(
    ("state", "number"), [("UNDELIVERABLE", 5), ("EXPIRED", 6), ("DELETED", 7), ("ENROUTE", 3)]
)
async def test_emnify_shows_states_as_numbers(start: Start, state: Any, number: int) -> None:
    simulator = await start(faults=rules(f.FinalState(state=state)))
    await call(simulator, ENDPOINT, {"payload": "hi"}, **BEARER)
    _, [one], _ = await call(simulator, ENDPOINT, method="GET", **BEARER)
    assert one["status"]["id"] == number


async def test_tokens_come_from_a_log_in_with_the_secret(start: Start) -> None:
    simulator = await start(upstream_secret=SECRET)
    path = "/api/v1/authenticate"
    status, _, _ = await call(simulator, path, {"application_token": "wrong"})
    assert status == 401
    _, body, _ = await call(simulator, path, {"application_token": SECRET})
    token = {"Authorization": f"Bearer {body['auth_token']}"}
    for headers, expected in ((token, 201), (BEARER, 401)):
        status, _, _ = await call(simulator, ENDPOINT, {"payload": "hi"}, **headers)
        assert status == expected
    basic = base64.b64encode(f"me:{SECRET}".encode()).decode()
    _, body, _ = await call(
        simulator, "/management-api/oauth/token", Authorization=f"Basic {basic}"
    )
    assert body["expires_in"] == 3600
    token = {"Authorization": f"Bearer {body['access_token']}"}
    status, body, _ = await call(simulator, SIM, {"payload": "hi"}, **token)
    assert (status, set(body)) == (201, {"id"})
    status, body, _ = await call(simulator, SIM.replace("2", "1", 1), {"payload": "hi"}, **token)
    assert (status, body) == (201, b"")


async def test_twilio_fetches_and_lists_what_was_sent(start: Start) -> None:
    simulator = await start(faults=rules(f.FinalState(state="EXPIRED"), after=1))
    sids = []
    for _ in range(2):
        _, body, _ = await call(simulator, f"{MESSAGES}.json", form(), **BASIC)
        sids.append(body["sid"])
    _, page, _ = await call(simulator, f"{MESSAGES}.json", method="GET", **BASIC)
    assert [(each["sid"], each["status"], each["error_code"]) for each in page["messages"]] == [
        (sids[1], "undelivered", 30003),
        (sids[0], "delivered", None),
    ]
    _, body, _ = await call(simulator, f"{MESSAGES}/{sids[0]}.json", method="GET", **BASIC)
    assert (body["status"], body["body"]) == ("delivered", "hi")
    other = f"{MESSAGES}/{sids[0]}.json".replace("AC1", "AC2")
    status, _, _ = await call(simulator, other, method="GET", **BASIC)
    assert status == 404


# Callbacks


class CalledServer:
    """A server that is called back; it responds with the next of `statuses`, then with 200."""

    def __init__(self) -> None:
        self.statuses: list[int] = []
        self.calls: asyncio.Queue[tuple[str, Any, bytes]] = asyncio.Queue()

    async def on_call(self, request: web.Request) -> web.Response:
        self.calls.put_nowait((request.method, request.headers, await request.read()))
        return web.Response(status=self.statuses.pop(0) if self.statuses else 200)


@pytest.fixture
async def client() -> AsyncIterator[tuple[CalledServer, str]]:
    found = CalledServer()
    app = web.Application()
    app.router.add_route("*", "/called", found.on_call)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    yield found, f"http://127.0.0.1:{port}/called"
    await runner.cleanup()


async def test_twilio_calls_back_with_its_signature(start: Start, client) -> None:
    """Twilio's own library checks it."""
    server, url = client
    simulator = await start(faults=rules(f.FinalState(state="EXPIRED"), f.DoubleReceipt()))
    await call(simulator, f"{MESSAGES}.json", form(StatusCallback=url), **BASIC)
    statuses = []
    for _ in range(3):
        method, headers, body = await server.calls.get()
        fields = dict(parse_qsl(body.decode()))
        signature = headers["X-Twilio-Signature"]
        assert method == "POST"
        assert RequestValidator("token").validate(url, fields, signature)
        assert not RequestValidator("other").validate(url, fields, signature)
        statuses.append((fields["MessageStatus"], fields.get("ErrorCode")))
    assert sorted(statuses) == [("sent", None)] + [("undelivered", "30003")] * 2


def use_twilio(port: int) -> None:
    """What a client does with Twilio's own library, whose base URL alone is another one."""
    client = Client("AC1", "token")
    client.api.base_url = f"http://127.0.0.1:{port}"
    sent = client.messages.create(to="+447700900001", from_="+447700900000", body="Grüße")
    assert (sent.status, sent.num_segments, sent.error_code) == ("queued", "1", None)
    fetched = client.messages(sent.sid).fetch()
    assert (fetched.status, fetched.body, fetched.to) == ("delivered", "Grüße", "+447700900001")
    assert [each.sid for each in client.messages.list(limit=10)] == [sent.sid]
    with pytest.raises(TwilioRestException) as error:
        client.messages.create(to="nobody", from_="+447700900000", body="x")
    assert (error.value.status, error.value.code) == (400, 21211)


async def test_the_library_of_twilio_works_unchanged(simulator) -> None:
    await asyncio.to_thread(use_twilio, simulator.http_port)
    assert await shown(simulator, "447700900001") == [("+447700900000", "Grüße", 1)]


async def test_1nce_patches_until_it_is_acknowledged(start: Start, client) -> None:
    server, url = client
    server.statuses = [500, 404]
    simulator = await start(callback_urls={"once": url})
    _, sent, _ = await call(simulator, SIM, {"payload": "hi"}, **BEARER)
    for _ in range(3):
        method, _, body = await server.calls.get()
        document = json.loads(body)
        assert (method, document["id"], document["status"]["id"]) == ("PATCH", sent["id"], "4")
    await until(lambda: not simulator.stats().callbacks.pending, "no callback waits")
    counts = simulator.stats().callbacks
    assert (counts.sent, counts.repeated, counts.acknowledged) == (3, 2, 1)


async def test_esim_go_reports_only_failures_with_the_signature_of_its_key(
    start: Start, client
) -> None:
    server, url = client
    simulator = await start(
        callback_urls={"esim_go": url}, faults=rules(f.FinalState(state="REJECTED"), after=1)
    )
    for _ in range(2):
        await call(simulator, SMS, {"message": "hi"}, X_API_Key="key")
    _, headers, body = await server.calls.get()
    document = json.loads(body)
    assert (document["alertType"], document["iccid"]) == ("SMSFailed", ICCID)
    mac = base64.b64encode(hmac.new(b"key", body, hashlib.sha256).digest()).decode()
    assert headers["X-Signature-SHA256"] == mac
    assert server.calls.empty()


async def test_a_lost_receipt_is_no_callback_and_a_dead_url_is_given_up(
    start: Start, client
) -> None:
    server, url = client
    simulator = await start(callback_urls={"once": url}, faults=rules(f.LoseReceipt()))
    await call(simulator, SIM, {"payload": "hi"}, **BEARER)
    await call(simulator, f"{MESSAGES}.json", form(StatusCallback="http://127.0.0.1:9/"), **BASIC)
    await until(
        lambda: simulator.stats().callbacks.abandoned, "a callback is given up", every_s=0.01
    )
    counts = simulator.stats().callbacks
    assert (counts.sent, counts.pending) == (8, 0)
    assert server.calls.empty()


class Receiver:
    """Keeps the calls of the simulator; it answers those with `status`, or never."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, Any, dict[str, str]]] = []
        self.status: int | None = 200
        self.released = asyncio.Event()

    async def handle(self, request: web.Request) -> web.Response:
        body = await request.text()
        self.calls.append((request.method, body, dict(request.headers)))
        if self.status is None:
            await self.released.wait()
        return web.Response(status=self.status or 500)

    async def start(self) -> tuple[web.AppRunner, str]:
        app = web.Application()
        app.router.add_route("*", "/in", self.handle)
        runner = web.AppRunner(app, shutdown_timeout=0)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        return runner, f"http://127.0.0.1:{runner.addresses[0][1]}/in"


@pytest.fixture
async def receivers() -> AsyncIterator[dict[str, tuple[Receiver, str]]]:
    found, runners = {}, []
    for name in ("twilio", "emnify", "once"):
        receiver = Receiver()
        runner, url = await receiver.start()
        runners.append(runner)
        found[name] = receiver, url
    yield found
    for (receiver, _), runner in zip(found.values(), runners, strict=True):
        receiver.released.set()
        await runner.cleanup()


async def reply(
    simulator: Simulator, by: str, text: str, number: str = "66812345678", to: str = "+447700900000"
) -> Any:
    body = {"to": to, "text": text, "by": by}
    return await call(simulator, f"/handsets/{number}/messages", body)


async def test_a_reply_by_twilio_is_as_its_library_verifies_it(start: Start, receivers) -> None:
    receiver, url = receivers["twilio"]
    simulator = await start(upstream_secret=SECRET, callback_urls={"twilio": url})
    status, body, _ = await reply(simulator, "twilio", "Grüße & mehr " * 20)
    assert (status, body["responses"], body["to"]) == (200, ["HTTP 200"], "+447700900000")
    [(method, form, headers)] = receiver.calls
    fields = dict(parse_qsl(form))
    assert RequestValidator(SECRET).validate(url, fields, headers["X-Twilio-Signature"])
    assert (method, fields["From"], fields["To"]) == ("POST", "+66812345678", "+447700900000")
    assert (fields["Body"], fields["SmsStatus"]) == ("Grüße & mehr " * 20, "received")
    assert fields["NumSegments"] == "2"


async def test_a_reply_by_1nce_has_a_call_for_each_part(start: Start, receivers) -> None:
    """help.1nce.com, "SMS Forwarder": one POST per SMS; numbers are texts."""
    receiver, url = receivers["once"]
    simulator = await start(callback_urls={"once": url})
    _, body, _ = await reply(simulator, "once", "a" * 200)
    assert body["responses"] == ["HTTP 200", "HTTP 200"]
    found = sorted((json.loads(each) for _, each, _ in receiver.calls), key=lambda one: one["id"])
    assert "".join(each["payload"] for each in found) == "a" * 200
    assert [each["multi_part_info"]["partno"] for each in found] == ["1", "2"]
    assert {each["source_address"] for each in found} == {"66812345678"}
    receiver.calls.clear()
    await reply(simulator, "once", "ok")
    assert "multi_part_info" not in json.loads(receiver.calls[0][1])


@pytest.mark.parametrize("secret", ["", SECRET])
async def test_a_reply_by_emnify_has_numbers_and_a_token_of_its_secret(
    start: Start, receivers, secret: str
) -> None:
    """docs.emnify.com, "SMS callbacks": one POST per SMS, with a token if there is a secret."""
    receiver, url = receivers["emnify"]
    simulator = await start(upstream_secret=secret, callback_urls={"emnify": url})
    _, body, _ = await reply(simulator, "emnify", "a" * 200, to="12345")
    assert body["responses"] == ["HTTP 200", "HTTP 200"]
    found = sorted((json.loads(each) for _, each, _ in receiver.calls), key=lambda one: one["id"])
    assert "".join(each["payload"] for each in found) == "a" * 200
    assert [each["multi_part_info"]["partno"] for each in found] == [1, 2]
    assert len({each["multi_part_info"]["identifier"] for each in found}) == 1
    assert {(each["source_address"], each["dest_address"]) for each in found} == {
        (66812345678, 12345)
    }
    for method, _, headers in receiver.calls:
        assert method == "POST"
        assert ("Authorization" in headers) is bool(secret)
        if secret:
            assert is_valid_token(bearer_token(headers["Authorization"]), secret.encode(), now_ms())


async def test_emnify_patches_the_final_state(start: Start, client) -> None:
    server, url = client
    server.statuses = [500]
    simulator = await start(callback_urls={"emnify": url})
    await call(simulator, ENDPOINT, {"payload": "hi"}, **BEARER)
    _, [one], _ = await call(simulator, ENDPOINT, method="GET", **BEARER)
    for _ in range(2):
        method, headers, body = await server.calls.get()
        document = json.loads(body)
        assert (method, document["id"], document["endpoint"]["id"]) == ("PATCH", one["id"], 42)
        assert document["status"] == {"id": 4, "status": "DELIVERED"}
        assert "Authorization" not in headers


@pytest.mark.parametrize(
    ("by", "number", "options", "status"),
    [
        ("emnify", "66812345678", {}, 409),
        ("emnify", "66812345678", {"callback_urls": {"emnify": "http://127.0.0.1:9/"}}, 400),
        ("once", "66812345678", {}, 409),
        ("twilio", "66812345678", {"callback_urls": {"twilio": "http://127.0.0.1:9/"}}, 400),
        ("once", ICCID, {"callback_urls": {"once": "http://127.0.0.1:9/"}}, 400),
        ("esim_go", "66812345678", {}, 400),
    ],
)
async def test_a_reply_that_an_api_cannot_pass_on_is_refused(
    start: Start, by, number, options, status
) -> None:
    simulator = await start(**options)
    assert (await reply(simulator, by, "x", number))[0] == status
    assert len(simulator.handsets) == 0


async def test_a_receiver_that_does_not_answer_delays_no_other(start: Start, receivers) -> None:
    hanging, slow_url = receivers["once"]
    _, url = receivers["twilio"]
    hanging.status = None
    simulator = await start(
        upstream_secret=SECRET,
        callback_urls={"once": slow_url, "twilio": url},
        response_timeout_s=60.0,
    )
    waiting = [asyncio.create_task(reply(simulator, "once", "x")) for _ in range(25)]
    async with asyncio.timeout(20):
        while len(hanging.calls) < 20:
            await asyncio.sleep(0.01)
        _, body, _ = await reply(simulator, "twilio", "hello")
    assert body["responses"] == ["HTTP 200"]
    assert len(hanging.calls) == 20
    hanging.released.set()
    await asyncio.gather(*waiting)
