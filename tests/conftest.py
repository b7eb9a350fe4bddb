"""What all tests share: profiles of hypothesis, workers, quick processes, a PostgreSQL server.

Machines are of any speed: no example has a deadline, and no result depends on how long it took.
"""

import gc
import itertools
import os
import signal
import tempfile
from pathlib import Path

import psutil
import pytest
from hypothesis import HealthCheck, settings

from bench.processes import Child
from tests import prestarted
from tests.contract.postgres_server import PostgresServer

Child.popen = prestarted.Popen

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # As a command of a shell's background. Processes of the tests would ignore their Ctrl-C, too.
    signal.signal(signal.SIGINT, signal.default_int_handler)

settings.register_profile(
    "everyday",
    max_examples=25,
    deadline=None,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.register_profile("long", settings.get_profile("everyday"), max_examples=1_000)
settings.load_profile("everyday")

_MEMORY = Path("/dev/shm")
_ROOM = 8 * 2**30
"""Octets; a run uses less than 3 GiB."""


def _keep_files_in_memory() -> None:
    """Make temporary files in memory, if there is room: stores sync, and databases are copied.

    Workers inherit the variable. A TMPDIR that is set is kept.
    """
    if "TMPDIR" in os.environ or not _MEMORY.is_dir():
        return
    found = os.statvfs(_MEMORY)
    room = min(found.f_bavail * found.f_frsize, psutil.virtual_memory().available)
    if room >= _ROOM and not found.f_flag & os.ST_NOEXEC:
        os.environ["TMPDIR"] = str(_MEMORY)
        tempfile.tempdir = None


_keep_files_in_memory()

_LONG_S = 3_600
_WORKERS_PER_CPU = 2.5
"""Many tests wait for processes, leases and peers; others use the processor in that time."""
_SLOW = frozenset({"browser", "cluster", "interop", "openapi", "postgres", "scenarios"})
"""Folders with tests that wait for processes and take up to half a minute each."""


def pytest_xdist_auto_num_workers():
    return int(_WORKERS_PER_CPU * len(os.sched_getaffinity(0)))


@pytest.hookimpl(wrapper=True)
def pytest_collection():
    """Collect without garbage collection: it finds nothing in what is kept until the end.

    Frozen, the tests and all modules cost no later collection either.
    """
    gc.disable()
    try:
        return (yield)
    finally:
        gc.enable()
        gc.collect()
        gc.freeze()


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config, items):
    if settings.get_current_profile_name() == "long":
        for item in items:
            item.add_marker(pytest.mark.timeout(_LONG_S), append=False)
    if workers := getattr(config, "workerinput", {}).get("workercount"):
        items[:] = _spread_slow_files(items, workers)


def _spread_slow_files(items, workers):
    """The tests in an order in which no worker ends alone with slow ones.

    pytest-xdist gives each worker a slice of the list. Slow files are spread over the first two
    thirds of each slice: quick tests run in the pauses of slow ones, and are left for the end.
    """
    files = [list(each) for _, each in itertools.groupby(items, lambda item: item.path)]
    slow = [file for file in files if _SLOW.intersection(file[0].path.parts)]
    quick = [item for item in items if not _SLOW.intersection(item.path.parts)]
    ordered: list[pytest.Item] = []
    for worker in range(workers):
        own = slow[worker::workers]
        size = (len(items) - len(ordered)) // (workers - worker)
        left = max(0, size - sum(map(len, own)))
        step = 2 * left // (3 * max(1, len(own)))
        for file in own:
            ordered += [*file, *quick[:step]]
            del quick[:step]
        rest = left - step * len(own)
        ordered += quick[:rest]
        del quick[:rest]
    return ordered + quick


@pytest.fixture(scope="session")
def postgres():
    """One server for each process of the run; every suite has databases of its own on it."""
    server = PostgresServer()
    yield server
    server.close()
