"""Times in one word: ages of rows, and how long something takes."""

import pytest

from simpost.console.ages import age, duration

NOW_MS = 1_767_225_600_000


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(-5, "now"), (0, "now"), (59, "now"), (60, "1 min"), (7_199, "1 h"), (90_000, "1 d")],
)
def test_an_age_is_in_its_largest_unit(seconds, words):
    assert age(NOW_MS - seconds * 1_000, NOW_MS) == words


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0, "0 s"), (59, "59 s"), (60, "1 min"), (61, "2 min"), (3_600, "1 h"), (86_401, "2 d")],
)
def test_a_duration_is_rounded_up(seconds, words):
    assert duration(seconds) == words
