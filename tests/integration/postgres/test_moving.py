"""An embedded store moves completely, or the reason is reported."""

import contextlib
import shutil

import apsw
import pytest
from cryptography.fernet import Fernet

from simpost.domain.accounts import Account, AccountChange
from simpost.domain.repeats import RepeatPolicy
from simpost.domain.states import State
from simpost.errors import StoreBusy, StoreError
from simpost.ports.store import MessageFilter
from simpost.store import SqliteStore, to_postgres
from simpost.store.secret_box import SecretBox
from simpost.store.to_postgres.source import Source
from simpost.store.to_postgres.tables import EMBEDDED_ONLY, POSTGRES_ONLY, TABLES
from tests.contract.store_facts import CARRIER, LEASE_MS, NOW_MS, esim, leased, message
from tests.integration.postgres.conftest import SEAL_KEY, open_store, run_sql
from tests.integration.postgres.embedded_facts import (
    NUL_TEXT,
    SECRET,
    differences,
    embedded_rows,
    make_embedded,
)

REPEAT = RepeatPolicy(frozenset({"service"}))
pytestmark = pytest.mark.timeout(120)  # each opens two databases, on a busy machine


async def move(embedded, url, **changes):
    facts = {
        "seal_key": SEAL_KEY,
        "repeats": REPEAT,
        "now_ms": NOW_MS,
        "on_progress": lambda _: None,
    }
    return await to_postgres.move(embedded.path, url, **{**facts, **changes})


@contextlib.asynccontextmanager
async def embedded_store(path, **options):
    store = await SqliteStore.open(path, **{"seal_key": SEAL_KEY, **options})
    try:
        yield store
    finally:
        await store.close()


@contextlib.asynccontextmanager
async def database_store(url):
    store = await open_store(url, "one")
    try:
        yield store
    finally:
        await store.close()


async def count(url, table):
    [row] = await run_sql(url, f"SELECT count(*) FROM {table}")
    return row[0]


async def test_every_row_of_every_table_comes_and_what_was_held_is_in_doubt_as_after_a_restart(
    tmp_path, empty_url
):
    embedded = await make_embedded(tmp_path, history=300)
    before = {table: embedded_rows(embedded.path, table) for table in TABLES}
    assert all(rows for _, rows in before.values()), "a table without a row shows nothing"
    restarted = shutil.copy(embedded.path, tmp_path / "restarted.db")

    done = await move(embedded, empty_url, rows=7)

    assert done.is_whole
    assert done.in_doubt == 3
    async with embedded_store(restarted) as store:
        assert await store.queue.expire_leases(now_ms=NOW_MS, owner="embedded", repeats=REPEAT) == 3
    assert await differences(restarted, empty_url) == []
    assert await differences(embedded.path, empty_url) == ["parts", "attempts"]
    assert {table: embedded_rows(embedded.path, table) for table in TABLES} == before
    assert await count(empty_url, "messages_rest") == 0, "weeks of old were made"


async def test_the_database_goes_on_where_the_file_stopped(tmp_path, url):
    embedded = await make_embedded(tmp_path)
    await move(embedded, url)
    async with database_store(url) as store:
        shop, other = await store.accounts.list_accounts()
        assert (shop.secret, other.access_code_only) == (SECRET, True)
        held = await store.log.find_message(1, embedded.held.id)
        coded = await store.log.find_message(1, embedded.coded.id)
        assert (held.state, coded.state) == (State.IN_DOUBT, State.IN_DOUBT)
        ended = MessageFilter(esim_tran_no=embedded.held.esim_tran_no, state=State.DELIVERED)
        assert [each.text for each in await store.log.list_messages(1, ended)] == ["abc"]
        claimed = await store.queue.claim(
            CARRIER, limit=9, now_ms=NOW_MS, owner="one", lease_ms=NOW_MS + LEASE_MS
        )
        assert {each.text for each in claimed} == {
            *("waiting", "held ", "in two", "from another", NUL_TEXT)
        }, "what may be repeated is, a code is not"
        assert await store.accounts.add_account(Account(0, "third", "s")) == 3
        await store.catalogue.save_esims(1, [esim("E-3")])
        await store.queue.accept(message("new"))


async def test_events_keep_their_numbers_and_go_on_behind_them(tmp_path, url):
    """Copied rows leave no events; a lease that ended with the move does."""
    embedded = await make_embedded(tmp_path)
    async with embedded_store(embedded.path) as store:
        await store.accounts.change_account(AccountChange(id=1, access_code="shop", events=True))
        await store.queue.accept(leased("in hand"))
        before = await store.events.events_after(1, None, limit=10)
    await move(embedded, url)
    async with database_store(url) as store:
        after = await store.events.events_after(1, None, limit=10)
        moved = len(before.events)
        assert moved == 1
        assert after.events[:moved] == before.events
        assert {each.type for each in after.events[moved:]} == {"message.in_doubt"}
        assert [each.sequence for each in after.events] == list(range(1, 5))
        assert [each.type for each in (await store.events.events_after(2, 0, limit=9)).events] == [
            "message.accepted"
        ]


async def test_each_table_of_either_schema_is_moved_or_named(tmp_path, url):
    """A table that is new would be forgotten otherwise."""
    embedded = await make_embedded(tmp_path)
    with contextlib.closing(apsw.Connection(str(embedded.path))) as connection:
        found = connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")
        here = {row[0] for row in found}
    rows = await run_sql(
        url,
        "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace "
        "AND relkind IN ('r', 'p') AND NOT relispartition",
    )
    assert here == {*TABLES, *EMBEDDED_ONLY}
    assert {row[0] for row in rows} == {*TABLES, *POSTGRES_ONLY}


async def test_a_column_on_one_side_only_is_not_left_behind(tmp_path, url):
    embedded = await make_embedded(tmp_path)
    await run_sql(url, "ALTER TABLE plans ADD COLUMN colour text")
    with pytest.raises(StoreError, match="plans differs between the two stores: colour"):
        await move(embedded, url)


async def test_a_value_that_does_not_fit_is_named_by_its_table_and_all_else_stays_moved(
    tmp_path, url
):
    embedded = await make_embedded(tmp_path)
    with contextlib.closing(apsw.Connection(str(embedded.path))) as connection:
        connection.execute("UPDATE plans SET data_type = 1 << 40 WHERE package_code = 'PKG-NUL'")
    said = r"cannot hold a value of plans, in one of the rows 1 to 2 .*run the same command again"
    with pytest.raises(StoreError, match=said):
        await move(embedded, url)
    assert (await count(url, "accounts"), await count(url, "plans")) == (2, 0)
    with contextlib.closing(apsw.Connection(str(embedded.path))) as connection:
        connection.execute("UPDATE plans SET data_type = 1")
    assert (await move(embedded, url)).is_whole


async def test_long_texts_make_batches_of_fewer_rows(tmp_path):
    embedded = await make_embedded(tmp_path)
    async with embedded_store(embedded.path) as store:
        await store.catalogue.save_esims(
            1, [esim(f"L-{at}", document={"long": "x" * 1_000_000}) for at in range(12)]
        )
    with Source.opened(embedded.path, SecretBox(SEAL_KEY)) as source:
        shape = source.shape("esims")
        sizes = []
        after = None
        while batch := source.batch(shape, after, 5_000):
            sizes.append(len(batch))
            after = shape.key_of(batch[-1])
    assert sum(sizes) == 14
    assert max(sizes) < 10


async def test_a_file_that_is_served_is_refused(tmp_path, url):
    embedded = await make_embedded(tmp_path)
    async with embedded_store(embedded.path):
        with pytest.raises(StoreBusy, match="owns the store"):
            await move(embedded, url)
    assert await count(url, "moves") == 0


async def test_another_seal_key_is_refused_on_either_side(tmp_path, url, empty_url):
    embedded = await make_embedded(tmp_path)
    with pytest.raises(StoreError, match="the seal key is not the one"):
        await move(embedded, url, seal_key=Fernet.generate_key().decode())
    other = Fernet.generate_key().decode()
    await (await open_store(empty_url, "one", seal_key=other)).close()
    with pytest.raises(StoreError, match="the seal key is not the one"):
        await move(embedded, empty_url)
    assert await count(url, "moves") == await count(empty_url, "moves") == 0
    async with embedded_store(embedded.path):
        """It can be served as before."""


async def test_a_database_with_other_data_is_refused_and_left_alone(tmp_path, url):
    async with database_store(url) as store:
        await store.catalogue.save_esims(1, [esim("theirs")])
    embedded = await make_embedded(tmp_path)
    with pytest.raises(StoreError, match=r"holds other data \(esims\)"):
        await move(embedded, url)
    assert await count(url, "accounts") == 0
    async with embedded_store(embedded.path):
        """It can be served as before."""


async def test_a_database_of_something_else_is_refused_and_left_alone(tmp_path, empty_url):
    await run_sql(empty_url, "CREATE TABLE invoices (id integer)")
    embedded = await make_embedded(tmp_path)
    with pytest.raises(StoreError, match="has tables of something else"):
        await move(embedded, empty_url)
    assert not await run_sql(empty_url, "SELECT 1 FROM pg_class WHERE relname = 'messages'")


async def test_a_database_that_is_served_is_refused(tmp_path, url):
    await run_sql(
        url,
        "INSERT INTO nodes VALUES ('one', '', 'api', '1', 15, 0, "
        "extract(epoch FROM clock_timestamp()) * 1000, 1, '{}')",
    )
    embedded = await make_embedded(tmp_path)
    with pytest.raises(StoreError, match="is served by one"):
        await move(embedded, url)


async def test_a_second_file_cannot_follow_the_first(tmp_path, url):
    first = await make_embedded(tmp_path)
    await move(first, url)
    (tmp_path / "second").mkdir()
    second = await make_embedded(tmp_path / "second")
    with pytest.raises(StoreError, match="of another move"):
        await move(second, url)


async def test_what_was_moved_is_served_in_one_place_only(tmp_path, url, empty_url):
    embedded = await make_embedded(tmp_path)
    await move(embedded, url)
    with pytest.raises(StoreError, match="this store was moved to postgresql://"):
        async with embedded_store(embedded.path):
            pass
    with pytest.raises(StoreError, match="was moved to"):
        await move(embedded, empty_url)
    with pytest.raises(StoreError, match="may have sent from it since"):
        to_postgres.cancel_move(embedded.path, seal_key=SEAL_KEY)
    again = await move(embedded, url)
    assert again.counts == []
    async with database_store(url):
        """It is served."""
