"""A full disk or a second owner of the embedded store: refused, and no data is harmed."""

import asyncio
import contextlib
import subprocess

import apsw
import psutil
import pytest

from tests.scenarios.faults.counts import Handsets, count
from tests.scenarios.faults.load import Load
from tests.scenarios.faults.service import LONG, Site, until

TIMES = 10 if LONG else 1
DISK = "size=24m"
URL = "sqlite:///disk/simpost.db"


class SmallDisk:
    """A file system of its own; only root can have one."""

    def __init__(self, folder):
        self.folder = folder
        self._ballast = folder / "ballast"

    def fill(self):
        with self._ballast.open("ab", buffering=0) as ballast, contextlib.suppress(OSError):
            while True:
                ballast.write(bytes(4096))

    def empty(self):
        self._ballast.unlink()


class SmallFiles:
    """No file of the process may grow, which anyone may forbid."""

    def __init__(self, pid):
        self._process = psutil.Process(pid)

    def fill(self):
        self._process.rlimit(psutil.RLIMIT_FSIZE, (0, psutil.RLIM_INFINITY))

    def empty(self):
        self._process.rlimit(psutil.RLIMIT_FSIZE, (psutil.RLIM_INFINITY, psutil.RLIM_INFINITY))


@pytest.fixture
def folder(tmp_path):
    """Where a disk is mounted, if that is allowed here."""
    folder = tmp_path / "disk"
    folder.mkdir()
    try:
        subprocess.run(
            ["mount", "-t", "tmpfs", "-o", DISK, "tmpfs", folder], capture_output=True, check=True
        )
    except (OSError, subprocess.CalledProcessError):
        yield folder
        return
    yield folder
    subprocess.run(["umount", "--lazy", folder], check=True)


@pytest.fixture
def site(tmp_path, folder):
    site = Site(tmp_path, URL)
    yield site
    site.close()


def is_sound(path):
    connection = apsw.Connection(str(path))
    try:
        return connection.execute("PRAGMA integrity_check").get == "ok"
    finally:
        connection.close()


async def test_a_full_disk_refuses_and_harms_nothing(site, folder):
    node = await asyncio.to_thread(site.start, "alone")
    disk = SmallDisk(folder) if folder.is_mount() else SmallFiles(node.pid)
    load, handsets = Load(site), Handsets(site)
    async with load.running():
        for _ in range(TIMES):
            await until(node.is_ready, "there is room")
            await load.accept(100)
            await asyncio.to_thread(disk.fill)
            await until(node.is_unready, "the node says that the disk is full")
            assert node.ask("/healthz")["status"] == "ok"
            await load.be_refused(10)
            await asyncio.to_thread(disk.empty)
            await asyncio.to_thread(handsets.look)
        await load.accept(100)
    found = await count(
        load, handsets, site, fault="disk full", times=TIMES, disk=type(disk).__name__
    )
    found.check()
    assert found.repeated == 0, "nothing was in doubt"
    assert load.refused.keys() <= {("native", 503), ("open", 503)}, load.refused
    assert not load.unanswered
    node.kill()
    assert is_sound(folder / "simpost.db")


async def test_a_full_disk_and_then_kill_9_lose_nothing(site, folder):
    node = await asyncio.to_thread(site.start, "alone")
    disk = SmallDisk(folder) if folder.is_mount() else SmallFiles(node.pid)
    load, handsets = Load(site), Handsets(site)
    async with load.running():
        await until(node.is_ready, "there is room")
        await load.accept(100)
        await asyncio.to_thread(disk.fill)
        await load.be_refused(10)
        await asyncio.to_thread(node.kill)
    if isinstance(disk, SmallDisk):
        disk.empty()
    await asyncio.to_thread(node.start)
    (await count(load, handsets, site, fault="disk full, then kill -9", times=1)).check()


async def test_a_second_process_on_one_file_refuses_in_one_sentence(site):
    node = await asyncio.to_thread(site.start, "first")
    load, handsets = Load(site), Handsets(site)
    async with load.running():
        await load.accept(20)
        code, said = await asyncio.to_thread(site.try_second, "second")
        assert code == 1
        (sentence,) = said.splitlines()
        assert f"process {node.pid} owns the store" in sentence
        await load.accept(20)
    await asyncio.to_thread(handsets.look)
    found = await count(load, handsets, site, fault="two processes, one file", times=1)
    found.check()
    assert not found.repeated
    assert not found.refused
    node.kill()
    await asyncio.to_thread(site.start, "successor")
