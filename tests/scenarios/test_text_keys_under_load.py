"""Keys of texts are replaced under load: no request fails, and no text is unreadable or in clear.

Whole processes: two nodes on PostgreSQL, and one with the embedded store.
"""

import asyncio
import datetime as dt
import itertools
import json
import os
import random
import subprocess
import sys
import urllib.request
from base64 import b64encode

import aiohttp
import pytest

from bench.processes import HOST
from tests import prestarted
from tests.contract.postgres_server import programs
from tests.contract.sealed_facts import forms
from tests.integration.cluster.cluster import CREDENTIALS, PATIENCE_S, Centre, Cluster, until
from tests.integration.cluster.conftest import SEAL_KEY, template, url  # noqa: F401

ROUNDS = 10 if os.environ.get("SCENARIOS") == "long" else 2
WORKERS = 6
ESIMS = 200
MARKER = "heliotrope quince"
"""In every text, and nowhere else."""
MOST_PASSES = 10
"""Of `simpost seal --again` until no row has the old key."""


def key(number):
    return f"key-{number}:{b64encode(bytes([number + 1]) * 32).decode()}"


def setting(*numbers):
    return f'text_key = "{", ".join(map(key, numbers))}"\n'


class Keys:
    """The keys of all nodes, replaced as docs/sealing.md says."""

    def __init__(self, nodes, number=0):
        self._nodes = nodes
        self._present = (number,)

    async def use(self, *numbers):
        for node in self._nodes:
            text = node.config.read_text()
            assert setting(*self._present) in text
            node.config.write_text(text.replace(setting(*self._present), setting(*numbers)))
        self._present = numbers
        answer = await asyncio.to_thread(self._nodes[0].operate, "POST", "reload")
        assert [each["sections"] for each in (answer, *answer["nodes"])] == [
            ["store.text_key"]
        ] * len(self._nodes)

    async def seal_again(self):
        """Seal until one key is left, as an administrator would with the command."""
        first = f"key-{self._present[0]}"
        for _ in range(MOST_PASSES):
            found = await asyncio.to_thread(self._seal)
            assert found["unreadable"] == found["inClear"] == 0
            assert found["missingKeys"] == []
            if found["rows"].keys() <= {first, "secrets_key"}:
                return
        raise AssertionError(f"rows of an old key are left: {found}")

    def _seal(self):
        node = random.choice(self._nodes)
        command = [sys.executable, "-m", "simpost", "seal", "--again", "--json"]
        done = prestarted.run([*command, f"--config={node.config}"], timeout=PATIENCE_S)
        assert done.returncode == 0, done.stdout + done.stderr
        return json.loads(done.stdout)


class Load:
    """Sends and reads at all nodes until `over`; every answer must be the right one."""

    def __init__(self, nodes, esims, centre):
        self.texts = {}
        """By the id of an accepted message."""
        self.codes = set()
        self.read = 0
        self.over = asyncio.Event()
        self._nodes = nodes
        self._esims = esims
        self._centre = centre
        self._count = itertools.count()

    async def run(self):
        async with aiohttp.ClientSession(headers=CREDENTIALS) as session:
            await asyncio.gather(*(self._work(session) for _ in range(WORKERS)))

    async def accept_more(self, count):
        wanted = len(self.texts) + count
        async with asyncio.timeout(PATIENCE_S):
            while len(self.texts) < wanted:
                await asyncio.sleep(0.05)

    async def _work(self, session):
        while not self.over.is_set():
            number = next(self._count)
            node = self._nodes[number % len(self._nodes)]
            await self._send(session, node, number)
            if self.texts:
                await self.look(session, node, random.choice(list(self.texts)))
            await asyncio.sleep(0.01)

    async def _send(self, session, node, number):
        match number % 5:
            case 0:
                bodies = [self._body(f"{number}-{index}") for index in range(5)]
            case 1:
                bodies = [self._body(f"{number} {MARKER * 15}")]  # two parts
            case 2:
                bodies = [self._body(f"{number}", category="code")]
            case 3:
                due = dt.datetime.now(dt.UTC) + dt.timedelta(seconds=1.5)
                bodies = [self._body(f"{number}", sendAt=due.isoformat())]
            case _:
                bodies = [self._body(f"{number}")]
                if number % 2:
                    await asyncio.to_thread(self._reply, number)
        body = {"messages": bodies} if len(bodies) > 1 else bodies[0]
        async with session.post(f"{node.url}/v1/messages", json=body) as response:
            answer = await response.json()
            assert response.status in (202, 207), answer
        messages = [each["message"] for each in answer["results"]] if len(bodies) > 1 else [answer]
        for message, sent in zip(messages, bodies, strict=True):
            self.texts[message["id"]] = sent["text"]
            if sent.get("category") == "code":
                self.codes.add(message["id"])

    def _body(self, words, **more):
        esim = random.choice(self._esims)
        return {"esimTranNo": esim, "text": f"{MARKER} {words}", "category": "service", **more}

    def _reply(self, number):
        body = json.dumps({"to": "4455", "text": f"{MARKER} reply {number}"}).encode()
        handset = f"66{random.choice(self._esims)[-10:]}"
        url_ = f"http://{HOST}:{self._centre.http_port}/handsets/{handset}/messages"
        with urllib.request.urlopen(url_, body) as answer:
            assert json.load(answer)["responses"] == ["ESME_ROK"]

    async def look(self, session, node, message_id):
        """Returns the message; its text must be the one that was sent."""
        async with session.get(f"{node.url}/v1/messages/{message_id}") as response:
            message = await response.json()
            assert response.status == 200, message
        absent = "code" if message_id in self.codes else None
        expected = None if absent else self.texts[message_id]
        assert (message["text"], message["textAbsence"]) == (expected, absent), message
        assert message["reason"] != "text_unreadable", message
        self.read += 1
        return message


async def inbound_texts(session, node):
    found, query = [], ""
    while True:
        async with session.get(f"{node.url}/v1/inbound?limit=100{query}") as response:
            page = await response.json()
            assert response.status == 200, page
        found += [each["text"] for each in page["inbound"]]
        if not page["next"]:
            return found
        query = f"&cursor={page['next']}"


class Grep:
    """Searches what the store has on disk for texts in clear."""

    def __init__(self, folder, database_url):
        self._folder = folder
        self._url = database_url

    def __call__(self):
        stored = self._dump() if self._url else self._files()
        assert b"key-" in stored, "the search works"
        assert [form for form in forms(MARKER) if form in stored] == []

    def _dump(self):
        command = [programs() / "bin" / "pg_dump", self._url]
        return subprocess.run(command, check=True, capture_output=True).stdout

    def _files(self):
        files = [self._folder / "simpost.db", self._folder / "simpost.db-wal"]
        return b"".join(file.read_bytes() for file in files if file.exists())


async def rotate(keys, load, grep):
    for number in range(ROUNDS):
        await load.accept_more(40)
        await keys.use(number, number + 1)
        await load.accept_more(20)
        await keys.use(number + 1, number)
        await load.accept_more(20)
        await keys.seal_again()
        await asyncio.to_thread(grep)
        await keys.use(number + 1)
    await load.accept_more(40)


@pytest.fixture(params=["postgres", "embedded"])
def database(request):
    """The URL of the database; `None` for the embedded store."""
    return request.getfixturevalue("url") if request.param == "postgres" else None


async def test_keys_are_replaced_under_load(database, tmp_path):
    centre = Centre(tmp_path)
    cluster = Cluster(tmp_path, database or "sqlite:///simpost.db", SEAL_KEY, centre.port)
    try:
        names = ["node-0", "node-1"] if database else ["node-0"]
        nodes = [cluster.start(name, store=setting(0)) for name in names]
        if database:
            until(lambda: len(nodes[0].operate("GET", "nodes")["nodes"]) == len(nodes))
        until(lambda: any(node.bound() for node in nodes))
        load = Load(nodes, cluster.fill(nodes[0], ESIMS), centre)
        grep = Grep(tmp_path, database)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(load.run())
            await rotate(Keys(nodes), load, grep)
            load.over.set()
        async with aiohttp.ClientSession(headers=CREDENTIALS) as session:
            for message_id in load.texts:
                async with asyncio.timeout(PATIENCE_S):
                    while True:
                        message = await load.look(session, random.choice(nodes), message_id)
                        if message["state"] == "delivered":
                            break
                        await asyncio.sleep(0.1)
            replies = await inbound_texts(session, nodes[-1])
        assert replies
        assert all(text.startswith(f"{MARKER} reply") for text in replies)
        shown = set(centre.texts())
        assert set(load.texts.values()) <= shown
        await asyncio.to_thread(grep)
    finally:
        cluster.close()
        centre.kill()
    logs = b"".join(node.log.read_bytes() for node in nodes)
    assert b"text_not_opened" not in logs
    assert MARKER.encode() not in logs
