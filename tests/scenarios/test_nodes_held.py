"""Scheduled messages on two nodes: `kill -9` in the middle of a release, and cancels that race it.

A lock of the test stops both nodes between the end of a hold and the parts, for as long as needed.
"""

import asyncio
import collections
import contextlib
from datetime import UTC, datetime, timedelta

import aiohttp
import asyncpg
import pytest

from tests.integration.cluster.cluster import CREDENTIALS, PATIENCE_S, Cluster
from tests.integration.cluster.conftest import SEAL_KEY, centre, template, url  # noqa: F401

MESSAGES = 220
"""A node leases 100 at a time: both of them release some, and some are left."""
ESIMS = 25
OPEN = ("scheduled", "held", "accepted", "sending", "in_doubt", "sent")
"""The states that a message leaves again, in order."""
pytestmark = pytest.mark.timeout(240)
_RELEASING = """
SELECT count(*) FROM pg_stat_activity
WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE '%INSERT INTO parts%'
"""


@pytest.fixture
def cluster(tmp_path, url, centre):  # noqa: F811
    cluster = Cluster(tmp_path, url, SEAL_KEY, centre.port)
    for number in range(2):
        cluster.start(f"node-{number}")
    yield cluster
    cluster.close()


async def _sent(_session, context, _request):
    if on_sent := context.trace_request_ctx:
        on_sent()


@contextlib.asynccontextmanager
async def api_of(*nodes):
    """A function that asks one of the nodes as the account, by its number.

    It calls `on_sent` for each request that was sent.
    """
    trace = aiohttp.TraceConfig()
    trace.on_request_headers_sent.append(_sent)
    async with aiohttp.ClientSession(
        headers=CREDENTIALS,
        trace_configs=[trace],
        connector=aiohttp.TCPConnector(limit=0),
    ) as session:

        async def ask(method, path, number=0, on_sent=None, **options):
            at = f"{nodes[number % len(nodes)].url}/v1/{path}"
            options["trace_request_ctx"] = on_sent
            async with session.request(method, at, **options) as answer:
                return answer.status, await answer.json()

        yield ask


async def schedule(cluster, esims):
    """Messages for tomorrow, accepted by both nodes; returns their texts by id."""
    due = (datetime.now(UTC) + timedelta(days=1)).isoformat()
    messages = [
        {"esimTranNo": esims[number % ESIMS], "text": f"text {number}", "sendAt": due}
        for number in range(MESSAGES)
    ]
    texts = {}
    async with api_of(*cluster.nodes) as ask:
        for number, own in enumerate((messages[::2], messages[1::2])):
            status, answer = await ask("POST", "messages", number, json={"messages": own})
            assert (status, answer["refused"]) == (207, 0)
            shown = [each["message"] for each in answer["results"]]
            assert {each["state"] for each in shown} == {"scheduled"}
            texts |= {each["id"]: message["text"] for each, message in zip(shown, own, strict=True)}
    return texts


@contextlib.asynccontextmanager
async def both_in_a_release(url):  # noqa: F811
    """All messages are due, and both nodes are in the middle of a release, until the block ends."""
    watch = await asyncpg.connect(url)
    lock = await asyncpg.connect(url)
    try:
        async with lock.transaction():
            await lock.execute("LOCK TABLE parts IN SHARE MODE")
            await watch.execute("UPDATE held_messages SET due_ms = 0")
            async with asyncio.timeout(PATIENCE_S):
                while await watch.fetchval(_RELEASING) < 2:
                    await asyncio.sleep(0.01)
            yield
    finally:
        await lock.close()
        await watch.close()


async def ends_of(node, ids, states):
    """The messages once no message of the account is in a state that it leaves again."""
    found = {}
    async with api_of(node) as ask, asyncio.timeout(PATIENCE_S):
        for state in OPEN:
            while (await ask("GET", f"messages?limit=1&state={state}"))[1]["messages"]:
                await asyncio.sleep(0.2)
        for message_id in ids:
            status, shown = await ask("GET", f"messages/{message_id}")
            assert status == 200, "accepted, and not there"
            assert shown["state"] in states
            found[message_id] = shown
    return found


async def events_of(node):
    """The types of events of each message, in order."""
    types, after, has_more = collections.defaultdict(list), 0, True
    async with api_of(node) as ask:
        while has_more:
            _, page = await ask("GET", "events", params={"after": after, "limit": 1000})
            after, has_more = page["next"], page["hasMore"]
            for each in page["events"]:
                types[each["subject"]].append(each["type"].removeprefix("message."))
    return types


async def test_kill_9_of_a_node_that_releases_loses_and_repeats_no_message(cluster, centre, url):  # noqa: F811
    victim, survivor = cluster.nodes
    texts = await schedule(cluster, cluster.fill(victim, ESIMS, events=True))
    async with both_in_a_release(url):
        victim.process.kill()
        assert not centre.texts()

    ends = await ends_of(survivor, texts, {"delivered"})
    assert collections.Counter(centre.texts()) == collections.Counter(texts.values())
    for message in ends.values():
        outcomes = [each["outcome"] for each in message["attempts"]]
        assert outcomes.count("accepted") == 1
        assert set(outcomes) <= {"accepted", "throttled", "unreachable"}, "it may be a repeat"
    events = await events_of(survivor)
    assert set(events) == set(texts)
    for types in events.values():
        assert types[:2] == ["scheduled", "accepted"]
        assert types[-1] == "delivered"
        assert len(types) == len(set(types)), "released twice"


async def cancel_during_release(cluster, url, texts):  # noqa: F811
    """What both nodes answer to a cancel of each message, sent while both are releasing some."""
    sent = asyncio.Semaphore(0)
    async with api_of(*cluster.nodes) as ask:
        async with both_in_a_release(url):
            cancels = {
                message_id: [
                    asyncio.create_task(
                        ask("DELETE", f"messages/{message_id}", number, on_sent=sent.release)
                    )
                    for number in range(2)
                ]
                for message_id in texts
            }
            for _ in range(2 * len(texts)):
                await sent.acquire()
        return {each: await asyncio.gather(*tasks) for each, tasks in cancels.items()}


async def test_of_a_cancel_and_a_release_one_wins_and_the_answer_is_true(cluster, centre, url):  # noqa: F811
    one, other = cluster.nodes
    texts = await schedule(cluster, cluster.fill(one, ESIMS, events=True))
    answers = await cancel_during_release(cluster, url, texts)

    ends = await ends_of(one, texts, {"delivered", "cancelled"})
    shown = collections.Counter(centre.texts())
    events = await events_of(other)
    for message_id, text in texts.items():
        state = ends[message_id]["state"]
        is_cancelled = state == "cancelled"
        codes = [body.get("code", "") for _, body in answers[message_id]]
        told = [body["state"] for _, body in answers[message_id]]
        assert set(codes) <= {"", "not_cancellable"}
        assert [each == "cancelled" for each in told] == [not code for code in codes]
        assert ("cancelled" in told) == is_cancelled
        assert shown[text] == (not is_cancelled)
        types = events[message_id]
        assert (types[0], types[-1]) == ("scheduled", state)
        assert len(types) == len(set(types))
        if is_cancelled:
            outcomes = {each["outcome"] for each in ends[message_id]["attempts"]}
            assert outcomes <= {"throttled", "unreachable"}, "it may have left"


async def test_a_release_by_a_paused_carrier_is_cancelled_on_any_node(cluster, centre, url):  # noqa: F811
    """No part leaves, so every cancel wins: before the release, or after it."""
    one, other = cluster.nodes
    esims = cluster.fill(one, ESIMS)
    for node in cluster.nodes:
        node.operate("POST", "carriers/simulator/pause")
    texts = await schedule(cluster, esims)
    answers = await cancel_during_release(cluster, url, texts)
    said = {(status, body.get("code")) for pair in answers.values() for status, body in pair}
    assert said == {(200, None)}

    for node in cluster.nodes:
        node.operate("POST", "carriers/simulator/resume")
    _, last = other.send(esims[0], "the only one")
    await ends_of(one, [last["id"]], {"delivered"})
    assert centre.texts() == ["the only one"]
