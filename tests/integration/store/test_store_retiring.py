"""Messages are deleted after the retention period, with everything that belongs to them."""

import apsw
import pytest

from simpost.domain.accounts import Account
from simpost.store.sqlite import SqliteStore
from tests.contract.store_facts import DAY_MS, NOW_MS, held, leased, message, receipt, settlement
from tests.integration.store.conftest import SEAL_KEY

OLD_MS = NOW_MS - 40 * DAY_MS
BEFORE_MS = NOW_MS - 30 * DAY_MS


@pytest.fixture
async def store(path):
    opened = await SqliteStore.open(path, seal_key=SEAL_KEY)
    await opened.accounts.add_account(Account(id=0, access_code="a", secret="s"))
    yield opened
    await opened.close()


async def ended(store, at_ms):
    """A message that was sent and delivered, and reported on once too often."""
    one = leased(at_ms=at_ms)
    await store.queue.accept(one)
    await store.queue.record([settlement(one, carrier_message_id=one.id.hex())])
    for _ in range(2):
        await store.queue.record((), [receipt(one.id.hex(), at_ms=at_ms)])
    return one


def rows(path):
    connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)
    tables = ("messages", "parts", "attempts", "receipts", "held_messages")
    counts = [connection.execute(f"SELECT count(*) FROM {table}").get for table in tables]
    connection.close()
    return counts


async def test_older_messages_are_deleted_whole_and_younger_ones_stay(store, path):
    await ended(store, OLD_MS)
    young = await ended(store, NOW_MS)
    assert rows(path) == [2, 2, 2, 2, 0]
    assert await store.retention.delete_messages(before_ms=BEFORE_MS, limit=10) == 1
    assert rows(path) == [1, 1, 1, 1, 0]
    assert await store.log.find_message(1, young.id) is not None
    assert await store.retention.delete_messages(before_ms=BEFORE_MS, limit=10) == 0


async def test_unfinished_messages_stay_however_old_they_are(store, path):
    await store.queue.accept(message(at_ms=OLD_MS))
    assert await store.retention.delete_messages(before_ms=BEFORE_MS, limit=10) == 0
    assert rows(path)[0] == 1


async def test_a_held_message_stays_until_it_has_ended(store, path):
    old = held(at_ms=OLD_MS)
    await store.held.hold(old)
    assert await store.retention.delete_messages(before_ms=BEFORE_MS, limit=10) == 0
    assert await store.held.cancel_message(1, old.message.id, now_ms=NOW_MS)
    assert await store.retention.delete_messages(before_ms=BEFORE_MS, limit=10) == 1
    assert rows(path) == [0, 0, 0, 0, 0]


async def test_no_step_deletes_more_than_its_limit(store, path):
    for _ in range(5):
        await ended(store, OLD_MS)
    assert await store.retention.delete_messages(before_ms=BEFORE_MS, limit=3) == 3
    assert await store.retention.delete_messages(before_ms=BEFORE_MS, limit=3) == 2
    assert rows(path) == [0, 0, 0, 0, 0]


async def test_an_ambiguous_receipt_is_deleted_by_its_age(store, path):
    """It is no message's, so it goes with none."""
    for at_ms in (OLD_MS, NOW_MS):
        for _ in range(2):
            one = leased(at_ms=at_ms)
            await store.queue.accept(one)
            await store.queue.record([settlement(one, carrier_message_id=f"c-{at_ms}")])
        await store.queue.record((), [receipt(f"c-{at_ms}", at_ms=at_ms)])
    assert rows(path)[3] == 2
    assert await store.retention.delete_inbound(before_ms=BEFORE_MS, limit=10) == 1
    assert rows(path)[3] == 1
    assert await store.retention.delete_inbound(before_ms=BEFORE_MS, limit=10) == 0
