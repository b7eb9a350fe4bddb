"""`GET /v1/events` while nodes are killed: no gap, no duplicate, nothing behind a reader.

`make test` kills one node and then all of them, `make scenarios` does so ten times.
"""

import asyncio
import collections
import contextlib
import itertools
import os

import aiohttp
import pytest

from simpost.domain.states import State
from tests.integration.cluster.cluster import CREDENTIALS, PATIENCE_S, Cluster
from tests.integration.cluster.conftest import SEAL_KEY, centre, template, url  # noqa: F401
from tests.scenarios.faults.node_load import Load

ROUNDS = 10 if os.environ.get("SCENARIOS") == "long" else 1
MESSAGES = 60
"""Accepted before each kill and after it."""
PAUSE_S = 0 if ROUNDS > 1 else 0.02
"""Of a reader, between two pages."""
ESIMS = 50
pytestmark = pytest.mark.timeout(200 + 100 * ROUNDS)


@pytest.fixture
def cluster(tmp_path, url, centre):  # noqa: F811
    cluster = Cluster(tmp_path, url, SEAL_KEY, centre.port)
    yield cluster
    cluster.close()


class Reader:
    """A client that reads on and on, from whichever node answers."""

    def __init__(self, cluster, session):
        self.events = []
        self.count = 0
        self._cluster = cluster
        self._session = session
        self._nodes = itertools.count()

    async def read_on(self):
        while True:
            with contextlib.suppress(aiohttp.ClientError, OSError):
                await self.read()
            await asyncio.sleep(PAUSE_S)

    async def read(self):
        """Read one page; returns whether there are more."""
        nodes = self._cluster.nodes
        node = nodes[next(self._nodes) % len(nodes)]
        after = len(self.events)
        params = {"after": after, "limit": 100}
        async with self._session.get(f"{node.url}/v1/events", params=params) as answer:
            if answer.status == 503:
                return True
            page = await answer.json()
            assert answer.status == 200, page
        numbers = [each["sequence"] for each in page["events"]]
        assert numbers == list(range(after + 1, after + 1 + len(numbers)))
        assert page["next"] == after + len(numbers)
        self.events += page["events"]
        self.count += bool(numbers)
        return page["hasMore"]

    async def read_more(self, pages):
        """Wait until it has read this number of further pages with events."""
        wanted = self.count + pages
        async with asyncio.timeout(PATIENCE_S):
            while self.count < wanted:
                await asyncio.sleep(0.01)


async def replace(cluster, victims, names):
    """Kill nodes at once, and start one for each."""
    for victim in victims:
        victim.process.kill()
    for _ in victims:
        await asyncio.to_thread(cluster.start, next(names))
    for victim in victims:
        cluster.nodes.remove(victim)


async def states_of(cluster, session, ids):
    """The present states of the messages."""
    states = {}
    for message_id in ids:
        at = f"{cluster.nodes[0].url}/v1/messages/{message_id}"
        async with session.get(at) as answer:
            assert answer.status == 200, "accepted, and not there"
            states[message_id] = (await answer.json())["state"]
    return states


async def read_to_the_end(cluster, session, reader, accepted):
    """Read until the events of all messages lead to their final states, or to a code in doubt."""

    def is_over(message_id, state):
        _, category = accepted[message_id]
        return state == "delivered" or (state == "in_doubt" and category == "code")

    async with asyncio.timeout(PATIENCE_S):
        while True:
            states = await states_of(cluster, session, accepted)
            while await reader.read():
                """There are more pages."""
            told = fold(reader.events)
            if all(is_over(*each) for each in states.items()) and states == {
                each: told.get(each) for each in states
            }:
                return
            await asyncio.sleep(0.2)


def fold(events):
    """The last state of each message by its events; each event raised it."""
    states = {}
    for each in events:
        state = State(each["type"].removeprefix("message."))
        before = states.get(each["subject"])
        assert before is None or state.outranks(before), f"{each['subject']}: {before}, {state}"
        states[each["subject"]] = state
    return states


async def test_events_stay_complete_and_in_order_when_nodes_are_killed(cluster):
    names = (f"node-{number}" for number in itertools.count())
    for _ in range(2):
        cluster.start(next(names))
    load = Load(cluster, cluster.fill(cluster.nodes[0], ESIMS, events=True))
    async with aiohttp.ClientSession(headers=CREDENTIALS) as session:
        readers = [Reader(cluster, session) for _ in range(2)]
        sending = asyncio.create_task(load.run())
        reading = [asyncio.create_task(each.read_on()) for each in readers]
        for _ in range(ROUNDS):
            for victims in (slice(1), slice(2)):
                await load.accept_more(MESSAGES)
                await asyncio.gather(*(each.read_more(2) for each in readers))
                await replace(cluster, cluster.nodes[victims], names)
        await load.accept_more(MESSAGES)
        load.stop()
        await sending
        for each in reading:
            assert not each.done(), each.exception()
            each.cancel()
        await asyncio.gather(*reading, return_exceptions=True)

        first, second = readers
        await read_to_the_end(cluster, session, first, load.accepted)
        late = Reader(cluster, session)
        for reader in (second, late):
            while await reader.read():
                """There are more pages."""
    assert first.events == second.events == late.events
    types = collections.defaultdict(list)
    for each in first.events:
        types[each["subject"]].append(each["type"])
    assert set(load.accepted) <= set(types)
    assert {each[0] for each in types.values()} == {"message.accepted"}
