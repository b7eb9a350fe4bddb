from __future__ import annotations

from dataclasses import dataclass

import pytest

from simpost.api.shared.paging import PageQuery, cut_page


@dataclass(frozen=True)
class Row:
    id: bytes


@pytest.mark.parametrize(
    ("found", "shown", "has_next"), [(0, 0, False), (2, 2, False), (3, 2, True)]
)
def test_a_row_beyond_the_page_means_that_there_is_a_next_page(
    found: int, shown: int, has_next: bool
) -> None:
    rows = [Row(bytes([number]) * 16) for number in range(found)]
    query = PageQuery(limit=2)
    assert query.look_ahead == 3
    page, cursor = cut_page(rows, query)
    assert page == rows[:shown]
    assert (cursor is not None) is has_next


def test_the_next_page_begins_after_the_last_row_of_this_one() -> None:
    rows = [Row(bytes([number]) * 16) for number in range(3)]
    _, cursor = cut_page(rows, PageQuery(limit=2))
    assert PageQuery(limit=2, cursor=cursor).before == rows[1].id
    assert PageQuery(limit=2).before is None
