"""Signed requests, from a client and from an attacker who replays one."""

import hashlib
import hmac
from itertools import pairwise
from typing import Any

import pytest

from tests.integration.api.conftest import GOOD, NOW_MS

SERVED = Any  # the `service` fixture of conftest.py
BODY = f'{{"esimTranNo":"{GOOD}","message":"Hello"}}'.encode()
MILLISECONDS = str(NOW_MS)
SECONDS = MILLISECONDS[:10]


def sign(text: str, body: bytes = BODY) -> str:
    """Of timestamp and request id, joined."""
    octets = text.encode() + b"demo" + body
    return hmac.new(b"demo-secret", octets, hashlib.sha256).hexdigest()


async def send(service: SERVED, timestamp: str, request_id: str, signature: str) -> Any:
    return await service.client.post(
        "/api/v1/open/esim/sendSms",
        content=BODY,
        headers={
            "RT-AccessCode": "demo",
            "RT-Timestamp": timestamp,
            "RT-RequestID": request_id,
            "RT-Signature": signature,
        },
    )


async def sent(service: SERVED) -> int:
    return len((await service.native("GET", "messages")).json()["messages"])


CUTS = [
    [(MILLISECONDS, "a1b2"), (SECONDS, MILLISECONDS[10:] + "a1b2")],
    [(SECONDS, "123a1b2"), (SECONDS + "123", "a1b2")],
    [(MILLISECONDS, "a1b2"), (MILLISECONDS, "a1b2")],
]


@pytest.mark.parametrize("cuts", CUTS)
@pytest.mark.parametrize("respell", [str.lower, str.upper])
async def test_signed_octets_never_send_twice_however_they_are_cut(
    service: SERVED, cuts: Any, respell: Any
) -> None:
    assert all("".join(one) == "".join(other) for one, other in pairwise(cuts))
    signature = sign("".join(cuts[0]))
    first = await send(service, *cuts[0], signature)
    again = await send(service, *cuts[1], respell(signature))
    assert first.json()["success"] is True
    assert again.content == first.content
    assert again.headers["RT-MessageID"] == first.headers["RT-MessageID"]
    assert await sent(service) == 1


async def test_ids_that_differ_by_leading_digits_are_different_requests(service: SERVED) -> None:
    ids = ["1001", "2001", "1", "001", "123a1b2", "a1b2"]
    for request_id in ids:
        answer = await send(service, SECONDS, request_id, sign(SECONDS + request_id))
        assert answer.json()["success"] is True
    assert await sent(service) == len(ids)


async def test_a_retry_signed_at_another_time_gets_the_first_answer(service: SERVED) -> None:
    later = str(NOW_MS + 2_345)
    first = await send(service, MILLISECONDS, "a1b2", sign(MILLISECONDS + "a1b2"))
    retry = await send(service, later, "a1b2", sign(later + "a1b2"))
    cut = await send(service, later[:10], later[10:] + "a1b2", sign(later + "a1b2"))
    ids = {answer.headers["RT-MessageID"] for answer in (first, retry, cut)}
    assert len(ids) == 1
    assert await sent(service) == 1


async def test_an_unchecked_signature_does_not_make_requests_the_same(
    service: SERVED,
) -> None:
    await service.operate("PATCH", "accounts/demo", json={"accessCodeOnly": True})
    for request_id in ("r1", "r2"):
        answer = await send(service, MILLISECONDS, request_id, "always the same")
        assert answer.json()["success"] is True
    assert await sent(service) == 2
