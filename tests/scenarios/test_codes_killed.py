"""kill -9 of a node while it sends codes: one text comes, and another node checks it."""

import asyncio
import contextlib
import re

import aiohttp
import asyncpg
import pytest

from tests.integration.cluster.cluster import CREDENTIALS, PATIENCE_S, Centre, Cluster, until
from tests.integration.cluster.conftest import SEAL_KEY, centre, template, url  # noqa: F401

pytestmark = pytest.mark.timeout(240)
_BLOCKED = "SELECT count(*) FROM pg_locks WHERE relation = 'messages'::regclass AND NOT granted"


@pytest.fixture
def cluster(tmp_path, url, centre):  # noqa: F811
    cluster = Cluster(tmp_path, url, SEAL_KEY, centre.port)
    for name in ("node-0", "node-1"):
        cluster.start(name)
    until(lambda: any(node.bound() for node in cluster.nodes))
    yield cluster
    cluster.close()


@pytest.fixture
def esim(cluster):
    return cluster.fill(cluster.nodes[0])[0]


async def ask(node, method, path, body=None):
    async with (
        aiohttp.ClientSession(headers=CREDENTIALS) as session,
        session.request(method, f"{node.url}/v1/{path}", json=body) as response,
    ):
        return response.status, await response.json()


async def start(node, esim, session="one"):
    body = {"esimTranNo": esim, "purpose": "login", "sessionKey": session}
    return await ask(node, "POST", "verifications", body)


async def check(node, verification, code):
    status, found = await ask(
        node, "POST", f"verifications/{verification['id']}/check", {"code": code}
    )
    assert status == 200, found
    return found["verdict"]


@contextlib.asynccontextmanager
async def blocked_messages(url):  # noqa: F811
    """No message can be committed inside; the connection sees all that is."""
    connection = await asyncpg.connect(url)
    try:
        transaction = connection.transaction()
        await transaction.start()
        await connection.execute("LOCK TABLE messages IN EXCLUSIVE MODE")
        yield connection
        await transaction.rollback()
    finally:
        await connection.close()


async def the_code(centre, esim):  # noqa: F811
    """The code of the only text that comes to the handset."""
    number = f"66{esim[-10:]}"
    texts = await asyncio.to_thread(until, lambda: centre.texts_of(number), "no text came")
    assert len(texts) == 1
    return re.match(r"\d{6}", texts[0])[0]


async def assert_no_more_texts(centre, other, esim):  # noqa: F811
    """A text that is sent later arrives; nothing came to the handset before it."""
    status, message = await asyncio.to_thread(other.send, esim, "last", category="service")
    assert status == 202
    async with asyncio.timeout(PATIENCE_S):
        while await asyncio.to_thread(other.state_of, message["id"]) != "delivered":
            await asyncio.sleep(0.1)
    texts = await asyncio.to_thread(centre.texts_of, f"66{esim[-10:]}")
    assert [text == "last" for text in texts] == [False, True], texts


async def test_kill_9_before_the_message_is_committed(cluster, esim, url, centre):  # noqa: F811
    victim, other = cluster.nodes
    async with blocked_messages(url) as connection:
        starting = asyncio.create_task(start(victim, esim))
        async with asyncio.timeout(PATIENCE_S):
            while not await connection.fetchval(_BLOCKED):
                await asyncio.sleep(0.02)
        victim.process.kill()
        with pytest.raises((aiohttp.ClientError, OSError)):
            await starting
    async with asyncio.timeout(PATIENCE_S):
        while (answer := await start(other, esim))[0] == 503:
            await asyncio.sleep(0.2)
    status, begun = answer
    assert (status, begun["step"], begun["sends"]) == (201, "create", 1)
    assert begun["messageId"]
    code = await the_code(centre, esim)
    again = [await start(other, esim) for _ in range(3)]
    assert {each["messageId"] for _, each in again} == {begun["messageId"]}
    refused, problem = await start(other, esim, "another")
    assert (refused, problem["code"], problem["budget"]) == (429, "code_wait", "code:esim:wait")
    assert await check(other, begun, code) == "verified"
    await assert_no_more_texts(centre, other, esim)


async def test_kill_9_between_the_commit_and_the_send(cluster, esim, centre):  # noqa: F811
    victim, other = cluster.nodes
    await asyncio.to_thread(victim.operate, "POST", "carriers/simulator/pause")
    status, begun = await start(victim, esim)
    assert (status, begun["step"]) == (201, "create")
    victim.process.kill()
    status, kept = await start(other, esim)
    assert (status, kept["step"], kept["messageId"]) == (200, "keep", begun["messageId"])
    await asyncio.to_thread(other.operate, "POST", "carriers/simulator/resume")
    code = await the_code(centre, esim)
    wrong = f"{(int(code) + 1) % 10**6:06}"
    assert await check(other, begun, wrong) == "wrong_code"
    assert await check(other, begun, code) == "verified"
    assert await check(other, begun, code) == "already_used"
    await assert_no_more_texts(centre, other, esim)


async def start_all(node, esims, answers):
    """Start until the node is gone."""
    async with aiohttp.ClientSession(headers=CREDENTIALS) as session:
        with contextlib.suppress(aiohttp.ClientError, OSError):
            for esim in esims:
                body = {"esimTranNo": esim, "purpose": "login"}
                async with session.post(f"{node.url}/v1/verifications", json=body) as response:
                    assert response.status == 201
                    answers[esim] = await response.json()


async def test_kill_9_of_the_embedded_store_keeps_what_was_answered(tmp_path):
    simulator = Centre(tmp_path)
    cluster = Cluster(tmp_path, "sqlite:///simpost.db", SEAL_KEY, simulator.port)
    try:
        node = await asyncio.to_thread(cluster.start, "node-0")
        until(node.bound)
        esims, answers = iter(cluster.fill(node, 500)), {}
        starting = [asyncio.create_task(start_all(node, esims, answers)) for _ in range(8)]
        async with asyncio.timeout(PATIENCE_S):
            while len(answers) < 100:
                await asyncio.sleep(0.005)
        node.process.kill()
        await asyncio.gather(*starting)
        assert len(answers) < 500
        again = await asyncio.to_thread(cluster.start, "node-0")
        for esim, begun in [*answers.items()][-20:]:
            status, kept = await start(again, esim, None)
            assert (status, kept) == (200, begun | {"step": "keep"})
            _, message = again.get(f"v1/messages/{begun['messageId']}")
            assert message["category"] == "code"
        # Those that were not answered: the verification is there with its message, or neither.
        for esim in {f"260101{number:08d}" for number in range(110)} - answers.keys():
            _, begun = await start(again, esim, None)
            assert begun["messageId"]
            assert len(simulator.texts_of(f"66{esim[-10:]}")) <= 1
    finally:
        cluster.close()
        simulator.kill()
