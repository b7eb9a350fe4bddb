"""Automations end to end: an event sends one text, however often it comes and whatever dies."""

import asyncio
import itertools

import aiohttp
import asyncpg
import pytest

from tests.integration.cluster.cluster import PATIENCE_S, Centre, Cluster, ask, until
from tests.integration.cluster.conftest import SEAL_KEY, template  # noqa: F401
from tests.scenarios.pair import OPEN_ALL_DAY, Pair

TEXTS = {"en": "Welcome to {country}!", "fr": "Bienvenue : {country} !", "ja": "ようこそ {country}"}
SHOWN = {"en": "Welcome to France!", "fr": "Bienvenue : France !", "ja": "ようこそ フランス"}
MAPPING = {
    "kind": "$.type",
    "kinds": {"ATTACH": "attached_first"},
    "iccid": "$.iccid",
    "country": "$.country",
}
_BLOCKED = """
SELECT max(pid) FROM pg_stat_activity
WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE '%automation_runs%'
  AND pid <> $1
"""


@pytest.fixture(scope="module", params=["postgres", "embedded"])
def service(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp(request.param)
    url = "sqlite:///simpost.db"
    if request.param == "postgres":
        postgres = request.getfixturevalue("postgres")
        made_from = request.getfixturevalue("template")
        asyncio.run(postgres.create_database("automations", made_from))
        url = postgres.url("automations")
    centre = Centre(folder)
    cluster = Cluster(folder, url, SEAL_KEY, centre.port)
    try:
        yield Pair(cluster, centre, url, esims=10, more=OPEN_ALL_DAY)
    finally:
        cluster.close()
        centre.kill()


@pytest.fixture(scope="module")
def source(service):
    """The path at which a supplier reports attached eSIMs; the welcome has its template."""
    node = service.nodes[0]
    given = {"kind": "mapping", "name": "supplier", "mapping": MAPPING}
    status, added = ask(node, "POST", "lifecycle/sources", given)
    assert status == 201, added
    variables = {"country": {"type": "text", "longest": "United Arab Emirates"}}
    made = {"name": "welcome", "texts": TEXTS, "defaultLanguage": "en", "variables": variables}
    status, answer = ask(node, "POST", "templates", made)
    assert status == 201, answer
    return added["url"]


@pytest.fixture
def pair(service, source):
    """Both nodes, and both know the source."""
    service.complete()
    for node in service.nodes:
        until(lambda url=f"{node.url}{source}": asyncio.run(is_known(url)))
    return service


async def is_known(url):
    async with aiohttp.ClientSession() as client, client.head(url) as answer:
        return answer.status == 200


async def deliver(nodes, path, esim, times):
    """The same event `times` times at once, by the nodes one after the other."""
    body = {"type": "ATTACH", "iccid": f"8966{esim}1", "country": "FR"}
    async with aiohttp.ClientSession() as client:

        async def one(node):
            async with client.post(f"{node.url}{path}", json=body) as answer:
                return answer.status

        some = itertools.islice(itertools.cycle(nodes), times)
        return await asyncio.gather(*map(one, some))


def switch_on(node, **fields):
    body = {"trigger": "attached", "template": "welcome", "enabled": True, **fields}
    status, saved = ask(node, "PUT", "automations/welcome", body)
    assert status == 200, saved


def runs_of(node, esim):
    _, page = ask(node, "GET", "automations/welcome/runs?limit=100")
    return [run for run in page["runs"] if run["esimTranNo"] == esim]


def states_of(node, esim):
    _, page = node.get(f"v1/messages?esimTranNo={esim}")
    return [message["state"] for message in page["messages"]]


def assert_only(pair, node, esim, number, text):
    """The handset shows this text once; a text that is sent after it arrives next."""
    until(lambda: text in pair.centre.texts_of(number), "no welcome came")
    until(lambda: [each["state"] for each in runs_of(node, esim)] == ["accepted"])
    status, _ = node.send(esim, "last")
    assert status == 202
    until(lambda: "last" in pair.centre.texts_of(number))
    assert pair.centre.texts_of(number) == [text, "last"]
    until(lambda: states_of(node, esim) == ["delivered"] * 2)


@pytest.mark.parametrize("language", SHOWN)
def test_ten_deliveries_at_once_on_two_nodes_send_one_welcome(pair, source, language):
    esim, number = pair.take()
    here, there = pair.both
    switch_on(here)
    status, _ = ask(here, "PATCH", f"esims/{esim}/preferences", {"language": language})
    assert status == 200
    assert asyncio.run(deliver(pair.both, source, esim, 10)) == [200] * 10
    assert_only(pair, there, esim, number, SHOWN[language])


def test_kill_9_of_the_leader_before_a_run_is_due_sends_it_once(pair, source):
    esim, number = pair.take()
    leader = pair.leader()
    switch_on(leader, delaySeconds=2)
    assert asyncio.run(deliver([leader], source, esim, 1)) == [200]
    other = pair.kill(leader)
    assert_only(pair, other, esim, number, SHOWN["en"])


@pytest.mark.parametrize("service", ["postgres"], indirect=True)
async def test_kill_9_between_the_message_and_the_end_of_its_run_sends_it_once(pair, source):
    """A lock keeps the run from ending at the leader, and then at the node that leads after it."""
    esim, number = pair.take()
    leader = await asyncio.to_thread(pair.leader)
    await asyncio.to_thread(switch_on, leader, delaySeconds=2)
    assert await deliver([leader], source, esim, 1) == [200]
    watch, lock = await asyncpg.connect(pair.url), await asyncpg.connect(pair.url)

    async def wait_for(query, argument):
        async with asyncio.timeout(PATIENCE_S):
            while not (value := await watch.fetchval(query, argument)):
                await asyncio.sleep(0.02)
        return value

    of_esim = "FROM automation_runs WHERE esim_tran_no = $1"
    try:
        await wait_for(f"SELECT count(*) {of_esim}", esim)
        async with lock.transaction():
            await lock.execute(f"SELECT * {of_esim} FOR UPDATE", esim)
            blocked = await wait_for(_BLOCKED, 0)
            await asyncio.to_thread(until, lambda: states_of(leader, esim) == ["delivered"])
            other = await asyncio.to_thread(pair.kill, leader)
            await wait_for(_BLOCKED, blocked)
    finally:
        await lock.close()
        await watch.close()
    await asyncio.to_thread(assert_only, pair, other, esim, number, SHOWN["en"])
