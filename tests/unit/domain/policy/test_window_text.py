"""Open hours as people write them."""

import pytest

from simpost.domain.policy.open_hours import OpenWindow
from simpost.domain.policy.window_text import MAX_WINDOWS, parse_window, parse_windows

EVERY_DAY = frozenset(range(7))


@pytest.mark.parametrize(
    ("text", "window"),
    [
        ("08:00-20:00", OpenWindow(480, 1200, EVERY_DAY)),
        ("00:00-24:00", OpenWindow(0, 1440, EVERY_DAY)),
        ("22:30-06:15", OpenWindow(1350, 375, EVERY_DAY)),
        ("Mon-Sat 08:00-22:00", OpenWindow(480, 1320, frozenset(range(6)))),
        ("sat,SUN 10:00-18:00", OpenWindow(600, 1080, frozenset({5, 6}))),
        ("Sat-Mon 10:00-18:00", OpenWindow(600, 1080, frozenset({5, 6, 0}))),
        ("Mon,Wed-Fri 09:00-09:01", OpenWindow(540, 541, frozenset({0, 2, 3, 4}))),
    ],
)
def test_a_window_is_read(text, window):
    assert parse_window(text) == window


@pytest.mark.parametrize(
    "text",
    [
        "",
        "8-20",
        "08:00",
        "08:00-25:00",
        "24:00-08:00",
        "08:60-20:00",
        "Mo 08:00-20:00",
        "Mon- 08:00-20:00x",
        "Mon,,Tue 08:00-20:00",
        "08:00-24:01",
    ],
)
def test_another_text_is_an_error_that_quotes_it(text):
    with pytest.raises(ValueError, match="must"):
        parse_window(text)


def test_several_windows_are_separated_by_semicolons():
    assert parse_windows("Mon 08:00-10:00; Tue 09:00-11:00") == (
        OpenWindow(480, 600, frozenset({0})),
        OpenWindow(540, 660, frozenset({1})),
    )
    with pytest.raises(ValueError, match="at most"):
        parse_windows(";".join(["08:00-20:00"] * (MAX_WINDOWS + 1)))


def test_always_has_no_windows():
    assert parse_windows("always") is None
    assert parse_windows(" Always ") is None
