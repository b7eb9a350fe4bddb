"""Status callbacks, verified by Twilio's own library, on both stores."""

import asyncio
from typing import Any
from urllib.parse import parse_qsl

import pytest
from twilio.request_validator import RequestValidator

from simpost.domain.accounts import Account
from simpost.domain.messages import format_id
from simpost.domain.reasons import Reason
from simpost.domain.states import State
from simpost.domain.webhooks import (
    DeliveryState,
    EndpointFormat,
    EndpointState,
    EventDelivery,
    origin_of,
)
from simpost.features.webhooks.callback_endpoints import MAX_CALLBACK, MOST_OWN, add_callback
from simpost.features.webhooks.callbacks import callback_request
from simpost.net.address_guard import RefusedUrl
from tests.integration.webhooks.receiver import answer

HOOKS = Any  # the `hooks` fixture of conftest.py
RECEIVER = Any


async def test_a_callback_is_a_form_that_the_library_of_twilio_verifies(
    hooks: HOOKS, receiver: RECEIVER
) -> None:
    url = f"{receiver.url}/of?order=7&b=%C3%A9"
    reference = await add_callback(hooks.service, hooks.account, url)
    [message_id] = await hooks.accept(caller_reference=reference)
    await hooks.accept(caller_reference="order 7")
    await hooks.accept()
    await hooks.deliver()
    [got] = receiver.got
    assert got.path == "/hook/of?order=7&b=%C3%A9"
    assert got.headers["content-type"] == "application/x-www-form-urlencoded"
    form = dict(parse_qsl(got.body.decode(), strict_parsing=True))
    assert form == {
        "AccountSid": "demo",
        "ApiVersion": "2010-04-01",
        "MessageSid": f"SM{message_id.hex()}",
        "MessageStatus": "queued",
        "SmsSid": f"SM{message_id.hex()}",
        "SmsStatus": "queued",
        "To": "8985200000000000001",
    }
    signature = got.headers["x-twilio-signature"]
    assert RequestValidator("demo-secret-of-16").validate(url, form, signature)
    assert not RequestValidator("other-secret-of-16").validate(url, form, signature)


async def test_a_receiver_has_one_endpoint_whatever_the_ids_in_its_urls(
    hooks: HOOKS, receiver: RECEIVER
) -> None:
    for number in range(25):
        await add_callback(hooks.service, hooks.account, f"{receiver.url}/{number}")
    [endpoint] = await hooks.service.list_all(hooks.account)
    assert (endpoint.url, endpoint.format) == (f"{receiver.url}/", EndpointFormat.TWILIO)
    assert await hooks.service.list_all(hooks.other) == []


async def test_a_receiver_that_fails_pauses_no_other_one_of_its_host(
    hooks: HOOKS, receiver: RECEIVER
) -> None:
    origin = origin_of(receiver.url)
    receiver.answer = lambda got: answer("500 X" if "/first/" in got.path else "204 No Content")
    for place in ("first/status", "second/status", "status"):
        reference = await add_callback(hooks.service, hooks.account, f"{origin}{place}?order=7")
        await hooks.accept(caller_reference=reference)
    for _ in range(3):
        await hooks.deliver()
    endpoints = {each.url: each for each in await hooks.service.list_all(hooks.account)}
    assert set(endpoints) == {f"{origin}first/", f"{origin}second/", origin}
    assert [endpoints[f"{origin}{each}"].failures > 0 for each in ("first/", "second/", "")] == [
        True,
        False,
        False,
    ]
    got = [each.path for each in receiver.got]
    assert got.count("/second/status?order=7") == got.count("/status?order=7") == 1


async def test_receivers_beyond_ten_endpoints_share_that_of_their_host(
    hooks: HOOKS, receiver: RECEIVER
) -> None:
    origin = origin_of(receiver.url)
    urls = [f"{origin}{number}/status" for number in range(25)]
    references = [await add_callback(hooks.service, hooks.account, url) for url in urls]
    endpoints = await hooks.service.list_all(hooks.account)
    assert len(endpoints) == MOST_OWN + 1
    assert [each.endswith("#") for each in references] == [True] * MOST_OWN + [False] * 15
    for reference in (references[0], references[-1]):
        await hooks.accept(caller_reference=reference)
    await hooks.deliver()
    assert sorted(each.path for each in receiver.got) == ["/0/status", "/24/status"]


async def test_a_message_from_before_is_reported_to_the_endpoint_of_its_host(
    hooks: HOOKS, receiver: RECEIVER
) -> None:
    origin = origin_of(receiver.url)
    await add_callback(hooks.service, hooks.account, f"{origin}x")
    await hooks.accept(caller_reference=f"callback:{receiver.url}/7")
    await hooks.deliver()
    assert [each.path for each in receiver.got] == ["/hook/7"]


async def test_first_messages_at_the_same_time_share_the_endpoint_of_their_host(
    hooks: HOOKS, receiver: RECEIVER
) -> None:
    urls = [f"{receiver.url}/{number}" for number in range(5)]
    references = await asyncio.gather(
        *(add_callback(hooks.service, hooks.account, url) for url in urls)
    )
    assert references == [f"callback:{url}#" for url in urls]
    assert len(await hooks.service.list_all(hooks.account)) == 1


async def test_a_callback_that_failed_is_sent_again_and_410_ends_nothing(
    hooks: HOOKS, receiver: RECEIVER
) -> None:
    reference = await add_callback(hooks.service, hooks.account, receiver.url)
    [endpoint] = await hooks.service.list_all(hooks.account)
    receiver.answer = answer("410 Gone")
    await hooks.accept(caller_reference=reference)
    await hooks.deliver()
    [delivery] = await hooks.deliveries(endpoint)
    assert (delivery.state, len(delivery.attempts)) == (DeliveryState.PENDING, 1)
    assert (await hooks.endpoint(endpoint)).state is EndpointState.ENABLED
    receiver.answer = answer("204 No Content")
    hooks.now_ms += 3_600_000
    await hooks.deliver()
    [delivery] = await hooks.deliveries(endpoint)
    assert delivery.state is DeliveryState.DELIVERED


REFUSED = (
    "http://127.0.0.1/x",
    "https://localhost/x",
    "http://169.254.169.254/latest",
    "ftp://example.com/x",
    "https://user:secret@example.com/x",
    "https://example.com/#x",
    "https://example.com/" + "x" * MAX_CALLBACK,
    "example.com",
)


async def test_a_url_that_must_not_be_called_is_refused(hooks: HOOKS) -> None:
    hooks.service._allow_private = False
    for url in REFUSED:
        with pytest.raises(RefusedUrl):
            await add_callback(hooks.service, hooks.account, url)
    assert await hooks.service.list_all(hooks.account) == []


@pytest.mark.parametrize(
    ("state", "reason", "status", "code"),
    [
        (State.DELIVERED, None, "delivered", None),
        (State.FAILED, Reason.HANDSET_UNREACHABLE, "undelivered", "30003"),
        (State.EXPIRED, Reason.VALIDITY_EXPIRED, "failed", "30036"),
        (State.REJECTED, Reason.CARRIER_REFUSED, "failed", "30008"),
        (State.CANCELLED, Reason.CANCELLED, "canceled", None),
    ],
)
def test_a_final_state_has_its_word_and_its_code(
    state: State, reason: Reason | None, status: str, code: str | None
) -> None:
    event = EventDelivery(
        account_id=1,
        endpoint_id=bytes(16),
        sequence=1,
        type=f"message.{state}",
        subject=format_id(bytes(16)),
        at_ms=0,
        data={"reason": reason},
    )
    account = Account(1, "demo", "demo-secret-of-16")
    url, body, _ = callback_request(account, event, "https://example.com/")
    form = dict(parse_qsl(body.decode()))
    assert url == "https://example.com/"
    assert (form["MessageStatus"], form.get("ErrorCode")) == (status, code)
