"""The limits of the writer, and the receipts it keeps in the file."""

import asyncio

import apsw
import pytest

from simpost.domain.reasons import Reason
from simpost.domain.states import State
from simpost.errors import StoreError
from simpost.store import limits
from simpost.store.sqlite import SqliteStore, writer
from tests.contract.store_facts import NOW_MS, esim, leased, message, receipt, settlement
from tests.integration.store.conftest import SEAL_KEY


@pytest.fixture
async def store(path):
    opened = await SqliteStore.open(path, seal_key=SEAL_KEY)
    yield opened
    await opened.close()


def standings(path):
    connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)
    rows = connection.execute(
        "SELECT carrier_message_id, standing, times, message_id FROM receipts ORDER BY 1, state"
    ).fetchall()
    connection.close()
    return rows


async def test_beyond_its_bound_the_store_says_that_it_is_busy(store, monkeypatch):
    monkeypatch.setattr(writer, "MOST_WAITING", 5)
    answers = await asyncio.gather(
        *(store.queue.accept(message()) for _ in range(8)), return_exceptions=True
    )
    assert [type(answer) for answer in answers[5:]] == [StoreError] * 3
    assert "busy" in str(answers[7])
    assert await store.routing.count_queued("smsc") == 5
    await store.queue.accept(message())


async def test_what_arrives_together_shares_one_commit(store, path):
    def pages():
        return path.with_name("simpost.db-wal").stat().st_size // 4096

    await store.queue.accept(message())
    alone = pages()
    await store.queue.accept(message())
    each = pages() - alone
    await asyncio.gather(*(store.queue.accept(message()) for _ in range(20)))
    assert pages() - alone - each < 3 * each


async def test_closing_commits_what_still_waits(path):
    store = await SqliteStore.open(path, seal_key=SEAL_KEY)
    sent = [message() for _ in range(2_500)]
    waiting = asyncio.gather(*(store.queue.accept(one) for one in sent))
    await asyncio.sleep(0)
    await store.close()
    await waiting
    store = await SqliteStore.open(path, seal_key=SEAL_KEY)
    assert await store.routing.count_queued("smsc") == 2_500
    await store.close()


async def test_a_cancelled_caller_does_not_affect_others(store):
    gone = asyncio.create_task(store.queue.accept(message()))
    stays = asyncio.create_task(store.queue.accept(message()))
    await asyncio.sleep(0)
    gone.cancel()
    await stays
    assert await store.routing.count_queued("smsc") == 2


async def test_receipts_that_were_not_applied_are_kept_with_the_reason(store, path):
    one = leased()
    await store.queue.accept(one)
    await store.queue.record([settlement(one, carrier_message_id="c-1")])
    await store.queue.record((), [receipt("c-1"), receipt("c-1"), receipt("c-1", State.FAILED)])
    await store.queue.record((), [receipt("c-1", State.FAILED), receipt("c-9")])
    assert standings(path) == [
        ("c-1", "duplicate", 1, one.id),
        ("c-1", "late", 2, one.id),
        ("c-9", "parked", 1, None),
    ]


async def test_a_parked_receipt_that_found_its_part_is_marked(store, path):
    one = leased()
    await store.queue.accept(one)
    await store.queue.record((), [receipt("c-1", at_ms=NOW_MS + 15)])
    await store.queue.record([settlement(one, carrier_message_id="c-1")])
    assert standings(path) == [("c-1", "matched", 1, one.id)]


async def test_an_ambiguous_receipt_is_kept_as_such(store, path):
    for one in (leased(), leased()):
        await store.queue.accept(one)
        await store.queue.record([settlement(one, carrier_message_id="c-1")])
    await store.queue.record((), [receipt("c-1", State.SENT, Reason.HANDSET_UNREACHABLE)])
    assert standings(path) == [("c-1", "ambiguous", 1, None)]


async def test_parked_receipts_are_bounded_and_the_oldest_are_deleted(store, path, monkeypatch):
    monkeypatch.setattr(limits, "MOST_PARKED", 5)
    await store.queue.record(
        (), [receipt(f"c-{index}", at_ms=NOW_MS + index) for index in range(8)]
    )
    assert [row[0] for row in standings(path)] == [f"c-{index}" for index in range(3, 8)]
    await store.queue.record((), [receipt("c-7"), receipt("c-8", at_ms=NOW_MS + 8)])
    assert len(standings(path)) == 5


async def test_a_failing_operation_does_not_fail_others_of_the_same_commit(store, monkeypatch):
    def broken(_session, _payloads):
        raise RuntimeError("a mistake of ours")

    monkeypatch.setattr("simpost.store.sqlite.acceptance.record_refusals", broken)
    answers = await asyncio.gather(
        store.queue.accept(message()),
        store.queue.record_refusal(None),
        store.queue.accept(message()),
        return_exceptions=True,
    )
    assert isinstance(answers[1], StoreError)
    assert await store.routing.count_queued("smsc") == 2


async def test_a_receipt_that_was_rolled_back_is_applied_when_it_comes_again(store):
    """A full disk takes both back; then there is room for the receipt, and later for its answer."""
    one = leased()
    await store.queue.accept(one)
    connection = store.database.writer._connection
    connection.set_commit_hook(lambda: True)  # every commit becomes a rollback
    answer = settlement(one, carrier_message_id="id-1")
    refused = await asyncio.gather(
        store.queue.record([answer]),
        store.queue.record((), [receipt("id-1")]),
        return_exceptions=True,
    )
    assert all(isinstance(each, StoreError) for each in refused)
    connection.set_commit_hook(None)
    await store.queue.record((), [receipt("id-1")])
    await store.queue.record([answer])
    assert (await store.log.find_message(1, one.id)).state is State.DELIVERED


async def test_an_esim_is_found_as_saved_though_the_save_was_not_awaited(store):
    async def found():
        return await store.catalogue.find_esim(1, esim_tran_no="23072017992029", iccid=None)

    assert await found() is None
    saving = asyncio.create_task(store.catalogue.save_esims(1, [esim()]))
    await asyncio.sleep(0)
    saving.cancel()
    with pytest.raises(asyncio.CancelledError):
        await saving
    assert await found() is None  # remembered again, while the commit runs
    await store.queue.accept(message())  # in the commit after it
    assert await found() is not None
