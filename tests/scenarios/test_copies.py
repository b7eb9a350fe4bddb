"""A copy of a store sends nothing until it is confirmed; the original goes on undisturbed."""

import asyncio
import itertools
import shutil
import subprocess
import sys
import urllib.request

import pytest

from tests import prestarted
from tests.contract.postgres_server import programs
from tests.integration.cluster.cluster import Centre, Cluster, until
from tests.integration.cluster.conftest import SEAL_KEY, template  # noqa: F401
from tests.scenarios.faults.databases import Database, Standby
from tests.scenarios.pair import OPEN_ALL_DAY

_count = itertools.count()


def simpost(node, *arguments):
    command = [sys.executable, "-m", "simpost", *map(str, arguments), f"--config={node.config}"]
    done = prestarted.run(command, timeout=60)
    return done.returncode, done.stdout + done.stderr


def readiness(node):
    with urllib.request.urlopen(f"{node.url}/readyz") as answer:
        return answer.read().decode(), answer.headers.get("Simpost-Sending")


def number_of(esim):
    return f"66{esim[-10:]}"


class Original:
    """A service with messages that wait because its carrier is paused."""

    def __init__(self, folder, url):
        folder.mkdir()
        self.centre = Centre(folder)
        self.cluster = Cluster(folder, url, SEAL_KEY, self.centre.port)
        self.node = self.cluster.start("original", more=OPEN_ALL_DAY)
        self.esims = self.cluster.fill(self.node, esims=3)
        until(self.node.bound)
        self.node.operate("POST", "carriers/simulator/pause")
        status, answer = self.node.send(self.esims[0], "queued before the copy")
        assert status == 202, answer
        self.queued = answer["id"]

    def copy(self, folder, url, **settings):
        """A service on a copy of the store, with the same carrier."""
        cluster = Cluster(folder, url, SEAL_KEY, self.centre.port)
        cluster.token = self.cluster.token
        return cluster, cluster.start("copy", more=OPEN_ALL_DAY, **settings)

    def close(self):
        self.cluster.close()
        self.centre.kill()


def copied(original, folder, server):
    """The URL of the copied store: by `simpost backup`, or by `pg_dump` and `pg_restore`."""
    folder.mkdir()
    if server is None:
        code, said = simpost(original.node, "backup", folder / "simpost.db")
        assert code == 0, said
        return "sqlite:///simpost.db"
    name = f"copy{next(_count)}"
    asyncio.run(server.create_database(name, "template0"))
    url = server.url(name)
    dump = subprocess.run(
        [programs() / "bin" / "pg_dump", "--format=custom", original.cluster._url],
        capture_output=True, check=True, timeout=60,
    )  # fmt: skip
    subprocess.run(
        [programs() / "bin" / "pg_restore", "--exit-on-error", f"--dbname={url}"],
        input=dump.stdout, capture_output=True, check=True, timeout=60,
    )  # fmt: skip
    return url


@pytest.fixture(params=["embedded", "postgres"])
def server(request):
    return request.getfixturevalue("postgres") if request.param == "postgres" else None


@pytest.fixture
def original(server, request, tmp_path):
    url = "sqlite:///simpost.db"
    if server is not None:
        name = f"original{next(_count)}"
        asyncio.run(server.create_database(name, request.getfixturevalue("template")))
        url = server.url(name)
    one = Original(tmp_path / "original", url)
    try:
        yield one
    finally:
        one.close()


def test_a_copy_sends_only_what_it_accepted_itself(original, server, tmp_path):
    url = copied(original, tmp_path / "copy", server)
    cluster, copy = original.copy(tmp_path / "copy", url)
    first, second, third = map(number_of, original.esims)
    centre = original.centre
    try:
        body, header = readiness(copy)
        assert ("simpost confirm-copy" in body, "degraded" in body) == (True, True)
        assert header == "held-copy"
        status, answer = copy.send(original.esims[1], "accepted by the copy")
        assert status == 202, answer
        code, said = simpost(copy, "status")
        assert ("held: this store is a copy (" in said, "). See `simpost" in said) == (True, True)
        code, said = simpost(copy, "confirm-copy")
        assert (code, "Nothing is sent" in said, "2 parts" in said) == (0, True, True), said

        original.node.operate("POST", "carriers/simulator/resume")
        until(lambda: centre.texts_of(first) == ["queued before the copy"])
        original.node.send(original.esims[2], "sent by the original")
        until(lambda: centre.texts_of(third) == ["sent by the original"])
        assert copy.bound() == 0
        assert centre.texts_of(second) == []

        copy.process.kill()  # a hold outlives its process
        cluster.nodes.clear()
        copy = cluster.start("again", more=OPEN_ALL_DAY)
        assert readiness(copy)[1] == "held-copy"
        copy.operate("POST", "carriers/simulator/resume")  # PostgreSQL has the order to pause, too

        code, said = simpost(copy, "confirm-copy", "--cancel-waiting", "--by=Ada")
        assert (code, "Sending is not held." in said, "by Ada (" in said) == (0, True, True), said
        until(lambda: centre.texts_of(second) == ["accepted by the copy"])
        assert copy.state_of(original.queued) == "cancelled"
        assert centre.texts_of(first) == ["queued before the copy"]
        assert readiness(copy)[1] is None
    finally:
        cluster.close()

    code, said = simpost(original.node, "mark-copy")
    assert (code != 0, "first" in said) == (True, True), said
    original.node.process.kill()
    original.cluster.nodes.clear()
    again = original.cluster.start("original", more=OPEN_ALL_DAY)
    assert readiness(again)[1] is None


def test_a_copied_folder_is_held_and_a_moved_one_is_not(tmp_path):
    original = Original(tmp_path / "original", "sqlite:///simpost.db")
    cluster = None
    try:
        original.node.process.kill()
        original.cluster.nodes.clear()
        shutil.copytree(tmp_path / "original", tmp_path / "copy")
        (tmp_path / "original").rename(tmp_path / "moved")
        original.cluster.folder = tmp_path / "moved"
        moved = original.cluster.start("original", more=OPEN_ALL_DAY)
        assert readiness(moved)[1] is None
        first = number_of(original.esims[0])
        until(lambda: original.centre.texts_of(first) == ["queued before the copy"])

        cluster, copy = original.copy(tmp_path / "copy", "sqlite:///simpost.db")
        assert "files were copied" in readiness(copy)[0]
        code, said = simpost(copy, "confirm-copy", "--send-waiting")
        assert (code, "Sending is not held." in said) == (0, True), said
        until(lambda: len(original.centre.texts_of(first)) == 2)

        moved.process.kill()
        original.cluster.nodes.clear()
        code, said = simpost(moved, "mark-copy")
        assert (code, said.splitlines()[0][:17]) == (0, "Marked as a copy."), said
        snapshot = original.cluster.start("original", more=OPEN_ALL_DAY)
        assert "marked as a copy" in readiness(snapshot)[0]
    finally:
        if cluster:
            cluster.close()
        original.close()


def test_a_failover_is_not_held_and_a_promoted_copy_is(tmp_path):
    primary = Database()
    standby = original = None
    try:
        standby = Standby(primary)
        both = f"postgresql://postgres@/postgres?host={primary.root},{standby.root}"
        original = Original(tmp_path / "original", both)
        original.node.process.kill()
        original.cluster.nodes.clear()
        primary.stop()
        standby.value("ALTER SYSTEM RESET synchronous_standby_names")
        standby.promote()
        saved = standby.value("SELECT value FROM meta WHERE name = 'instance'")
        elsewhere = original.cluster.start("elsewhere", more=OPEN_ALL_DAY, url=standby.url())
        assert "was promoted and has another address" in readiness(elsewhere)[0]
        elsewhere.process.kill()
        original.cluster.nodes.clear()

        standby.value(f"UPDATE meta SET value = '{saved}' WHERE name = 'instance' RETURNING name")
        after = original.cluster.start("after", more=OPEN_ALL_DAY)
        assert readiness(after)[1] is None
    finally:
        if original:
            original.close()
        for each in (standby, primary):
            if each:
                each.close()
