"""`simpost to-postgres` as people run it: killed, started again, then served."""

import asyncio
import contextlib
import json
import os
import pty
import re
import signal
import subprocess
import time
import urllib.request

import apsw
import asyncpg
import pytest

from simpost.domain.messages import format_id
from simpost.errors import StoreError
from simpost.store import SqliteStore
from simpost.store.to_postgres.tables import TABLES
from tests import prestarted
from tests.integration.postgres.conftest import SEAL_KEY, open_store, run_sql
from tests.integration.postgres.embedded_facts import (
    SECRET,
    differences,
    make_embedded,
    plain,
)

HISTORY = 12_000
"""Three batches in each of the three large tables."""
WAIT_S = 90
pytestmark = pytest.mark.timeout(240)  # whole processes, on a busy machine

_SLOWLY = """
CREATE FUNCTION dawdle() RETURNS trigger LANGUAGE plpgsql AS
  'BEGIN PERFORM pg_sleep({seconds}); RETURN NEW; END';
CREATE TRIGGER dawdle BEFORE {when} ON {table} FOR EACH ROW EXECUTE FUNCTION dawdle()
"""


async def dawdle(url, table, when, seconds):
    """Slow the database down, so that the process can be killed half way."""
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(_SLOWLY.format(table=table, when=when, seconds=seconds))
    finally:
        await connection.close()


async def hurry(url):
    """No longer slow; a statement that a killed process left asleep ends now."""
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        await connection.execute("DROP FUNCTION dawdle CASCADE")
    finally:
        await connection.close()


def begin(embedded, url, **changes):
    return prestarted.Popen(
        embedded.command("to-postgres"),
        stdout=subprocess.DEVNULL,
        env={**plain(), "SIMPOST_TO_POSTGRES_URL": url, "TERM": "xterm", "COLUMNS": "100"},
        **changes,
    )


async def until(url, query, child):
    """Wait until the query is true, while the child runs."""
    last_s = time.monotonic() + WAIT_S
    while not (await run_sql(url, f"SELECT {query}"))[0][0]:
        assert child.poll() is None, child.stderr.read()
        assert time.monotonic() < last_s
        await asyncio.sleep(0.02)


async def kill_when(embedded, url, query):
    """Start the move, and kill -9 it once the query is true."""
    with begin(embedded, url, stderr=subprocess.PIPE) as child:
        await until(url, query, child)
        child.kill()
        assert child.wait() == -signal.SIGKILL, "it was in the middle"


async def refuses_to_be_served(embedded, url):
    with pytest.raises(StoreError, match="is being moved"):
        await open_store(url, "one")
    with pytest.raises(StoreError, match=r"this store (is being|was) moved to"):
        await SqliteStore.open(embedded.path, seal_key=SEAL_KEY)


def without_times(differing):
    """What ended its lease at another time is the same otherwise: see test_moving."""
    return [table for table in differing if table not in ("parts", "attempts")]


async def test_killed_at_any_moment_it_goes_on_and_nothing_comes_twice(tmp_path, url):
    embedded = await make_embedded(tmp_path, history=HISTORY)
    await dawdle(url, "move_steps", "INSERT OR UPDATE", 0.2)
    for came in (1, 11_000, 17_000, 30_000):
        moved = f"coalesce(sum(row_count), 0) > {came} FROM move_steps"
        await kill_when(embedded, url, moved)
        await refuses_to_be_served(embedded, url)
    await hurry(url)

    done = embedded.migrate(url)

    assert done.returncode == 0, done.stderr
    assert "The same on both sides" in done.stdout
    assert "3 parts had no response from the carrier" in done.stdout
    assert "database_url" in done.stdout
    assert without_times(await differences(embedded.path, url)) == []
    assert not any("differs" in line for line in done.stdout.splitlines())
    await (await open_store(url, "one")).close()


@pytest.mark.parametrize("cause", ["Ctrl-C", "the connection is lost"])
async def test_stopped_it_says_that_it_can_go_on(tmp_path, url, cause):
    embedded = await make_embedded(tmp_path)
    await dawdle(url, "move_steps", "INSERT OR UPDATE", 0.2)
    with begin(embedded, url, stderr=subprocess.PIPE) as child:
        await until(url, "EXISTS (SELECT 1 FROM messages)", child)
        if cause == "Ctrl-C":
            child.send_signal(signal.SIGINT)
        else:
            await run_sql(
                url,
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE datname = current_database() AND pid <> pg_backend_pid()",
            )
        said = child.stderr.read().decode()
    assert child.returncode == 1
    assert "run the same command again and it goes on" in said
    assert "Traceback" not in said
    await hurry(url)
    assert embedded.migrate(url).returncode == 0


async def test_killed_before_its_very_end_it_ends_and_compares_no_more(tmp_path, url):
    """By then leases were settled: the two sides are no longer the same, and rightly so."""
    embedded = await make_embedded(tmp_path)
    await dawdle(url, "moves", "UPDATE OF finished_ms", 10)
    await kill_when(
        embedded,
        url,
        "EXISTS (SELECT 1 FROM pg_stat_activity WHERE query LIKE 'UPDATE moves SET finished%' "
        "AND state = 'active' AND datname = current_database())",
    )
    await refuses_to_be_served(embedded, url)
    await hurry(url)
    done = embedded.migrate(url)
    assert done.returncode == 0, done.stderr
    attempts = await run_sql(url, "SELECT count(*) FROM attempts WHERE reason = 'lease_lost'")
    assert attempts[0][0] == 3
    again = embedded.migrate(url)
    assert again.returncode == 0
    assert "nothing is left to do" in again.stdout


async def test_counts_that_differ_are_an_error_and_the_file_can_be_served_again(
    tmp_path, url, empty_url
):
    embedded = await make_embedded(tmp_path, history=HISTORY)
    await dawdle(url, "move_steps", "INSERT OR UPDATE", 0.2)
    await kill_when(embedded, url, "EXISTS (SELECT 1 FROM parts)")
    await hurry(url)
    await run_sql(url, "DELETE FROM messages WHERE account_id = 2")

    done = embedded.migrate(url)

    assert done.returncode == 1
    assert re.search(r"^messages +12,008 +12,007  differs$", done.stdout, re.MULTILINE)
    assert "the two sides differ" in done.stderr
    await refuses_to_be_served(embedded, url)

    given_up = embedded.migrate("", "--cancel")
    assert given_up.returncode == 0, given_up.stderr
    await (await SqliteStore.open(embedded.path, seal_key=SEAL_KEY)).close()
    with pytest.raises(StoreError, match="is being moved"):
        await open_store(url, "one")
    refused = embedded.migrate(url)
    assert refused.returncode == 1
    assert "of another move" in refused.stderr
    assert embedded.migrate(empty_url).returncode == 0


async def test_the_database_answers_for_the_messages_of_before(tmp_path, url):
    embedded = await make_embedded(tmp_path)
    assert embedded.migrate(url).returncode == 0
    answered, listed = await asyncio.to_thread(_serve_and_ask, embedded, url)
    assert (answered["id"], answered["text"]) == (format_id(embedded.held.id), "held in two")
    assert {each["reason"]["code"] for each in answered["attempts"]} == {"lease_lost"}
    assert len(listed["messages"]) == 7


def _serve_and_ask(embedded, url):
    with prestarted.Popen(
        embedded.command("serve"),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**plain(), "SIMPOST_STORE__DATABASE_URL": url},
    ) as service:
        try:
            shown = ""
            while not (found := re.search(r"listens on (http://\S+)", shown)):
                line = service.stdout.readline()
                assert line, shown
                shown += line
            messages = f"{found[1]}/v1/messages"
            return ask(f"{messages}/{format_id(embedded.held.id)}"), ask(messages)
        finally:
            service.send_signal(signal.SIGTERM)
            service.communicate(timeout=WAIT_S)


def ask(url):
    headers = {"RT-AccessCode": "shop", "RT-SecretKey": SECRET}
    request = urllib.request.Request(url, headers=headers)
    with urllib.request.urlopen(request, timeout=WAIT_S) as answer:
        return json.load(answer)


async def test_the_configuration_may_name_the_database_already(tmp_path, url):
    embedded = await make_embedded(tmp_path)
    named = {"SIMPOST_STORE__DATABASE_URL": url}
    nothing = embedded.migrate(**named)
    assert nothing.returncode == 2
    assert "--from" in nothing.stderr
    assert embedded.migrate("", "--from", str(embedded.path), **named).returncode == 0


async def test_neither_user_nor_password_is_ever_shown(tmp_path, postgres, database):
    embedded = await make_embedded(tmp_path)
    unknown = embedded.migrate("postgresql://somebody:hunter2@127.0.0.1:1/simpost")
    assert unknown.returncode == 1
    good = embedded.migrate(
        f"postgresql://postgres:hunter2@/{database}?host={postgres.root}&application_name=x"
    )
    assert good.returncode == 0, good.stderr
    for said in (unknown.stdout, unknown.stderr, good.stdout, good.stderr):
        assert not re.search("hunter2|somebody|postgres:", said)
    with contextlib.closing(apsw.Connection(str(embedded.path))) as connection:
        assert "hunter2" not in connection.execute("SELECT value FROM meta WHERE name = 'move'").get


async def test_where_nothing_is_named_the_command_says_what_it_wants(tmp_path):
    embedded = await make_embedded(tmp_path)
    nowhere = embedded.migrate()
    assert (nowhere.returncode, "--to" in nowhere.stderr) == (2, True)
    elsewhere = embedded.migrate("mysql://x")
    assert (elsewhere.returncode, "postgresql://" in elsewhere.stderr) == (1, True)
    nothing = embedded.migrate("postgresql://x", "--from", str(tmp_path / "none.db"))
    assert (nothing.returncode, "there is no store" in nothing.stderr) == (1, True)
    assert not (tmp_path / "none.db.lock").exists()


async def test_a_terminal_shows_a_bar(tmp_path, url):
    embedded = await make_embedded(tmp_path)
    ours, theirs = pty.openpty()
    with begin(embedded, url, stderr=theirs) as child:
        os.close(theirs)
        shown = b""
        with contextlib.suppress(OSError):  # the other end is closed
            while piece := os.read(ours, 65_536):
                shown += piece
        os.close(ours)
    assert child.returncode == 0
    assert "━".encode() in shown
    assert TABLES[-1].encode() in shown
