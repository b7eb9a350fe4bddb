"""What all tests share: profiles of hypothesis, workers, quick processes, a PostgreSQL server.

Machines are of any speed: no example has a deadline, and no result depends on how long it took.
"""

import os

import pytest
from hypothesis import HealthCheck, settings

from bench.processes import Child
from tests import prestarted
from tests.contract.postgres_server import PostgresServer

Child.popen = prestarted.Popen

settings.register_profile(
    "everyday",
    max_examples=25,
    deadline=None,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.register_profile("long", settings.get_profile("everyday"), max_examples=1_000)
settings.load_profile("everyday")

_LONG_S = 3_600
_WORKERS_PER_CPU = 2
"""Many tests wait for processes, leases and peers; others use the processor in that time."""


def pytest_xdist_auto_num_workers():
    return _WORKERS_PER_CPU * len(os.sched_getaffinity(0))


def pytest_collection_modifyitems(items):
    if settings.get_current_profile_name() == "long":
        for item in items:
            item.add_marker(pytest.mark.timeout(_LONG_S), append=False)


@pytest.fixture(scope="session")
def postgres():
    """One server for each process of the run; every suite has databases of its own on it."""
    server = PostgresServer()
    yield server
    server.close()
