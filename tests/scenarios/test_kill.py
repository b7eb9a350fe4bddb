"""Promises 1 and 2 against kill -9: real processes, real sockets, a real file."""

import asyncio
import itertools
from datetime import UTC, datetime, timedelta

import aiohttp
import pytest

from bench.gateway import Gateway
from tests.turns import until

ESIMS = 30
CONNECTIONS = 20
SCHEDULED = 300
SLOW = {"do": {"fault": "slow", "seconds": 0.2}}
"""Ten answers every 0.2 s: it takes 6 s to send what is released at once."""


@pytest.fixture
def gateway(tmp_path):
    with Gateway(tmp_path) as running:
        yield running


async def send_until_killed(gateway, numbers, kill_after):
    """Send numbered texts from many connections; kill -9 once enough were answered."""
    accepted = {}
    counter = itertools.count()
    dead = asyncio.Event()

    async def one_connection(session):
        while not dead.is_set():
            index = next(counter)
            body = {"esimTranNo": numbers[index % ESIMS], "message": f"text {index}"}
            try:
                async with session.post(
                    f"{gateway.url}/api/v1/open/esim/sendSms", json=body
                ) as answer:
                    if (await answer.json())["success"]:
                        accepted[f"text {index}"] = answer.headers["RT-MessageID"]
            except aiohttp.ClientError:
                return
            if len(accepted) >= kill_after and not dead.is_set():
                dead.set()
                gateway.process.kill()

    async with aiohttp.ClientSession(headers=gateway.credentials) as session:
        await asyncio.gather(*(one_connection(session) for _ in range(CONNECTIONS)))
    return accepted


def texts_shown(gateway):
    shown = []
    for handset in gateway.smsc("handsets?limit=1000"):
        page = gateway.smsc(f"handsets/{handset['number']}")
        shown += [message["text"] for message in page["messages"]]
    return shown


async def all_final(gateway, accepted):
    """Every accepted message as the log shows it, once all are delivered."""
    async with aiohttp.ClientSession(gateway.url, headers=gateway.credentials) as session:
        found = {}
        while len(found) < len(accepted):
            for text, message_id in accepted.items():
                if text in found:
                    continue
                async with session.get(f"/v1/messages/{message_id}") as answer:
                    message = await answer.json()
                if message["state"] == "delivered":
                    found[text] = message
        return found


async def all_marked(gateway, ids):
    """Until the log marks a repeat of each: what was sent twice was in doubt.

    The receipt of the first copy may end a message before the attempt of the second is settled.
    """
    async with aiohttp.ClientSession(gateway.url, headers=gateway.credentials) as session:
        while ids:
            for message_id in tuple(ids):
                async with session.get(f"/v1/messages/{message_id}") as answer:
                    attempts = (await answer.json())["attempts"]
                if any(attempt["repeat"] for attempt in attempts):
                    ids.discard(message_id)


@pytest.mark.parametrize("kill_after", [1, 60, 250, 600])
async def test_kill_in_mid_load_loses_nothing_that_was_answered(gateway, kill_after):
    numbers = gateway.fill(ESIMS)
    accepted = await send_until_killed(gateway, numbers, kill_after)
    assert len(accepted) >= kill_after

    gateway.start()
    await all_final(gateway, accepted)

    shown = texts_shown(gateway)
    assert set(accepted) <= set(shown)
    twice = {text for text in accepted if shown.count(text) > 1}
    await all_marked(gateway, {accepted[text] for text in twice})


async def schedule(gateway, numbers, due):
    """Messages to be sent at that time, by their texts."""
    async with aiohttp.ClientSession(gateway.url, headers=gateway.credentials) as session:
        ids = {}
        for index in range(SCHEDULED):
            text = f"text {index}"
            body = {"esimTranNo": numbers[index % ESIMS], "text": text, "sendAt": due.isoformat()}
            async with session.post("/v1/messages", json=body) as answer:
                shown = await answer.json()
            assert (answer.status, shown["state"]) == (202, "scheduled")
            ids[text] = shown["id"]
        return ids


async def test_kill_while_scheduled_messages_are_released_loses_and_repeats_none(gateway):
    numbers = gateway.fill(ESIMS)
    gateway.set_faults([SLOW])
    scheduled = await schedule(gateway, numbers, datetime.now(UTC) + timedelta(seconds=8))
    await until(lambda: texts_shown(gateway), "the first of them is shown")
    gateway.process.kill()
    shown_before = len(texts_shown(gateway))

    gateway.set_faults([])
    gateway.start()
    await all_final(gateway, scheduled)

    shown = texts_shown(gateway)
    assert shown_before < SCHEDULED, "it was killed too late to show anything"
    assert set(scheduled) == set(shown)
    twice = {text for text in scheduled if shown.count(text) > 1}
    await all_marked(gateway, {scheduled[text] for text in twice})
