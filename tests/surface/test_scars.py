"""Every test that docs/scars.md names is there, and every row names one."""

import re
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]
PAGE = TESTS.parent / "docs" / "scars.md"
ROWS = re.findall(r"^\| (\d+) \|(.+)\|$", PAGE.read_text("utf-8"), re.MULTILINE)
NAMED = sorted(set(re.findall(r"`([\w/]+\.py)::(\w+)`", PAGE.read_text("utf-8"))))


def test_every_row_about_message_centres_is_there():
    assert [int(number) for number, _ in ROWS] == [1, 2, 3, 4, *range(6, 23)]


@pytest.mark.parametrize(("number", "row"), ROWS)
def test_every_row_cites_issues_and_names_a_test(number, row):
    _, told_in, _, shown_by, *_ = row.split(" | ")
    assert re.search(r"\w#\d+", told_in)
    assert "::test_" in shown_by


@pytest.mark.parametrize(("file", "name"), NAMED)
def test_every_test_that_is_named_exists(file, name):
    assert re.search(rf"^(async )?def {name}\(", (TESTS / file).read_text("utf-8"), re.MULTILINE)
