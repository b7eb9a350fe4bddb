"""The APIs behind a real server on a real socket: what clients and strangers really send."""

import asyncio
import json
from typing import Any

import pytest

SERVED = Any  # the `service` fixture of conftest.py
SEND = b"POST /api/v1/open/esim/sendSms HTTP/1.1\r\nHost: simpost\r\n"
WHO = b"RT-AccessCode: demo\r\nRT-SecretKey: demo-secret\r\n"
BODY = b'{"esimTranNo":"26010100000001","message":"Hello"}'


async def exchange(port: int, octets: bytes, *, hang_up: bool = False) -> tuple[int, Any]:
    """Status and JSON of the answer to raw octets; (0, None) when there is none."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(octets)
    if hang_up:
        writer.write_eof()
    head, _, rest = (await read_answer(reader)).partition(b"\r\n\r\n")
    writer.close()
    if not head:
        return 0, None
    length = head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0]
    rest = rest[: int(length)] if length else rest
    is_json = b"json" in head.lower()
    return int(head.split()[1]), json.loads(rest) if is_json else rest


async def read_answer(reader: asyncio.StreamReader) -> bytes:
    answer = b""
    while chunk := await reader.read(65_536):
        answer += chunk
        head, found, body = answer.partition(b"\r\n\r\n")
        length = head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0]
        if found and length and len(body) >= int(length):
            break
    return answer


def content_length(body: bytes) -> bytes:
    return b"Content-Length: %d\r\n\r\n%s" % (len(body), body)


async def test_a_plain_request_is_answered(port: int) -> None:
    status, envelope = await exchange(port, SEND + WHO + content_length(BODY))
    assert (status, envelope["success"]) == (200, True)


async def test_header_names_count_in_any_case(port: int) -> None:
    status, envelope = await exchange(port, SEND + WHO.upper().replace(
        b"DEMO", b"demo").replace(b"SECRET\r\n", b"secret\r\n") + content_length(BODY))  # fmt: skip
    assert (status, envelope["success"]) == (200, True)


async def test_a_chunked_body_is_answered(port: int) -> None:
    chunks = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in (BODY[:9], BODY[9:]))
    octets = SEND + WHO + b"Transfer-Encoding: chunked\r\n\r\n" + chunks + b"0\r\n\r\n"
    status, envelope = await exchange(port, octets)
    assert (status, envelope["success"]) == (200, True)


async def test_a_body_over_the_limit_is_answered_to_a_client_that_still_writes(port: int) -> None:
    status, envelope = await exchange(port, SEND + WHO + content_length(b"x" * 900_000))
    assert (status, envelope["errorCode"]) == (413, "000107")


async def test_a_chunked_body_without_end_is_cut_off(port: int) -> None:
    chunk = b"10000\r\n" + b"x" * 65_536 + b"\r\n"
    octets = SEND + WHO + b"Transfer-Encoding: chunked\r\n\r\n" + chunk * 20
    status, envelope = await exchange(port, octets)
    assert (status, envelope["errorCode"]) == (413, "000107")


async def test_a_body_shorter_than_announced_accepts_nothing(port: int, service: SERVED) -> None:
    octets = SEND + WHO + b"Content-Length: 500\r\n\r\n" + BODY
    assert await exchange(port, octets, hang_up=True) == (0, None)
    assert (await service.native("GET", "messages")).json()["messages"] == []


async def test_a_body_longer_than_announced_accepts_nothing(port: int, service: SERVED) -> None:
    octets = SEND + WHO + b"Content-Length: 10\r\n\r\n" + BODY
    status, envelope = await exchange(port, octets, hang_up=True)
    assert (status, envelope["errorCode"]) == (200, "000104")
    assert (await service.native("GET", "messages")).json()["messages"] == []


@pytest.mark.parametrize(
    "headers",
    [
        b"Content-Length: -1\r\n\r\n",
        b"Content-Length: many\r\n\r\n",
        b"Content-Length: 5\r\nContent-Length: 6\r\n\r\n",
        b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"No colon\r\n\r\n",
        b"\x00: x\r\n\r\n",
    ],
)
async def test_invalid_http_accepts_no_message(port: int, service: SERVED, headers: bytes) -> None:
    assert await exchange(port, SEND + WHO + headers + BODY, hang_up=True) == (400, b"")
    assert (await service.native("GET", "messages")).json()["messages"] == []


async def test_doubled_credentials_are_refused(port: int) -> None:
    status, envelope = await exchange(port, SEND + WHO + WHO + content_length(BODY))
    assert (status, envelope["errorCode"]) == (200, "000102")


async def test_a_huge_header_is_refused(port: int) -> None:
    huge = b"RT-RequestID: " + b"x" * 50_000 + b"\r\n"
    status, envelope = await exchange(port, SEND + WHO + huge + content_length(BODY))
    assert (status, envelope["errorCode"]) == (200, "000102")


@pytest.mark.parametrize("method", [b"GET", b"DELETE", b"OPTIONS"])
async def test_another_method_is_refused_in_an_envelope(port: int, method: bytes) -> None:
    octets = SEND.replace(b"POST", method) + WHO + b"\r\n"
    status, envelope = await exchange(port, octets)
    assert (status, envelope["errorCode"]) == (200, "000103")


async def test_a_path_with_invalid_octets_is_a_problem(port: int) -> None:
    octets = b"GET /v1/%ff%00%c3%28 HTTP/1.1\r\nHost: simpost\r\n\r\n"
    status, problem = await exchange(port, octets)
    assert (status, problem["code"]) == (404, "not_found")


async def test_a_connection_goes_on_after_a_refusal(port: int) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for body, success in ((b"{", False), (BODY, True), (b"", False), (BODY, True)):
        writer.write(SEND + WHO + content_length(body))
        answer = await read_answer(reader)
        assert json.loads(answer.partition(b"\r\n\r\n")[2])["success"] is success
    writer.close()


async def test_the_real_client_address_is_checked_against_the_allow_list(
    port: int, service: SERVED
) -> None:
    for network, code in (("127.0.0.0/8", None), ("192.0.2.0/24", "101002")):
        await service.operate("PATCH", "accounts/demo", json={"ipAllow": [network]})
        _status, envelope = await exchange(port, SEND + WHO + content_length(BODY))
        assert envelope["errorCode"] == code
