"""Conversations end to end: two nodes, a help desk, and `kill -9` of a node that replies."""

import asyncio

import aiohttp
import pytest
from standardwebhooks.webhooks import Webhook

from tests.integration.cluster.cluster import CREDENTIALS, Centre, Cluster, ask, until
from tests.integration.cluster.conftest import SEAL_KEY, template  # noqa: F401
from tests.integration.webhooks.receiver import receiving
from tests.scenarios.pair import OPEN_ALL_DAY, Pair

NUMBER = "4455"
CONVERSATIONS = 30
SERVER = "allow_private_webhooks = true"
NUMBERS = f'[[numbers]]\nnumber = "{NUMBER}"\n'


@pytest.fixture(scope="module", params=["postgres", "embedded"])
def service(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp(request.param)
    url = "sqlite:///simpost.db"
    if request.param == "postgres":
        postgres = request.getfixturevalue("postgres")
        made_from = request.getfixturevalue("template")
        asyncio.run(postgres.create_database("conversations", made_from))
        url = postgres.url("conversations")
    centre = Centre(folder)
    cluster = Cluster(folder, url, SEAL_KEY, centre.port)
    try:
        yield Pair(cluster, centre, url, esims=80, more=OPEN_ALL_DAY + NUMBERS, server=SERVER)
    finally:
        cluster.close()
        centre.kill()


@pytest.fixture
def pair(service):
    service.complete()
    for node in service.nodes:
        until(lambda each=node: each.get("v1/conversations")[0] == 200)
    return service


def conversation_of(node, esim):
    """The only conversation of the eSIM."""
    status, page = node.get(f"v1/conversations?esimTranNo={esim}")
    assert status == 200, page
    [found] = page["conversations"]
    return found


def thread_of(node, conversation):
    """Direction and text of every entry, oldest first."""
    _, page = node.get(f"v1/conversations/{conversation['id']}/entries")
    return [(each["direction"], each["text"]) for each in reversed(page["entries"])]


def state_of(pair, esim):
    """Status and unread texts, the same at both nodes."""
    found = [conversation_of(node, esim) for node in pair.both]
    assert found[0] == found[1]
    return found[0]["status"], found[0]["unread"]


def test_a_text_opens_a_conversation_that_another_node_answers(pair):
    esim, number = pair.take()
    here, there = pair.both
    pair.centre.send_from(number, "No data in Lyon", NUMBER)
    assert state_of(pair, esim) == ("open", 1)
    conversation = conversation_of(there, esim)
    assert conversation["ownNumber"] == NUMBER
    path = f"conversations/{conversation['id']}/replies"
    status, reply = ask(there, "POST", path, {"text": "Switch roaming on"})
    assert status == 202, reply
    assert state_of(pair, esim) == ("waiting", 0)
    until(lambda: "Switch roaming on" in pair.centre.texts_of(number))
    pair.centre.send_from(number, "It works, thanks", NUMBER)
    assert state_of(pair, esim) == ("open", 1)
    until(lambda: here.state_of(reply["id"]) == "delivered")
    thread = [
        ("fromEsim", "No data in Lyon"),
        ("toEsim", "Switch roaming on"),
        ("fromEsim", "It works, thanks"),
    ]
    assert [thread_of(node, conversation) for node in pair.both] == [thread] * 2
    assert pair.centre.texts_of(number) == [text for _, text in thread]


async def test_a_help_desk_reads_texts_by_webhook_and_answers_by_api(pair):
    """The help desk is a server of its own: it knows the URL and the credentials only."""
    esim, number = pair.take()
    here, there = pair.both
    told = {}

    async def hear(desk, kind):
        """The next event of the eSIM that the help desk did not read yet."""
        while True:
            for got in desk.got[told.setdefault(kind, 0) :]:
                told[kind] += 1
                event = got.document
                if event["type"] == kind and event["data"]["esimTranNo"] == esim:
                    Webhook(secret).verify(got.body, got.headers)
                    assert b"Lyon" not in got.body
                    return event
            await desk.wait_for(len(desk.got) + 1)

    async with receiving() as desk:
        body = {"url": desk.url, "eventTypes": ["conversation.*"]}
        status, hook = await asyncio.to_thread(ask, here, "POST", "webhooks", body)
        assert status == 201, hook
        secret = hook["secret"]
        await asyncio.to_thread(pair.centre.send_from, number, "No data in Lyon", NUMBER)
        opened = await hear(desk, "conversation.opened")
        _, inbound = await asyncio.to_thread(here.get, f"v1/inbound/{opened['data']['inboundId']}")
        assert (inbound["text"], inbound["from"]) == ("No data in Lyon", number)
        path = f"conversations/{opened['subject']}/replies"
        reply = {"text": "We have added 1 GB."}
        for node in pair.both:  # the help desk repeats a request without a response
            status, answer = await asyncio.to_thread(
                ask, node, "POST", path, reply, Idempotency_Key=opened["id"]
            )
            assert status == 202, answer
        answered = await hear(desk, "conversation.answered")
        assert answered["data"]["messageId"] == answer["id"]
        await asyncio.to_thread(until, lambda: there.state_of(answer["id"]) == "delivered")
        assert pair.centre.texts_of(number) == ["No data in Lyon", "We have added 1 GB."]
        await asyncio.to_thread(pair.centre.send_from, number, "Thanks from Lyon", NUMBER)
        received = await hear(desk, "conversation.received")
        assert received["subject"] == opened["subject"]
    await asyncio.to_thread(ask, here, "DELETE", f"webhooks/{hook['id']}")


async def reply_to_all(node, conversations, on_accepted):
    """The same idempotency key each time; those without a response are left out."""

    async def one(client, conversation):
        url = f"{node.url}/v1/conversations/{conversation['id']}/replies"
        body = {"text": f"Reply {conversation['id']}"}
        headers = {"Idempotency-Key": f"reply-{conversation['id']}"}
        async with client.post(url, json=body, headers=headers) as response:
            assert response.status == 202, await response.text()
            on_accepted(conversation["id"], (await response.json())["id"])

    async with aiohttp.ClientSession(headers=CREDENTIALS) as client:
        done = await asyncio.gather(
            *(one(client, each) for each in conversations), return_exceptions=True
        )
    assert not [each for each in done if isinstance(each, AssertionError)]


@pytest.mark.parametrize("kill_after", [1, 20])
def test_kill_9_of_the_node_that_accepted_replies_loses_and_repeats_none(pair, kill_after):
    handsets = dict(pair.take() for _ in range(CONVERSATIONS))
    _, victim = pair.both
    for number in handsets.values():
        pair.centre.send_from(number, "Help me", NUMBER)
    conversations = [conversation_of(victim, esim) for esim in handsets]
    assert {each["status"] for each in conversations} == {"open"}
    accepted = {}

    def on_accepted(conversation_id, message_id):
        accepted[conversation_id] = message_id
        if len(accepted) == kill_after:
            victim.process.kill()

    asyncio.run(reply_to_all(victim, conversations, on_accepted))
    assert kill_after <= len(accepted)
    other = pair.kill(victim)
    for each in conversations:
        status = conversation_of(other, each["esimTranNo"])["status"]
        assert status == "waiting" or each["id"] not in accepted
    before = dict(accepted)
    asyncio.run(reply_to_all(other, conversations, accepted.__setitem__))
    assert before.items() <= accepted.items(), "a repeated request has another message"
    for each in conversations:
        assert_shown_once(pair, other, each, handsets[each["esimTranNo"]], accepted[each["id"]])


def assert_shown_once(pair, node, conversation, number, message_id):
    """The handset shows the reply once; twice only if it was in doubt."""
    until(lambda: node.state_of(message_id) == "delivered")
    texts = pair.centre.texts_of(number)
    replies = texts.count(f"Reply {conversation['id']}")
    assert replies
    until(
        lambda: replies <= 1 + sum(each["repeat"] for each in node.message(message_id)["attempts"]),
        f"{replies} replies, not marked as repeats: {node.message(message_id)}",
    )
    assert len(texts) == 1 + replies
    assert conversation_of(node, conversation["esimTranNo"])["status"] == "waiting"
    assert [way for way, _ in thread_of(node, conversation)] == ["fromEsim", "toEsim"]
