"""Making and keeping the tables: migration, partitions, and what a store refuses to open."""

import asyncio
import time

import asyncpg
import pytest
from cryptography.fernet import Fernet

from simpost.errors import SchemaTooNew, StoreError
from simpost.store.migrations import migrations, script
from simpost.store.postgres import partitions
from simpost.store.postgres.queries import SQL
from tests.contract.store_facts import (
    CARRIER,
    DAY_MS,
    DUE_MS,
    LEASE_MS,
    NOW_MS,
    esim,
    held,
    key,
    leased,
    message,
    new_id,
    receipt,
    settlement,
)
from tests.integration.postgres.conftest import open_store, run_sql

pytestmark = pytest.mark.timeout(120)

WEEK_MS = 7 * DAY_MS


async def run_script(url, statements):
    connection = await asyncpg.connect(url)
    await connection.execute(statements)
    await connection.close()


async def partition_of(url, one):
    [row] = await run_sql(
        url, f"SELECT tableoid::regclass::text FROM messages WHERE id = '\\x{one.id.hex()}'"
    )
    return row[0]


async def prepared(store, now_ms=NOW_MS):
    async with store.database.readers[0].use() as session:
        return await partitions.prepare(session, now_ms)


async def test_of_nodes_that_start_on_an_empty_database_one_makes_the_tables(empty_url):
    stores = await asyncio.gather(*(open_store(empty_url, f"n{at}", seal_key=KEY) for at in "abc"))
    await asyncio.gather(*(store.queue.accept(message()) for store in stores))
    for store in stores:
        await store.close()
    [versions] = await run_sql(empty_url, "SELECT count(*) FROM schema_version")
    [accepted] = await run_sql(empty_url, "SELECT count(*) FROM messages")
    assert (versions[0], accepted[0]) == (1, 3)


KEY = Fernet.generate_key().decode()


async def test_an_account_of_an_earlier_release_sends_texts_as_they_are(empty_url):
    await run_script(empty_url, script("simpost.store.postgres", end="0004"))
    await run_sql(
        empty_url,
        "INSERT INTO accounts (access_code, sealed_secret, name, dialect, access_code_only, "
        "ip_allow, requests_per_s, category, webhook, enabled) "
        "VALUES ('shop', 'x', '', 'hiroaming', false, '[]', 8, 'service', '', true)",
    )
    await (await open_store(empty_url, "a", seal_key=KEY)).close()
    [row] = await run_sql(empty_url, "SELECT access_code, look_alikes FROM accounts")
    assert tuple(row) == ("shop", False)


async def test_a_database_of_a_newer_release_is_left_untouched(node, url):
    await run_sql(url, "UPDATE schema_version SET version = '9999'")
    with pytest.raises(SchemaTooNew, match="9999"):
        async with node():
            pass


async def test_a_database_is_bound_to_its_key(node):
    with pytest.raises(StoreError, match="seal key"):
        async with node(seal_key=Fernet.generate_key().decode()):
            pass


async def test_a_database_that_would_lose_commits_is_refused(node, url, database):
    await run_sql(url, f"ALTER DATABASE {database} SET synchronous_commit = off")
    with pytest.raises(StoreError, match="synchronous_commit"):
        async with node():
            pass


async def test_a_database_of_an_earlier_version_is_migrated_and_keeps_its_rows(empty_url):
    await run_script(empty_url, migrations("simpost.store.postgres")["0001"])
    await run_script(
        empty_url,
        "CREATE TABLE alembic_version (version_num text NOT NULL);"
        "INSERT INTO alembic_version VALUES ('0001');"
        "INSERT INTO plans VALUES ('P', 'p', 1, 'BASE', 'TH', 1, '{}')",
    )
    store = await open_store(empty_url, "n", seal_key=KEY)
    assert (await store.catalogue.find_plan("P")).slug == "p"
    await store.close()
    assert await run_sql(empty_url, "SELECT to_regclass('alembic_version')") == [(None,)]


MESSAGE_ID = "01a22604-3188-7745-9b35-0090e3c08daf"


async def test_events_without_a_number_get_one_after_the_migration(empty_url):
    await run_script(empty_url, script("simpost.store.postgres", end="0016"))
    await run_script(
        empty_url,
        "INSERT INTO event_logs VALUES (1, true, 0, 0);"
        "INSERT INTO unsequenced_events (account_id, type, subject, at_ms, data) VALUES "
        f"(1, 'message.accepted', '{MESSAGE_ID}', 1, '{{}}'), "
        f"(1, 'message.sent', '{MESSAGE_ID}', 2, '{{}}')",
    )
    store = await open_store(empty_url, "n", seal_key=KEY)
    events = (await store.events.events_after(1, None, limit=10)).events
    await store.close()
    assert [(each.sequence, each.type) for each in events] == [
        (1, "message.accepted"),
        (2, "message.sent"),
    ]


async def test_a_page_of_all_esims_is_read_from_an_index_and_not_sorted(url):
    connection = await asyncpg.connect(url)
    try:
        await connection.execute("SET enable_seqscan = off; SET enable_bitmapscan = off")
        plan = await connection.fetch(
            f"EXPLAIN {SQL['search_esims']}", None, None, None, "E-1", 50, None
        )
    finally:
        await connection.close()
    text = "\n".join(line for (line,) in plan)
    assert "esims_by_number" in text
    assert "Sort" not in text


# Partitions.


async def test_a_store_that_opens_has_partitions_for_now_and_the_weeks_to_come(node, url):
    async with node() as store:
        now_ms = time.time_ns() // 1_000_000
        for ahead in range(4):
            one = message(id=new_id(now_ms + ahead * WEEK_MS))
            await store.queue.accept(one)
            assert (await partition_of(url, one)) != "messages_rest"


async def test_an_id_of_a_time_without_a_partition_is_kept_all_the_same(node, url):
    async with node() as store:
        one = message(at_ms=1_000)
        await store.queue.accept(one)
        assert await partition_of(url, one) == "messages_rest"
        assert (await store.log.find_message(1, one.id)).text == "hello"


async def test_partitions_are_made_once_and_by_one_node(node):
    async with node("one") as first, node("two") as second:
        made = await asyncio.gather(prepared(first), prepared(second))
        made += [await prepared(first), await prepared(second)]
        days = [day for some in made for day in some]
        assert len(days) == len(set(days)) == 5


async def test_a_week_whose_messages_came_early_stays_in_the_default_partition(node, url):
    async with node() as store:
        one = message()
        await store.queue.accept(one)
        assert len(await prepared(store)) == 4
        assert await partition_of(url, one) == "messages_rest"


async def test_maintenance_creates_partitions_ahead(node, url):
    async with node() as store:
        await store.retention.purge(now_ms=NOW_MS, limit=1)
        one = message(at_ms=NOW_MS + 2 * WEEK_MS)
        await store.queue.accept(one)
        assert await partition_of(url, one) != "messages_rest"


async def test_weeks_that_are_over_are_dropped_as_a_whole(node):
    async with node() as store:
        await prepared(store)
        old, young = leased(at_ms=NOW_MS - WEEK_MS), leased()
        for one in (old, young):
            await store.queue.accept(one)
            await store.queue.record([settlement(one, carrier_message_id=one.id.hex())])
        await store.queue.record(
            (), [receipt(old.id.hex()), receipt("unknown", at_ms=NOW_MS - WEEK_MS)]
        )
        assert await store.retention.delete_messages(before_ms=NOW_MS, limit=1) == 1
        assert await store.log.find_message(1, old.id) is None
        assert (await store.log.find_message(1, young.id)) is not None
        assert await store.retention.delete_messages(before_ms=NOW_MS, limit=1) == 0
        # What comes of that time yet goes to the rest.
        await store.queue.accept(message(at_ms=NOW_MS - WEEK_MS))


async def test_a_week_with_parts_that_wait_stays(node):
    async with node() as store:
        await prepared(store)
        one = message(at_ms=NOW_MS - WEEK_MS)
        await store.queue.accept(one)
        assert await store.retention.delete_messages(before_ms=NOW_MS, limit=1) == 0
        assert await store.log.find_message(1, one.id) is not None


async def test_a_week_with_a_held_message_stays_until_that_has_ended(node, url):
    async with node() as store:
        await prepared(store)
        one, other = held(at_ms=NOW_MS - WEEK_MS), held(at_ms=NOW_MS)
        for each in (one, other):
            await store.held.hold(each)
        assert await store.retention.delete_messages(before_ms=NOW_MS, limit=1) == 0
        assert await store.held.cancel_message(1, one.message.id, now_ms=NOW_MS)
        assert await store.retention.delete_messages(before_ms=NOW_MS, limit=1) == 1
        assert await store.log.find_message(1, one.message.id) is None
    rows = await run_sql(url, "SELECT message_id FROM held_messages")
    assert [bytes(row[0]) for row in rows] == [other.message.id]


async def test_statements_of_the_hot_path_go_by_key_though_tables_were_empty_when_planned(
    node, url
):
    """A sequential scan is right for an empty table, and a cached plan would keep it."""
    async with node() as store:
        await prepared(store)
        await store.catalogue.save_esims(1, [esim(f"e-{at}", iccid=f"i-{at}") for at in range(300)])
    await run_sql(url, "SELECT pg_stat_reset()")
    async with node() as store:
        for size in (1, 1, 1, 1, 1, 1, 300, 300):
            sent = [leased(request=key(new_id(NOW_MS).hex())) for _ in range(size)]
            waits = [message() for _ in range(size)]
            await asyncio.gather(*(store.queue.accept(one) for one in [*sent, *waits]))
            await store.queue.claim(
                CARRIER, limit=size, now_ms=NOW_MS, owner="one", lease_ms=NOW_MS + LEASE_MS
            )
            taken = [*sent, *waits]
            told = [settlement(one, carrier_message_id=one.id.hex()) for one in taken]
            await store.queue.record(told)
            await store.queue.record((), [receipt(one.id.hex()) for one in taken])
            later = [held() for _ in range(3 * size)]
            await asyncio.gather(*(store.held.hold(one) for one in later))
            await store.held.claim_held(now_ms=DUE_MS, lease_ms=DUE_MS + 1, limit=size)
            await store.held.release_held([one.message for one in later[:size]], now_ms=DUE_MS)
            for one in later[size:]:
                await store.held.cancel_message(1, one.message.id, now_ms=DUE_MS)
            await asyncio.gather(
                *(
                    store.catalogue.find_esim(1, esim_tran_no=f"e-{at}", iccid=None)
                    for at in range(size)
                ),
                *(
                    store.catalogue.find_esim(1, esim_tran_no=None, iccid=f"i-{at}")
                    for at in range(size)
                ),
            )
    walked = await run_sql(
        url,
        "SELECT indexrelname, idx_scan, idx_tup_read FROM pg_stat_user_indexes "
        "WHERE relname ~ '^(messages|parts|attempts|requests|esims|receipts|held)' "
        "AND idx_tup_read > 5000 AND idx_tup_read > 4 * idx_scan",
    )
    assert walked == []
    scans = await run_sql(
        url,
        "SELECT relname, seq_scan FROM pg_stat_user_tables "
        "WHERE seq_scan > 0 AND relname ~ '^(messages|parts|attempts|requests|esims)'",
    )
    assert scans == []
