"""A reload names every section of the configuration that changed."""

from simpost.config import Settings
from simpost.runtime.reload import AT_ONCE, AT_START


def test_every_section_applies_at_once_or_at_the_start() -> None:
    named = ("carriers", *AT_ONCE, *AT_START)
    assert sorted(named) == sorted(Settings.model_fields)
