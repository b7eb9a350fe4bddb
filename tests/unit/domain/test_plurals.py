"""Counts in sentences."""

import pytest

from simpost.domain.plurals import counted


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (0, "0 held messages"),
        (1, "1 held message"),
        (2, "2 held messages"),
        (1001, "1,001 held messages"),
    ],
)
def test_only_one_is_singular(count, text):
    assert counted(count, "held message") == text
