"""Events reach an endpoint, signed, in order, once each as long as it accepts them."""

from typing import Any

import pytest
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from simpost.domain.messages import format_id
from simpost.domain.webhooks import EndpointState

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
    library = Webhook(endpoint.secret)
    with pytest.raises(WebhookVerificationError, match="timestamp too old"):
        library.verify(got.body, got.headers)  # the clock of the test is in the past


async def test_each_event_is_accepted_once(hooks: HOOKS, receiver: RECEIVER):
    endpoint = await hooks.add(receiver.url)
    await hooks.accept(300)
    await hooks.deliver()
    assert sorted(receiver.sequences) == list(range(1, 301))
    now = await hooks.endpoint(endpoint)
    assert (now.cursor, now.delivered, now.failures) == (300, 300, 0)
    assert now.state is EndpointState.ENABLED
    assert await hooks.deliveries(endpoint) == []
