"""Files of broadcasts: looked up, stored in steps, noted as recipients, and deleted."""

import asyncio

from simpost.domain.broadcast_files import MAX_FILES, BroadcastFile, FileDeletion, FileRow
from simpost.domain.broadcasts import Audience, BroadcastStatus
from simpost.domain.messages import format_id
from simpost.errors import UnknownBroadcastFile
from tests.contract.store_facts import DAY_MS, NOW_MS, esim, new_id
from tests.contract.test_store_broadcasts import add, broadcast, change, find, import_esims, waiting

HOUR_MS = 3_600_000


def file(rows=3, **fields):
    facts = {
        "account_id": 1,
        "id": new_id(NOW_MS),
        "name": "trips.csv",
        "rows": rows,
        "good": rows,
        "last_line": rows + 1,
        "created_ms": NOW_MS,
    }
    return BroadcastFile(**facts | fields)


async def save(store, *rows, **fields):
    one = file(len(rows), last_line=max((row.line for row in rows), default=0), **fields)
    assert await store.broadcast_files.begin(one)
    assert await store.broadcast_files.find(1, one.id) is None
    await store.broadcast_files.add_rows(one, rows)
    await store.broadcast_files.finish(one)
    return one


async def test_esims_are_looked_up_by_name_and_iccid(store):
    await store.catalogue.save_esims(
        1,
        [
            esim("e1", iccid="8985200000000000001", created_ms=NOW_MS),
            esim("e2", iccid="8985200000000000001", created_ms=NOW_MS + 1),
            esim("e3", iccid="8985200000000000003"),
        ],
    )
    await store.catalogue.save_esims(2, [esim("other", iccid="8985200000000000004")])
    files = store.broadcast_files
    names = [f"n{number}" for number in range(150)]
    assert await files.known_esims(1, [*names, "e1", "other", "e3", "e1"]) == {
        "e1": "8985200000000000001",
        "e3": "8985200000000000003",
    }
    iccids = [f"898520000000000{number:04}" for number in range(120)]
    found = await files.esims_of_iccids(1, iccids)
    assert found == {"8985200000000000001": "e2", "8985200000000000003": "e3"}
    assert await files.known_esims(1, []) == {}


async def test_rows_are_listed_by_line_and_kind(store):
    given = [
        FileRow(line, esim_tran_no=f"e{line}", values={"n": str(line)}) for line in range(2, 47)
    ]
    bad = FileRow(47, reason="names no eSIM")
    one = await save(store, *given, bad)
    files = store.broadcast_files
    assert (await files.find(1, one.id)) == one
    assert await files.find(2, one.id) is None
    assert await files.list_rows(1, one.id, after=0, limit=99, refused=None) == [*given, bad]
    assert await files.list_rows(1, one.id, after=0, limit=99, refused=True) == [bad]
    assert await files.list_rows(1, one.id, after=44, limit=99, refused=False) == given[-2:]
    assert await files.list_rows(2, one.id, after=0, limit=99, refused=None) == []
    assert await files.values_of(1, one.id, "e9") == {"n": "9"}
    assert await files.values_of(1, one.id, "none") == {}


async def test_rows_become_recipients_once(store):
    await import_esims(store, 5)
    rows = [FileRow(2, "e00003"), FileRow(3, reason="no"), FileRow(9_000, "e00001")]
    one = await save(store, *rows)
    audience = Audience(file=format_id(one.id))
    broadcast = await add(store, esims=0, audience=audience, file_id=one.id)
    assert await waiting(store, broadcast) == ["e00001", "e00003"]
    found = await find(store, broadcast)
    assert (found.status, found.total, found.file_id) == (BroadcastStatus.SCHEDULED, 2, one.id)
    assert found.audience == audience


async def test_rows_meet_the_conditions_too(store):
    rows = [("e1", "A"), ("e2", "B"), ("e3", "A"), ("e4", "A")]
    await store.catalogue.save_esims(1, [esim(name, package_code=code) for name, code in rows])
    lines = [FileRow(2, "e1"), FileRow(3, "e2"), FileRow(4, "gone"), FileRow(9_000, "e3")]
    one = await save(store, *lines)
    audience = Audience(plans=("A",), file=format_id(one.id))
    broadcast = await add(store, esims=0, audience=audience, file_id=one.id)
    assert await waiting(store, broadcast) == ["e1", "e3"]
    match = store.broadcasts.match_file
    assert await match(1, one.id, audience, after=0, limit=100) == (["e1"], 100)
    assert await match(1, one.id, audience, after=100, limit=9_000) == (["e3"], None)
    assert await match(1, one.id, Audience(), after=0, limit=10) == (["e1", "e2", "gone"], 10)
    assert await match(2, one.id, audience, after=0, limit=9_000) == ([], None)


async def test_old_files_go_unless_a_broadcast_needs_them(store):
    await import_esims(store, 1)
    kept = await save(store, FileRow(2, "e00000"))
    gone = await save(store, FileRow(2, "e00000"))
    broadcast = await add(
        store, esims=0, audience=Audience(file=format_id(kept.id)), file_id=kept.id
    )
    files = store.broadcast_files
    assert await files.delete_old(before_ms=NOW_MS) == 0
    while await files.delete_old(before_ms=NOW_MS + DAY_MS):
        pass
    assert await files.find(1, gone.id) is None
    assert await files.find(1, kept.id) == kept
    await change(store, broadcast, BroadcastStatus.CANCELLED)
    while await files.delete_old(before_ms=NOW_MS + DAY_MS):
        pass
    assert await files.find(1, kept.id) is None


async def delete(store, one, account_id=1, now_ms=NOW_MS):
    return await store.broadcast_files.delete(account_id, one.id, now_ms=now_ms)


async def delete_rows(store):
    return [each async for each in _deleted(store)]


async def _deleted(store):
    while count := await store.broadcast_files.delete_old(before_ms=NOW_MS - DAY_MS):
        yield count


async def test_files_are_listed_and_deleted(store):
    await import_esims(store, 2_000)
    rows = [FileRow(2 + number, f"e{number:05}") for number in range(1_500)]
    many = await save(store, *rows[:1_000])
    await store.broadcast_files.add_rows(many, rows[1_000:])
    one, other = await save(store, rows[0]), await save(store, rows[0], account_id=2)
    files = store.broadcast_files
    assert [each.file for each in await files.list_files(1)] == [one, many]
    assert await delete(store, other) is FileDeletion.UNKNOWN
    assert await delete(store, many) is FileDeletion.DELETED
    assert await delete(store, many) is FileDeletion.UNKNOWN
    assert [each.file for each in await files.list_files(1)] == [one]
    assert await files.find(1, many.id) is None
    assert await delete_rows(store) == [1_001, 501]
    assert await files.list_rows(1, many.id, after=0, limit=9, refused=None) == []
    assert await files.list_rows(1, one.id, after=0, limit=9, refused=None) == rows[:1]


async def test_a_file_that_is_used_is_not_deleted(store):
    await import_esims(store, 1)
    one = await save(store, FileRow(2, "e00000"))
    audience = Audience(file=format_id(one.id))
    broadcast = await add(store, esims=0, audience=audience, file_id=one.id)
    assert await delete(store, one) is FileDeletion.IN_USE
    [listed] = await store.broadcast_files.list_files(1)
    assert (listed.is_stored, listed.is_used) == (True, True)
    await change(store, broadcast, BroadcastStatus.CANCELLED)
    assert await delete(store, one) is FileDeletion.DELETED


async def test_no_broadcast_begins_with_a_file_that_is_deleted_at_that_time(store):
    await import_esims(store, 1)
    for _ in range(8):
        one = await save(store, FileRow(2, "e00000"))
        wanted = broadcast(audience=Audience(file=format_id(one.id)), file_id=one.id)
        added, deleted = await asyncio.gather(
            store.broadcasts.add(wanted), delete(store, one), return_exceptions=True
        )
        if deleted is FileDeletion.DELETED:
            assert isinstance(added, UnknownBroadcastFile)
        else:
            assert (deleted, added) == (FileDeletion.IN_USE, wanted.id)


async def test_a_file_that_was_never_finished_is_deleted_after_an_hour(store):
    one = file()
    assert await store.broadcast_files.begin(one)
    [listed] = await store.broadcast_files.list_files(1)
    assert (listed.is_stored, listed.is_used) == (False, False)
    assert await delete(store, one, now_ms=NOW_MS + HOUR_MS - 1) is FileDeletion.IN_USE
    assert await delete(store, one, now_ms=NOW_MS + HOUR_MS) is FileDeletion.DELETED
    await store.broadcast_files.finish(one)
    assert await store.broadcast_files.find(1, one.id) is None


async def test_deleted_files_make_room_at_once(store):
    made = [await save(store, account_id=3) for _ in range(MAX_FILES)]
    assert not await store.broadcast_files.begin(file(account_id=3))
    assert await delete(store, made[0], account_id=3) is FileDeletion.DELETED
    assert await store.broadcast_files.begin(file(account_id=3))


async def test_an_account_has_a_limited_number_of_files(store):
    for _ in range(MAX_FILES):
        assert await store.broadcast_files.begin(file())
    assert not await store.broadcast_files.begin(file())
    assert await store.broadcast_files.begin(file(account_id=2))
