"""Bulk jobs end to end: leaders are killed before, while and after items are acted on.

What came to the handsets is counted at the simulator, and the rows by SQL.
"""

import asyncio
import collections
import contextlib
import itertools
import sqlite3
from datetime import datetime

import asyncpg
import pytest

from tests.integration.cluster.cluster import Centre, Cluster, ask, until
from tests.integration.cluster.conftest import SEAL_KEY, template  # noqa: F401
from tests.scenarios.pair import OPEN_ALL_DAY, Pair
from tests.scenarios.test_broadcasts_killed import repeats, set_final_state

ESIMS = 120
UNDO_S = 8
TEN_MINUTES_MS = 600_000
_count = itertools.count()

BREAK = {
    "sqlite": """
        CREATE TRIGGER broken BEFORE UPDATE ON bulk_job_items
        WHEN old.item = '{item}' BEGIN SELECT RAISE(ABORT, 'broken'); END
    """,
    "postgresql": """
        CREATE FUNCTION break() RETURNS trigger LANGUAGE plpgsql AS
          $$ BEGIN RAISE EXCEPTION 'broken'; END $$;
        CREATE TRIGGER broken BEFORE UPDATE ON bulk_job_items
        FOR EACH ROW WHEN (old.item = '{item}') EXECUTE FUNCTION break()
    """,
}
REPAIR = {"sqlite": "DROP TRIGGER broken", "postgresql": "DROP TRIGGER broken ON bulk_job_items"}


class Database:
    """The database of the nodes, beside them."""

    def __init__(self, url, folder):
        self.kind = url.partition(":")[0]
        self._url, self._path = url, folder / "simpost.db"

    def run(self, statement):
        """The rows of a statement."""
        if self.kind == "sqlite":
            with contextlib.closing(
                sqlite3.connect(self._path, timeout=60, isolation_level=None)
            ) as connection:
                return connection.execute(statement).fetchall()
        return asyncio.run(self._run(statement))

    async def _run(self, statement):
        connection = await asyncpg.connect(self._url)
        try:
            if statement.lstrip().startswith("SELECT"):
                return [tuple(row) for row in await connection.fetch(statement)]
            await connection.execute(statement)
            return []
        finally:
            await connection.close()


@pytest.fixture(params=["postgres", "embedded"])
def pair(request, tmp_path):
    url = "sqlite:///simpost.db"
    if request.param == "postgres":
        postgres = request.getfixturevalue("postgres")
        made_from = request.getfixturevalue("template")
        name = f"bulk_jobs{next(_count)}"
        asyncio.run(postgres.create_database(name, made_from))
        url = postgres.url(name)
    centre = Centre(tmp_path)
    cluster = Cluster(tmp_path, url, SEAL_KEY, centre.port)
    try:
        yield Pair(cluster, centre, url, esims=ESIMS, more=OPEN_ALL_DAY)
    finally:
        cluster.close()
        centre.kill()


@pytest.fixture
def database(pair, tmp_path):
    return Database(pair.url, tmp_path)


def send_failing(pair):
    """A message to each eSIM, which its carrier says was not delivered; the numbers by its id."""
    node = pair.nodes[0]
    set_final_state(pair.centre, "UNDELIVERABLE")
    sent = {}
    for _ in range(ESIMS):
        esim, number = pair.take()
        status, shown = node.send(esim, f"Text for {number}", reference="trip")
        assert status == 202, shown
        sent[shown["id"]] = number
    until(lambda: listed(node, "failed") == ESIMS, "they never fail")
    set_final_state(pair.centre, None)
    return sent


def listed(node, state):
    _, page = node.get(f"v1/messages?reference=trip&state={state}&limit=200")
    return len(page["messages"])


def begin(node, undo_s):
    body = {"verb": "send_again", "messages": {"reference": "trip"}, "undoSeconds": undo_s}
    status, job = ask(node, "POST", "bulk-jobs", body)
    assert status == 201, job
    return job


def shown(node, job):
    """The job; its counts add up whenever it is looked at."""
    status, found = ask(node, "GET", f"bulk-jobs/{job['id']}")
    assert status == 200, found
    counts = dict(found["counts"])
    assert counts.pop("total") == sum(counts.values())
    return found


def shown_on(centre, number):
    """The texts that came; those that were undeliverable did not."""
    return centre.ask(f"handsets/{number}")["messages"]


def stuck(node):
    _, found = node.get("v1/needs-a-person")
    return {each["kind"]: each["jobs"] for each in found["stuck"]}


def test_every_text_is_sent_again_once_while_leaders_die(pair, database):
    """One item cannot be recorded for a while: its 50 texts have left, and no row says so."""
    sent = send_failing(pair)
    node = pair.nodes[0]
    job = begin(node, UNDO_S)
    until(lambda: shown(node, job)["isCounted"])
    items = database.run("SELECT item FROM bulk_job_items ORDER BY item")
    database.run(BREAK[database.kind].format(item=items[60][0]))
    node = pair.kill(pair.leader())
    pair.complete()
    assert shown(node, job)["counts"]["total"] == ESIMS
    until(lambda: shown(node, job)["counts"]["done"] == 50, "another node does not take over")
    until(lambda: database.run("SELECT count(*) FROM messages") == [(ESIMS + 100,)])
    node = pair.kill(pair.leader())
    pair.complete()

    database.run(
        f"UPDATE bulk_jobs SET due_ms = due_ms - {TEN_MINUTES_MS}, "
        f"progress_ms = progress_ms - {TEN_MINUTES_MS}"
    )
    [row] = until(lambda: stuck(node).get("bulk_job"), "it does not need a person")
    assert (row["account"], row["id"], row["count"]) == ("acme", job["id"], 1)
    assert shown(node, job)["counts"] == {
        "total": ESIMS, "done": 50, "skipped": 0, "failed": 0, "remaining": ESIMS - 50,
    }  # fmt: skip
    database.run(REPAIR[database.kind])
    name = {"kind": "bulk_job", "id": job["id"]}
    assert ask(node, "POST", "needs-a-person/try-again", name)[0] == 200
    assert "bulk_job" not in stuck(node)
    until(lambda: shown(node, job)["status"] == "finished", "it is never finished")

    rows = database.run("SELECT state, detail FROM bulk_job_items")
    assert collections.Counter(state for state, _ in rows) == {"done": ESIMS}
    again = {detail for _, detail in rows}
    assert len(again) == ESIMS
    assert not again & sent.keys()
    assert database.run("SELECT count(*) FROM messages") == [(2 * ESIMS,)]
    _, page = ask(node, "GET", f"bulk-jobs/{job['id']}/items?limit=200")
    by_number = {sent[each["item"]]: each["messageId"] for each in page["items"]}
    until(lambda: listed(node, "delivered") == ESIMS, "they never arrive")
    due = datetime.fromisoformat(job["dueAt"])
    for number, message_id in by_number.items():
        texts = shown_on(pair.centre, number)
        assert {each["text"] for each in texts} == {f"Text for {number}"}
        times = sorted(datetime.fromisoformat(each["receivedAt"]) for each in texts)
        assert times, "a text was forgotten"
        assert len(times) <= 1 + repeats(node, message_id), "a text came twice without a doubt"
        assert times[0] >= due, "it left while it could be undone"


def test_a_job_that_is_undone_on_another_node_sends_nothing_though_its_leader_dies(pair, database):
    send_failing(pair)
    job = begin(pair.nodes[0], undo_s=3_600)
    until(lambda: shown(pair.nodes[0], job)["isCounted"])
    node = pair.kill(pair.leader())
    pair.complete()
    status, undone = ask(node, "POST", f"bulk-jobs/{job['id']}/stop", {"actor": "Ana"})
    assert (status, undone["status"], undone["endedBy"]) == (200, "undone", "Ana")
    database.run("UPDATE bulk_jobs SET due_ms = 0")
    other = begin(node, undo_s=0)  # it works after the first one would have
    until(lambda: shown(node, other)["status"] == "finished")
    assert shown(node, job)["counts"]["remaining"] == ESIMS
    assert database.run("SELECT count(*) FROM messages") == [(2 * ESIMS,)]
    states = database.run("SELECT state, count(*) FROM bulk_job_items GROUP BY state")
    assert dict(states) == {"waiting": ESIMS, "done": ESIMS}
