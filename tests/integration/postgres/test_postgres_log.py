"""The log: what its statements read, and messages that are older than the schema."""

import asyncio

import asyncpg
import pytest

from simpost.domain.messages import Category
from simpost.domain.reasons import Reason
from simpost.domain.states import State
from simpost.ports.store import MessageFilter
from simpost.store.migrations import script
from simpost.store.records.columns import CODE
from tests.contract.store_facts import NOW_MS, leased, new_id, receipt, refused, settlement
from tests.integration.postgres.conftest import open_store, run_sql

pytestmark = pytest.mark.timeout(120)

BUSY = {"esim_tran_no": "E-busy", "iccid": "8985200000000000001"}
OTHER = {"esim_tran_no": "E-other", "iccid": "8985200000000000002"}
MANY = 1_500


async def listed(store, **which):
    return [one.text for one in await store.log.list_messages(1, MessageFilter(**which))]


async def tuples_read(url):
    """How many entries the indexes of messages and parts have given so far."""
    await run_sql(url, "SELECT pg_stat_force_next_flush()")
    [row] = await run_sql(
        url,
        "SELECT sum(idx_tup_read)::bigint FROM pg_stat_user_indexes "
        "WHERE relname ~ '^(messages|parts)'",
    )
    return row[0]


async def test_of_a_busy_esim_little_is_read_whatever_the_state_though_nothing_was_analysed(
    node, url
):
    async with node() as store:
        busy = [leased(f"b{at}", **BUSY) for at in range(MANY)]
        other = [leased(f"o{at}", **OTHER) for at in range(MANY)]
        await asyncio.gather(*(store.queue.accept(one) for one in busy + other))
        await store.queue.record(
            [settlement(one, carrier_message_id=one.text) for one in busy]
            + [refused(one) for one in other]
        )
        await store.queue.record((), [receipt(one.text) for one in busy])
    await run_sql(url, "VACUUM parts")  # as the database does by itself, but for tests
    before = await tuples_read(url)
    async with node() as store:
        for state in (State.REJECTED, State.FAILED, State.SENT, State.IN_DOUBT):
            assert await listed(store, state=state, **BUSY) == []
        assert await listed(store, state=State.DELIVERED, **OTHER) == []
        assert len(await listed(store, state=State.DELIVERED, **BUSY)) == 50
        assert len(await listed(store)) == 50
    assert await tuples_read(url) - before < MANY // 2


SEARCHES = (
    {"reason": Reason.UNDELIVERABLE},
    {"category": Category.NOTICE},
    {"template": "welcome"},
    {"reference": "order-1"},
    {"reference_prefix": "order"},
    {"reference_prefix": "order", "state": State.SENT, **BUSY},
)


async def test_a_search_reads_nothing_of_the_rows_of_other_accounts(node, url):
    facts = {"caller_reference": "order-1", "category": Category.NOTICE, **BUSY}
    async with node() as store:
        own = [leased(f"o{at}", **facts) for at in range(5)]
        theirs = [leased(f"t{at}", account_id=2, **facts) for at in range(MANY)]
        await asyncio.gather(*(store.queue.accept(one) for one in own + theirs))
        await store.queue.record([settlement(one, carrier_message_id=one.text) for one in theirs])
    for which in SEARCHES:
        before = await tuples_read(url)
        async with node() as store:
            await listed(store, **which)
        assert await tuples_read(url) - before < MANY // 10, which


OF_OLD = """
INSERT INTO messages (
  account_id, id, esim_tran_no, iccid, destination, sender, category, encoding, reference,
  part_count, created_ms, expires_ms, text)
VALUES ($1, $2, $3, '', '66812345678', '', 'service', 'gsm7', 0, $4, $5, $5, $6)
"""
PART_OF_OLD = """
INSERT INTO parts (
  account_id, message_id, number, total, carrier, priority, expires_ms, state, message_state,
  attempt, updated_ms)
VALUES ($1, $2, $3, $4, 'smsc', 1, $5, $6, $7, 1, $5)
"""


async def test_messages_of_an_older_schema_are_found_by_esim_and_state(empty_url):
    connection = await asyncpg.connect(empty_url)
    await connection.execute(script("simpost.store.postgres", end="0003"))
    for text, esim_tran_no, state in (
        ("in two", "E-1", State.DELIVERED),
        ("late", "E-1", State.EXPIRED),
        ("waits", "E-1", State.SENT),
        ("theirs", "E-2", State.DELIVERED),
    ):
        key, code = (1, new_id(NOW_MS)), CODE[state]
        await connection.execute(OF_OLD, *key, esim_tran_no, 2, NOW_MS, text.encode())
        await connection.execute(PART_OF_OLD, *key, 1, 2, NOW_MS, code, code)
        await connection.execute(PART_OF_OLD, *key, 2, 2, NOW_MS, code, None)
    await connection.close()

    store = await open_store(empty_url, "one")
    for text, state in (
        ("in two", State.DELIVERED),
        ("late", State.EXPIRED),
        ("waits", State.SENT),
    ):
        assert await listed(store, esim_tran_no="E-1", state=state) == [text]
    await store.close()
    rows = await run_sql(empty_url, "SELECT number FROM parts WHERE esim_tran_no IS NOT NULL")
    assert {row[0] for row in rows} == {1}, "it stands in the first part only"
