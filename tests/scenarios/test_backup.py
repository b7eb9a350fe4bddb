"""`simpost backup` and `simpost restore` as an administrator runs them, on a service under load."""

import asyncio
import sys

from tests import prestarted
from tests.scenarios.faults.load import Load
from tests.scenarios.faults.service import Site, until


def simpost(site, *arguments):
    config = site.folder / "alone.toml"
    command = [sys.executable, "-m", "simpost", *map(str, arguments), f"--config={config}"]
    done = prestarted.run(command, timeout=60)
    return done.returncode, done.stdout + done.stderr


async def test_a_backup_under_load_is_restored_and_served(tmp_path):
    site = Site(tmp_path, "sqlite:///simpost.db")
    backup = tmp_path / "backup.db"
    try:
        node = await asyncio.to_thread(site.start, "alone")
        load = Load(site)
        async with load.running():
            await until(node.is_ready, "it takes messages")
            await load.accept(50)
            code, said = await asyncio.to_thread(simpost, site, "backup", backup)
            assert (code, "verified" in said) == (0, True), said
            code, said = await asyncio.to_thread(simpost, site, "restore", backup)
            assert code == 1
            assert f"process {node.pid} owns the store" in said
            await load.accept(50)
        node.kill()
        code, said = await asyncio.to_thread(simpost, site, "restore", backup)
        assert (code, "The previous store is" in said) == (0, True), said
        await asyncio.to_thread(node.start)
        await until(node.is_held, "the restored store is served, and sends nothing")
        code, said = await asyncio.to_thread(simpost, site, "confirm-copy", "--send-waiting")
        assert (code, "Sending is not held." in said) == (0, True), said
        await until(node.is_ready, "the restored store sends")
        messages = node.ask("/v1/messages?limit=200")["messages"]
        assert len(messages) >= 50
    finally:
        site.close()


async def test_a_damaged_store_is_refused_at_start_in_one_sentence(tmp_path):
    site = Site(tmp_path, "sqlite:///simpost.db")
    try:
        node = await asyncio.to_thread(site.start, "alone")
        node.kill()
        store = tmp_path / "simpost.db"
        store.with_name("simpost.db-wal").unlink(missing_ok=True)
        with store.open("r+b") as file:
            file.seek(4096)
            file.write(b"\xa5" * (store.stat().st_size - 4096))
        code, said = await asyncio.to_thread(site.try_second, "second")
        (sentence,) = said.splitlines()
        assert code == 1
        assert f"the store {store} is damaged" in sentence
        assert "simpost restore FILE" in sentence
    finally:
        site.close()
