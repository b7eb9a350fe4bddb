"""Profiles of hypothesis: `everyday` for `make test`, `long` for `make test-long`.

Machines are of any speed: no example has a deadline, and no result depends on how long it took.
"""

import pytest
from hypothesis import HealthCheck, settings

from bench.processes import Child
from tests import prestarted

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


def pytest_collection_modifyitems(items):
    if settings.get_current_profile_name() == "long":
        for item in items:
            item.add_marker(pytest.mark.timeout(_LONG_S), append=False)
