"""Stories of other gateways (docs/scars.md) that need a restart: real processes, a real file."""

import aiohttp
import pytest

from bench.gateway import Gateway

THROTTLED_ONCE = {
    "name": "throttled",
    "when": {"times": 1},
    "do": {"fault": "refuse", "status": "ESME_RTHROTTLED"},
}


@pytest.fixture
def gateway(tmp_path):
    with Gateway(tmp_path) as running:
        yield running


@pytest.fixture
async def api(gateway):
    async with aiohttp.ClientSession(gateway.url, headers=gateway.credentials) as session:
        yield session


async def send(api, esim, **options):
    body = {"esimTranNo": esim, "text": "hello", **options}
    async with api.post("/v1/messages", json=body) as answer:
        assert answer.status in (200, 201, 202), await answer.text()
        return (await answer.json())["id"]


async def until(api, message_id, state):
    while True:
        async with api.get(f"/v1/messages/{message_id}") as answer:
            message = await answer.json()
        if message["state"] == state:
            return message


async def test_row_4_a_receipt_finds_its_message_after_a_throttled_try_and_kill_9(gateway, api):
    """jasmin#796: the link from a receipt to its message was gone after a throttled retry."""
    [esim] = gateway.fill(1)
    gateway.set_faults([THROTTLED_ONCE, {"do": {"fault": "delay_receipt", "seconds": 3}}])
    message_id = await send(api, esim)
    message = await until(api, message_id, "sent")
    assert [attempt["outcome"] for attempt in message["attempts"]] == ["throttled", "accepted"]

    gateway.process.kill()
    gateway.start()

    message = await until(api, message_id, "delivered")
    assert len(message["attempts"]) == 2
    assert gateway.smsc("stats")["submits"] == 2


async def test_row_10_a_message_waits_for_its_carrier_until_its_validity_ends(gateway, api):
    """jasmin#1036, #1079: with the connector down the same message was queued again for ever."""
    [esim] = gateway.fill(1)
    gateway.cut_off_the_carrier()
    message_id = await send(api, esim, validitySeconds=2)
    message = await until(api, message_id, "expired")
    assert message["reason"]["code"] == "validity_expired"
    assert len(message["attempts"]) <= 3
