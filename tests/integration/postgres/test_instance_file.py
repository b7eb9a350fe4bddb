"""The file of a node on PostgreSQL, and moves of embedded stores that are copies."""

import asyncpg
import msgspec
import pytest

from simpost.domain.instance import CopySign, InstanceFile
from simpost.messaging.copy_guard import CopyGuard
from simpost.store import SqliteStore
from simpost.store.postgres.instance_place import _facts
from tests.contract.store_facts import NOW_MS, new_id
from tests.integration.postgres.conftest import SEAL_KEY
from tests.integration.postgres.test_moving import database_store, move

LATER_MS = NOW_MS + 3_600_000


class Embedded(msgspec.Struct):
    """The place of an embedded store."""

    path: object


def guard_of(store, now_ms=NOW_MS):
    return CopyGuard(store, new_id=lambda: new_id(now_ms), clock_ms=lambda: now_ms)


async def test_a_database_older_than_the_file_of_its_node_is_a_copy(node, tmp_path):
    file = tmp_path / "node.instance"
    async with node(instance_file=file) as store:
        await guard_of(store).check()
        assert file.is_file()
        assert file.stat().st_mode & 0o077 == 0
        before = (await store.instance.look_around()).file
        # The node served it for an hour. Then a dump of the hour before was put back.
        await store.instance.write_file(InstanceFile(before.id, LATER_MS))
        guard = guard_of(store, LATER_MS)
        await guard.check()
        assert guard.is_held
        assert (await guard.status()).instance.hold.sign is CopySign.OLDER
    async with node("two", instance_file=tmp_path / "new.instance") as store:
        guard = guard_of(store, LATER_MS)
        await guard.check()
        assert guard.is_held  # one hold counts for all nodes


@pytest.mark.parametrize("keeps_file", [True, False])
async def test_a_database_that_was_moved_is_known_by_the_file_of_its_node(
    postgres, node, tmp_path, database, keeps_file
):
    file = tmp_path / "node.instance" if keeps_file else None
    async with node(instance_file=file) as store:
        await guard_of(store).check()
    await postgres.create_database(f"{database}_moved", database)
    try:
        moved = postgres.url(f"{database}_moved")
        async with node(at=moved, instance_file=file) as store:
            guard = guard_of(store, NOW_MS + 1_000)
            await guard.check()
            assert guard.is_held is not keeps_file
    finally:
        await postgres.drop_database(f"{database}_moved")


async def test_a_user_that_may_not_ask_for_the_server_is_served(url):
    connection = await asyncpg.connect(url)
    try:
        known = await _facts(connection)
        await connection.execute("REVOKE EXECUTE ON FUNCTION pg_control_system() FROM PUBLIC")
        await connection.execute("CREATE ROLE plain")
        await connection.execute("SET ROLE plain")
        assert await _facts(connection) == known | {"cluster": ""}
        assert known["cluster"].isdigit()
    finally:
        await connection.execute("RESET ROLE")
        await connection.execute("DROP ROLE plain")
        await connection.close()


@pytest.mark.parametrize("is_copy", [True, False])
async def test_a_move_of_a_copy_holds_the_database(tmp_path, empty_url, is_copy):
    path = tmp_path / "simpost.db"
    store = await SqliteStore.open(path, seal_key=SEAL_KEY)
    await guard_of(store).check()
    await store.close()
    if is_copy:
        path.with_name("simpost.db.instance").unlink()
    assert (await move(Embedded(path), empty_url)).is_whole
    async with database_store(empty_url) as moved:
        guard = guard_of(moved)
        await guard.check()
        assert guard.is_held is is_copy
