"""Files of broadcasts: looked up, stored in steps, noted as recipients, and deleted."""

from simpost.domain.broadcast_files import MAX_FILES, BroadcastFile, FileRow
from simpost.domain.broadcasts import Audience, BroadcastStatus
from simpost.domain.messages import format_id
from tests.contract.store_facts import DAY_MS, NOW_MS, esim, new_id
from tests.contract.test_store_broadcasts import add, change, find, import_esims, waiting


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


async def test_an_account_has_a_limited_number_of_files(store):
    for _ in range(MAX_FILES):
        assert await store.broadcast_files.begin(file())
    assert not await store.broadcast_files.begin(file())
    assert await store.broadcast_files.begin(file(account_id=2))
