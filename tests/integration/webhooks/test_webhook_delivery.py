"""Events reach an endpoint, signed, in order, once each as long as it accepts them."""

import time
from typing import Any

import pytest
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from simpost.domain.messages import format_id
from simpost.domain.webhooks import EndpointState
from simpost.net.webhook_signature import generate_secret

HOOKS = Any  # the `hooks` fixture of conftest.py
RECEIVER = Any


async def test_an_event_is_sent_with_its_id_and_sequence_number(hooks: HOOKS, receiver: RECEIVER):
    await hooks.add(receiver.url)
    [message_id] = await hooks.accept()
    await hooks.deliver()
    [got] = receiver.got
    assert got.headers["content-type"] == "application/json"
    document = got.document
    assert document.pop("id") == got.headers["webhook-id"]
    assert document == {
        "type": "message.accepted",
        "timestamp": "2026-01-01T00:00:00.000Z",
        "sequence": 1,
        "subject": format_id(message_id),
        "data": {
            "carrier": "smsc",
            "reason": None,
            "parts": 1,
            "deliveredParts": 0,
            "category": "service",
            "esimTranNo": "23072017992029",
            "iccid": "8985200000000000001",
            "reference": None,
        },
    }


async def test_the_signature_is_that_of_standard_webhooks(hooks: HOOKS, receiver: RECEIVER):
    endpoint = await hooks.add(receiver.url)
    await hooks.accept()
    await hooks.deliver()
    [got] = receiver.got
    assert got.is_signed_with(endpoint.secret)
    with pytest.raises(WebhookVerificationError, match="too old"):
        Webhook(endpoint.secret).verify(got.body, got.headers)  # the clock of the test is behind


@pytest.mark.parametrize("batch", [1, 100])
async def test_the_library_of_standard_webhooks_verifies_what_arrives(
    hooks: HOOKS, receiver: RECEIVER, batch: int
):
    hooks.now_ms = time.time_ns() // 1_000_000  # the library reads the clock
    old = await hooks.add(receiver.url, batch=batch)
    await hooks.accept(3)
    await hooks.deliver()
    first = receiver.got[0]
    assert Webhook(old.secret).verify(first.body, first.headers) == first.document
    new = await hooks.service.rotate_secret(hooks.account, old.id, overlap_s=3_600)
    await hooks.accept(3)
    await hooks.deliver()
    last = receiver.got[-1]
    for secret in (old.secret, new.secret):
        assert Webhook(secret).verify(last.body, last.headers) == last.document
    changed = {**last.headers, "webhook-id": first.headers["webhook-id"]}
    for verifier, body, headers in (
        (Webhook(new.secret), first.body, first.headers),  # signed before the rotation
        (Webhook(generate_secret()), last.body, last.headers),
        (Webhook(new.secret), last.body.replace(b"message.", b"massage."), last.headers),
        (Webhook(new.secret), last.body, changed),
    ):
        with pytest.raises(WebhookVerificationError, match="No matching signature"):
            verifier.verify(body, headers)


async def test_the_library_refuses_the_old_secret_after_the_overlap(
    hooks: HOOKS, receiver: RECEIVER
):
    hooks.now_ms = time.time_ns() // 1_000_000
    old = await hooks.add(receiver.url)
    new = await hooks.service.rotate_secret(hooks.account, old.id, overlap_s=0)
    await hooks.accept()
    await hooks.deliver()
    [got] = receiver.got
    assert Webhook(new.secret).verify(got.body, got.headers) == got.document
    with pytest.raises(WebhookVerificationError, match="No matching signature"):
        Webhook(old.secret).verify(got.body, got.headers)


async def test_two_endpoints_receive_the_same_octets(hooks: HOOKS, receiver: RECEIVER):
    await hooks.add(f"{receiver.url}1")
    await hooks.add(f"{receiver.url}2", types=("message.*",))
    await hooks.accept(20)
    await hooks.deliver()
    by_path: dict[str, dict[str, bytes]] = {}
    for each in receiver.got:
        by_path.setdefault(each.path, {})[each.headers["webhook-id"]] = each.body
    assert len(by_path["/hook1"]) == 20
    assert by_path["/hook1"] == by_path["/hook2"]


async def test_each_event_is_accepted_once(hooks: HOOKS, receiver: RECEIVER):
    endpoint = await hooks.add(receiver.url)
    await hooks.accept(300)
    await hooks.deliver()
    assert sorted(receiver.sequences) == list(range(1, 301))
    now = await hooks.endpoint(endpoint)
    assert (now.cursor, now.delivered, now.failures) == (300, 300, 0)
    assert now.state is EndpointState.ENABLED
    assert await hooks.deliveries(endpoint) == []
