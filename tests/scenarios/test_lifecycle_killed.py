"""Lifecycle events against kill -9: what was answered with 200 is in the history."""

import asyncio
import json
import urllib.request

import aiohttp
import pytest

from bench.gateway import HOST, Serving, free_ports

ESIMS = 20
EVENTS = 400


def post(serving, path, body):
    request = urllib.request.Request(
        f"{serving.url}{path}",
        data=json.dumps(body).encode(),
        headers={**serving.credentials, "Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)


def body_of(numbers, each):
    """A usage that no other event has."""
    number, left = numbers[each % ESIMS], 10**6 - each
    bundle = {"name": "B", "initialQuantity": 10**6, "remainingQuantity": left}
    return {"alertType": "Utilisation", "iccid": f"8966{number}1", "bundle": bundle}


async def deliver(url, numbers, on_ok):
    """Deliver all events, eight at a time; those without a response are lost to the sender."""
    waiting = list(range(EVENTS))

    async def work(client):
        while waiting:
            each = waiting.pop(0)
            async with client.post(url, json=body_of(numbers, each)) as answer:
                assert answer.status == 200
                on_ok(each)

    async with aiohttp.ClientSession() as client:
        await asyncio.gather(*(work(client) for _ in range(8)), return_exceptions=True)


@pytest.mark.timeout(180)
@pytest.mark.parametrize("kill_after", [1, 150])
def test_what_was_acknowledged_is_in_the_history(tmp_path, kill_after):
    (smsc_port,) = free_ports(1)
    acknowledged = set()
    with Serving(tmp_path, smsc_port) as serving:
        numbers = serving.fill(ESIMS)
        path = post(serving, "/v1/lifecycle/sources", {"kind": "esimgo"})["url"]

        def on_ok(each):
            acknowledged.add(each)
            if len(acknowledged) == kill_after:
                serving.process.kill()

        asyncio.run(deliver(f"http://{HOST}:{serving.port}{path}", numbers, on_ok))
        assert kill_after <= len(acknowledged) < EVENTS
        serving.start()
        kept = set()
        for number in numbers:
            page = serving.ask(f"/v1/esims/{number}/events?limit=200")
            kept |= {10**6 - each["remainingOctets"] for each in page["events"]}
        assert acknowledged <= kept
        assert len(kept) <= len(acknowledged) + 8
