"""Scenarios start whole processes: on a busy machine that alone takes seconds.

The longer limit only ends what hangs; no scenario is decided by how long it took.
"""

import pytest

from tests.scenarios.faults.service import LONG

_LIMIT_S = 3_600 if LONG else 240
_FAULTS_S = 3_600 if LONG else 480
"""Faults have to be noticed, said and got over, by processes that wait for each other."""


def pytest_collection_modifyitems(items):
    for item in items:
        if "scenarios" in item.path.parts:
            is_fault = item.path.name.startswith("test_fault_")
            item.add_marker(pytest.mark.timeout(_FAULTS_S if is_fault else _LIMIT_S))
