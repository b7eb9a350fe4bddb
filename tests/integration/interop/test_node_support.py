"""Automations and conversations end to end at a message centre by npm's smpp, which is not ours.

It reads what travellers would see, and writes what they would say.
"""

import asyncio
from urllib.parse import quote

import pytest

from tests.integration.cluster.cluster import Cluster, ask, until
from tests.integration.cluster.conftest import SEAL_KEY
from tests.scenarios.pair import OPEN_ALL_DAY

NUMBER = "4455"
NUMBERS = f'[[numbers]]\nnumber = "{NUMBER}"\n'
SENDERS = f'senders = ["{NUMBER}"]'
TEXTS = {"en": "Welcome to {country}!", "el": "Καλώς ήρθατε: {country}"}
VARIABLES = {"country": {"type": "text", "longest": "United Arab Emirates"}}


@pytest.fixture
async def centre(node):
    return await node("smsc", "secret")


@pytest.fixture
async def service(centre, tmp_path):
    """`simpost serve` on the embedded store, bound to the foreign centre."""
    cluster = Cluster(tmp_path, "sqlite:///simpost.db", SEAL_KEY, centre.port)
    try:
        started = await asyncio.to_thread(
            cluster.start, "", carrier=SENDERS, more=OPEN_ALL_DAY + NUMBERS
        )
        [started.esim] = await asyncio.to_thread(cluster.fill, started)
        await centre.heard("bind_transceiver")
        yield started
    finally:
        cluster.close()


async def do(service, method, path, body, *, expect):
    status, answer = await asyncio.to_thread(ask, service, method, path, body)
    assert status == expect, answer
    return answer


async def found(service, **wanted):
    """The only conversation, once it is as wanted."""

    def look():
        _, page = service.get("v1/conversations")
        return next(
            (each for each in page["conversations"] if wanted.items() <= each.items()), None
        )

    return await asyncio.to_thread(until, look)


async def test_a_traveller_is_welcomed_once_and_answered_again_after_a_failure(service, centre):
    number = f"66{service.esim[-10:]}"
    made = {"name": "hi", "texts": TEXTS, "defaultLanguage": "en", "variables": VARIABLES}
    await do(service, "POST", "templates", made, expect=201)
    welcome = {"trigger": "attached", "template": "hi", "enabled": True}
    await do(service, "PUT", "automations/welcome", welcome, expect=200)
    greek = {"language": "el"}
    await do(service, "PATCH", f"esims/{service.esim}/preferences", greek, expect=200)
    for _ in range(3):
        event = {"kind": "attached_first", "country": "FR"}
        await do(service, "POST", f"esims/{service.esim}/events", event, expect=200)
    heard = await centre.heard("submit_sm")
    assert heard["short_message"]["message"] == "Καλώς ήρθατε: Γαλλία"
    assert heard["destination_addr"] == number

    said = "Δεν έχω δεδομένα στη Λυών [€]"
    centre.say("deliver_sm", source_addr=number, destination_addr=NUMBER, short_message=said)
    assert (await centre.heard("deliver_sm_resp"))["command_status"] == 0
    opened = await found(service, status="open", unread=1)
    path = f"conversations/{opened['id']}"
    reply = await do(service, "POST", f"{path}/replies", {"text": "Ένα λεπτό"}, expect=202)
    heard = await centre.heard("submit_sm")  # the welcome came once: this is the next text
    assert heard["short_message"]["message"] == "Ένα λεπτό"
    assert (heard["source_addr"], heard["destination_addr"]) == (NUMBER, number)
    centre.say("deliver_sm", esm_class=4, receipted_message_id="node-2", message_state=5)
    reopened = await found(service, status="open", failedMessageId=reply["id"])
    assert reopened["replyDueAt"] > opened["replyDueAt"]
    assert reopened["firstReplyAt"] is None

    _, page = await asyncio.to_thread(service.get, f"v1/{path}/entries")
    assert [(each["direction"], each["text"], each["state"]) for each in page["entries"]] == [
        ("toEsim", "Ένα λεπτό", "failed"),
        ("fromEsim", said, "received"),
        ("toEsim", "Καλώς ήρθατε: Γαλλία", "sent"),
    ]
    words = quote("ΔΕΔΟΜΈΝΑ στη")
    _, page = await asyncio.to_thread(service.get, f"v1/conversations?search={words}")
    assert len(page["conversations"]) == 1
