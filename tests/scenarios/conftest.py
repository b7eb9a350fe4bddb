"""Scenarios start whole processes: on a busy machine that alone takes seconds.

The longer limit only ends what hangs; no scenario is decided by how long it took.
"""

import pytest


def pytest_collection_modifyitems(items):
    for item in items:
        if "scenarios" in item.path.parts:
            item.add_marker(pytest.mark.timeout(90))
