"""The upstream APIs of the simulator over real sockets: each shape, and the faults of all."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
from typing import Any

import aiohttp
import pytest

from simpost.smsc import Faults, Simulator
from simpost.smsc import faults as f
from tests.integration.smsc.conftest import Start

SECRET = "hush-hush-key"
ICCID = "8901234567890123456"
ESIM_ACCESS = "/api/v1/open/esim/sendSms"
CODE = {"RT-AccessCode": "code"}


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
