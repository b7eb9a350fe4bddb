"""Twilio's Messages resource, as the unmodified PyPI client of Twilio uses it."""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

import pytest
import pytest_asyncio
from twilio.base.exceptions import TwilioException, TwilioRestException
from twilio.rest import Client

from simpost.api import build
from simpost.domain.api_keys import KeyScope
from simpost.runtime.clock import wall_clock_ms
from tests.integration.api.conftest import ESIMS, GOOD, Service, serving

R = TypeVar("R")
SERVE = Any  # the `serve` fixture of conftest.py
NUMBER = f"+6681{GOOD[-7:]}"
ICCID = f"8988{GOOD}"
NOT_INSTALLED, NO_SMS = ESIMS[2]["iccid"], ESIMS[1]["iccid"]
PATH = "/2010-04-01/Accounts/demo/Messages.json"


class Twilio:
    """A service, and clients of Twilio that are pointed at it."""

    def __init__(self, service: Service, port: int) -> None:
        self.service = service
        self._port = port

    def client(self, user: str, password: str, account: str | None = None) -> Any:
        client = Client(user, password, account)
        client.api.base_url = f"http://127.0.0.1:{self._port}"
        return client

    @property
    def demo(self) -> Any:
        return self.client("demo", "demo-secret")

    async def key(self, *scopes: KeyScope) -> str:
        account = self.service.services.accounts.get("demo")
        assert account
        added = await self.service.services.api_keys.add(account, "twilio", scopes, None)
        assert added
        return added.text


@pytest_asyncio.fixture
async def twilio(serve: SERVE) -> AsyncIterator[Twilio]:
    service = await serve(shapes=("twilio",), clock_ms=wall_clock_ms)
    async with serving(build(service.services), grace_s=1) as port:
        yield Twilio(service, port)


def do(work: Callable[[], R]) -> asyncio.Future[R]:
    """Run the blocking client in a thread."""
    return asyncio.ensure_future(asyncio.to_thread(work))


async def refused(work: Callable[[], Any]) -> tuple[int, int]:
    """HTTP status and code of the error that the client raises; a list has the response in it."""
    with pytest.raises(TwilioException) as error:
        await do(work)
    if isinstance(error.value, TwilioRestException):
        return error.value.status, error.value.code
    response = error.value.args[1]
    return response.status_code, json.loads(response.text)["code"]


async def test_the_client_sends_fetches_and_lists(twilio: Twilio) -> None:
    messages = twilio.demo.messages
    sent = await do(lambda: messages.create(to=NUMBER, body="Hello €"))
    assert (sent.status, sent.to, sent.body, sent.num_segments) == (
        *("queued", NUMBER, "Hello €", "1"),
    )
    assert abs(datetime.now(UTC) - sent.date_created) < timedelta(minutes=1)
    by_iccid = await do(lambda: messages.create(to=ICCID, body="x" * 200))
    assert (by_iccid.num_segments, by_iccid.direction) == ("2", "outbound-api")
    found = await do(lambda: messages(sent.sid).fetch())
    assert (found.sid, found.body, found.error_code) == (sent.sid, "Hello €", None)
    native = await twilio.service.native("GET", f"messages/{sent.sid.removeprefix('SM')}")
    assert native.json()["text"] == "Hello €"
    listed = await do(lambda: messages.list(page_size=1))
    assert [each.sid for each in listed] == [by_iccid.sid, sent.sid]


async def test_the_client_filters_a_list_over_pages(twilio: Twilio) -> None:
    messages = twilio.demo.messages
    sids = [(await do(lambda: messages.create(to=NUMBER, body="Hi"))).sid for _ in range(3)]
    now = datetime.now(UTC)
    for filters, count in (
        ({"to": NUMBER}, 3),
        ({"to": ICCID}, 3),
        ({"to": "+15551234567"}, 0),
        ({"date_sent_after": now - timedelta(minutes=5)}, 3),
        ({"date_sent_before": now - timedelta(minutes=5)}, 0),
        ({"date_sent": now.date() - timedelta(days=3)}, 0),
    ):
        listed = await do(lambda filters=filters: messages.list(page_size=2, **filters))
        assert [each.sid for each in listed] == sids[::-1][:count], filters
    assert await refused(lambda: messages.list(from_="Shop")) == (400, 20422)


async def test_a_scheduled_message_is_cancelled_and_one_that_ended_is_not(twilio: Twilio) -> None:
    messages = twilio.demo.messages
    at = datetime.now(UTC) + timedelta(hours=2)
    later = await do(
        lambda: messages.create(to=NUMBER, body="Later", schedule_type="fixed", send_at=at)
    )
    assert later.status == "scheduled"
    cancelled = await do(lambda: messages(later.sid).update(status="canceled"))
    assert cancelled.status == "canceled"
    theirs = twilio.client("other", "other-secret").messages(later.sid)
    assert await refused(lambda: theirs.update(status="canceled")) == (404, 20404)
    assert await refused(lambda: messages(later.sid).delete()) == (405, 20004)
    assert await refused(lambda: messages(later.sid).update(body="")) == (400, 20422)


async def test_a_status_callback_gets_an_endpoint_for_its_host(twilio: Twilio) -> None:
    messages, url = twilio.demo.messages, "https://shop.example/sms?order=7"
    sent = await do(lambda: messages.create(to=NUMBER, body="Hi", status_callback=url))
    native = await twilio.service.native("GET", f"messages/{sent.sid.removeprefix('SM')}")
    assert native.json()["reference"] == f"callback:{url}"
    found = (await twilio.service.native("GET", "webhooks")).json()["webhooks"]
    assert [(each["url"], each["format"]) for each in found] == [
        ("https://shop.example/", "twilio")
    ]


CASES: list[tuple[dict[str, Any], tuple[int, int]]] = [
    ({"to": "+15550000000"}, (400, 21211)),
    ({"to": "898826010100000090"}, (400, 21211)),  # of another account
    ({"to": "someone"}, (400, 21211)),
    ({"to": ""}, (400, 21604)),
    ({"body": ""}, (400, 21602)),
    ({"body": "x" * 1_601}, (400, 21617)),
    ({"to": NO_SMS}, (400, 21614)),
    ({"to": NOT_INSTALLED}, (400, 21612)),
    ({"from_": "a name that is long"}, (400, 21212)),
    ({"from_": "Shop"}, (400, 21606)),
    ({"validity_period": 36_001}, (400, 30045)),
    ({"schedule_type": "fixed"}, (400, 35115)),
    ({"schedule_type": "fixed", "send_at": datetime(2020, 1, 1, tzinfo=UTC)}, (400, 35115)),
    ({"status_callback": "http://127.0.0.1/x"}, (400, 21609)),
    ({"media_url": ["https://example.com/a.png"]}, (400, 20422)),
]


async def test_refusals_have_the_codes_of_twilio(twilio: Twilio) -> None:
    for given, expected in CASES:
        fields = {"to": NUMBER, "body": "Hi"} | given
        found = await refused(lambda fields=fields: twilio.demo.messages.create(**fields))
        assert found == expected, given
    assert await do(twilio.demo.messages.list) == []


async def test_keys_need_the_scope_of_the_call(twilio: Twilio) -> None:
    writer, reader = (
        twilio.client(key[8:18], key, "demo").messages
        for key in (
            await twilio.key(KeyScope.MESSAGES_WRITE),
            await twilio.key(KeyScope.MESSAGES_READ),
        )
    )
    sent = await do(lambda: writer.create(to=NUMBER, body="Hi"))
    assert (await do(lambda: reader(sent.sid).fetch())).body == "Hi"
    assert await refused(lambda: reader.create(to=NUMBER, body="Hi")) == (403, 20403)
    assert await refused(lambda: writer(sent.sid).fetch()) == (403, 20403)
    assert await refused(writer.list) == (403, 20403)
    key = await twilio.key(KeyScope.MESSAGES_READ)
    other_user = twilio.client("other", key, "demo").messages
    assert await refused(other_user.list) == (401, 20003)


async def test_accounts_see_nothing_of_each_other(twilio: Twilio) -> None:
    sent = await do(lambda: twilio.demo.messages.create(to=NUMBER, body="Hi"))
    other = twilio.client("other", "other-secret").messages
    assert await do(other.list) == []
    assert await refused(lambda: other(sent.sid).fetch()) == (404, 20404)
    assert await refused(lambda: other.create(to=NUMBER, body="Hi")) == (400, 21211)
    for account in ("demo", "nobody"):
        crossed = twilio.client("other", "other-secret", account).messages
        assert await refused(lambda crossed=crossed: crossed.list()) == (404, 20404)
    wrong = twilio.client("demo", "wrong").messages
    assert await refused(wrong.list) == (401, 20003)


async def test_a_refusal_has_its_reason_and_a_rate_limit_its_wait(twilio: Twilio) -> None:
    client = twilio.service.client
    answer = await client.post(
        PATH, data={"To": NOT_INSTALLED, "Body": "Hi"}, auth=("demo", "demo-secret")
    )
    assert answer.headers["RT-Reason"] == "not_installed"
    assert answer.json().keys() == {"code", "message", "more_info", "status"}
    await twilio.service.operate("PATCH", "accounts/demo", json={"requestsPerSecond": 0.001})
    answers = [
        await client.post(PATH, data={"To": NUMBER, "Body": "Hi"}, auth=("demo", "demo-secret"))
        for _ in range(3)
    ]
    assert (answers[-1].status_code, answers[-1].json()["code"]) == (429, 20429)
    assert int(answers[-1].headers["Retry-After"]) > 0


HOSTILE = [
    *(b"", b"\xff", b"&" * 5_000, b"To=%FF&Body=1", b"To=%ED%A0%80&Body=1", b"To=1&To=2&Body=1"),
    b"To=%2B66&Body=%00",
    b"To=66&Body=1&SendAt=0000-00-00",
    b"To=66&Body=1&SendAt=0001-01-01T00:00:00%2B23:59",
    b"To=66&Body=1&SendAt=9999-12-31T23:59:59-23:59",
    b"To=66&Body=1&ValidityPeriod=" + b"9" * 5_000,
    "To=66&Body=1&ValidityPeriod=²".encode(),
    b"To=66&Body=" + b"x" * 200_000,
    b'{"To":"66","Body":"1"}',
    b"Status=canceled",
]
QUERIES = [
    *("PageSize=0", "PageSize=-1", "PageSize=x", "PageToken=SM1", "Page=" + "9" * 40),
    *("DateSent=x", "DateSent>=9999-12-31", "DateSent<=0001-01-01", "To=%FF", "To=", "&" * 200),
    *("DateSent=9999-12-31", "To=x", "PageToken=SM" + "f" * 32, "PageSize=1000"),
]
DOCUMENTED = {200, 201, 400, 401, 404, 405, 413, 429}


async def test_hostile_requests_get_a_documented_answer(twilio: Twilio) -> None:
    rng = random.Random(13)
    client, auth = twilio.service.client, ("demo", "demo-secret")
    sids = ("SM" + "0" * 32, "SM", "%00", "é", "SM" + "g" * 32)
    for _ in range(150):
        body = rng.choice(HOSTILE)
        if rng.random() < 0.5 and body:
            at = rng.randrange(len(body))
            body = body[:at] + rng.randbytes(3) + body[at:]
        path = rng.choice((PATH, PATH.replace(".json", f"/{rng.choice(sids)}.json")))
        method = rng.choice(("POST", "POST", "GET", "DELETE", "PUT"))
        url = f"{path}?{rng.choice(QUERIES)}"
        answer = await client.request(method, url, content=body, auth=auth)
        assert answer.status_code in DOCUMENTED, (method, url, body[:80])
        if answer.status_code == 405:
            assert answer.headers["Allow"] == "GET, POST"
        if answer.status_code >= 400:
            assert answer.json().keys() == {"code", "message", "more_info", "status"}
    for given in ("Basic", "Basic !", "Basic " + "QQ==", "Bearer x", "Digest a", "Basic /w=="):
        answer = await client.get(PATH, headers={"Authorization": given})
        assert (answer.status_code, answer.json()["code"]) == (401, 20003)
        assert answer.headers["WWW-Authenticate"] == 'Basic realm="simpost"'
